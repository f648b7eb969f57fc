"""Pages: groups from an Excel sheet, each cell to mend in its row, and the sheet back with marks.

Nothing is kept between the two: the page that names the cells carries the file itself, so that the
marked sheet can be given back, and nobody has to choose the file twice.
"""

import base64
import binascii
from pathlib import Path

from flask import Response, make_response, redirect, request
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Replayed
from chassis.errors import Invalid, Malformed, NotFound, Refused
from chassis.http.mends import sentence
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.imports import operations
from services.registration.imports.columns import columns
from services.registration.imports.operations import Looked
from services.registration.imports.reading import MOST_BYTES
from services.registration.surveys import operations as surveys
from services.registration.surveys.answers import Answers, Id
from services.registration.surveys.terms import Terms, terms
from services.registration.surveys.writing import draft_act

TEMPLATES = Path(__file__).parent / "templates"
SCHOOL = (Role.SCHOOL,)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIMIT = "30 per minute"

routes = Routes("import_pages", "/surveys", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


@routes.page("/<campaign_id>/upload", roles=SCHOOL)
def choose(act: Act, path: CampaignPath) -> str:
    """Choose a sheet, or get the empty one first."""
    return _page(terms(act, path.campaign_id))


@routes.form("/<campaign_id>/upload", roles=SCHOOL, keyed=False, limit=LIMIT)
def take(act: Act, path: CampaignPath) -> Response:
    """Put the sheet's groups into the draft: all of them, or none and every cell to mend."""
    there = terms(act, path.campaign_id)
    content = _content()
    try:
        looked = operations.look(act, _survey(act, there.id), content, lang())
        if looked.found.faults:
            page = _page(there, looked, base64.b64encode(content).decode())
            return make_response(page, 422)
        replacing = request.form.get("mode") == "replace"
        operations.take(draft_act(act, None), looked.stored.id, content, replacing, lang())
    except Replayed:
        pass
    except (Invalid, Refused) as refused:
        return make_response(_page(there, refused=sentence(refused)), refused.status)
    return redirect(f"/surveys/{there.id}#part-groups", 303)  # type: ignore[return-value]


@routes.form("/<campaign_id>/upload/marked", roles=SCHOOL, keyed=False, limit=LIMIT)
def marked(act: Act, path: CampaignPath) -> Response:
    """The sheet back, with a leading column that says what to mend in each row."""
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error:
        raise Malformed("malformed") from None
    survey = _survey(act, path.campaign_id)
    found = operations.give_back(
        act, survey, content, lang(), lambda code, facts: text(f"field.{code}", **facts)
    )
    response = Response(found, content_type=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="groups-marked.xlsx"'
    return response


def _content() -> bytes:
    file = request.files.get("file")
    return file.read(MOST_BYTES + 1) if file else b""


def _survey(act: Act, campaign: str) -> str:
    """The own survey, begun now if need be: groups need somewhere to go."""
    try:
        return surveys.own(act, campaign).id
    except NotFound:
        return surveys.save_draft(draft_act(act, None), campaign, Answers()).id


def _page(there: Terms, looked: Looked | None = None, content: str = "", refused: str = "") -> str:
    rows = [
        (
            fault.row,
            columns().title(fault.column, lang()),
            text(f"field.{fault.code}", **fault.facts),
        )
        for fault in (looked.found.faults if looked else ())
    ]
    return render(
        "imports/upload.html",
        there=there,
        rows=rows,
        content=content,
        refused=refused,
        ignored=looked.found.ignored if looked else (),
        groups=len(looked.found.groups) if looked else 0,
    )
