"""Groups from Excel and CSV over HTTP."""

from collections.abc import Mapping
from typing import Any, Literal

from flask import Response
from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.problems import catalogue, lang, text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.imports import operations
from services.registration.imports.columns import columns
from services.registration.imports.operations import Looked
from services.registration.imports.reading import MOST_BYTES
from services.registration.surveys.answers import Group, Id

routes = Routes("imports", "/api/v1")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SurveyPath(BaseModel):
    """Which survey."""

    survey_id: Id


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class FileForm(BaseModel):
    """The file: xlsx, xls, or CSV in UTF-8 or CP949."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage

    def content(self) -> bytes:
        """The bytes of the file, one more than may be at most."""
        found: bytes = self.file.read(MOST_BYTES + 1)
        return found


class ImportForm(FileForm):
    """The file, and whether its groups come after those that are there or instead of them."""

    mode: Literal["append", "replace"] = "append"


class CellView(BaseModel):
    """One thing to mend, at its row (as the sheet counts) and column."""

    row: int
    column: str
    title: str
    code: str
    detail: str


class LookView(BaseModel):
    """What a file would bring."""

    ready: bool
    groups: list[Group]
    people: int
    errors: list[CellView]
    ignored: list[str]


def _say(code: str, facts: Mapping[str, Any]) -> str:
    return text(f"field.{code}", **facts)


def _view(looked: Looked) -> LookView:
    found = looked.found
    return LookView(
        ready=not found.faults,
        groups=list(found.groups),
        people=sum(group.people or 0 for group in found.groups),
        errors=[
            CellView(
                row=fault.row,
                column=fault.column,
                title=columns().title(fault.column, lang()),
                code=fault.code,
                detail=_say(fault.code, fault.facts),
            )
            for fault in found.faults
        ],
        ignored=list(found.ignored),
    )


def _file(content: bytes, name: str) -> Response:
    response = Response(content, content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


@routes.query("/campaigns/<campaign_id>/groups/template", roles=(Role.SCHOOL, Role.CENTRE))
def template(act: Act, path: CampaignPath) -> Response:
    """An empty workbook with dropdowns."""
    hints = {
        column.key: text(f"import.hint.{column.key}")
        for column in columns().all
        if catalogue().has(lang(), f"import.hint.{column.key}")
    }
    return _file(operations.template(act, path.campaign_id, lang(), hints), "groups")


@routes.command(
    "POST",
    "/surveys/<survey_id>/groups/look",
    roles=(Role.SCHOOL,),
    answer=LookView,
    keyed=False,
    limit="30 per minute",
)
def look(act: Act, path: SurveyPath, form: FileForm) -> LookView:
    """A dry run: what the file would bring, and every cell to mend. Changes nothing."""
    return _view(operations.look(act, path.survey_id, form.content(), lang()))


@routes.command(
    "POST", "/surveys/<survey_id>/groups/import", roles=(Role.SCHOOL,), limit="30 per minute"
)
def take(act: Act, path: SurveyPath, form: ImportForm) -> Receipt:
    """Put the file's groups into the draft: all rows, or none and every cell to mend."""
    return operations.take(act, path.survey_id, form.content(), form.mode == "replace", lang())


@routes.command(
    "POST",
    "/surveys/<survey_id>/groups/marked",
    roles=(Role.SCHOOL,),
    answer=None,
    keyed=False,
    limit="30 per minute",
)
def marked(act: Act, path: SurveyPath, form: FileForm) -> Response:
    """The file back as a workbook with a leading column that says what to mend."""
    content = operations.give_back(act, path.survey_id, form.content(), lang(), _say)
    return _file(content, "groups-marked")
