"""Pages of likely duplicates: the list, two side by side, and what merging them would do."""

from contextlib import suppress
from pathlib import Path

from flask import Response, make_response, redirect, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Replayed
from chassis.errors import Problem, Refused
from chassis.http.mends import sentence
from chassis.http.pages import render
from chassis.http.problems import text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.merging import operations
from services.registration.merging.model import Line
from services.registration.registry import showing
from services.registration.views import Id

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
MOST = 50
MOVED = ("accounts", "posts", "contacts", "invitations", "offers")

routes = Routes("merging_pages", "/organisations", templates=str(TEMPLATES))


class PairPath(BaseModel):
    """Two organisations; where one ends, the other one of them does."""

    organisation_id: Id
    other_id: Id


@routes.page("/likely", roles=CENTRE)
def likely(act: Act) -> str:
    """Pairs of organisations that are likely one."""
    found = operations.likely(act)
    return render("merging/likely.html", rows=found[:MOST], count=len(found))


@routes.page("/<organisation_id>/beside/<other_id>", roles=CENTRE)
def beside(act: Act, path: PairPath) -> str:
    """Two organisations side by side; which of them may survive, or why not."""
    one, other, lines = operations.sides(act, path.organisation_id, path.other_id)
    return render(
        "merging/beside.html",
        one=one,
        other=other,
        lines=[(line.field, _shown(line, line.one), _shown(line, line.other)) for line in lines],
        differing={line.field for line in lines if line.differs},
        moved=MOVED,
        ways=[
            (side, _why_not(act, side.id, gone.id)) for side, gone in ((one, other), (other, one))
        ],
    )


@routes.form("/<organisation_id>/apart/<other_id>", roles=CENTRE)
def apart(act: Act, path: PairPath) -> Response:
    """The two are two."""
    operations.tell_apart(act, path.organisation_id, path.other_id)
    return redirect(url_for("merging_pages.likely"), 303)  # type: ignore[return-value]


@routes.page("/<organisation_id>/merge/<other_id>", roles=CENTRE)
def look(act: Act, path: PairPath) -> Response:
    """What would move if the other one ended in this one."""
    found = operations.preview(act, path.organisation_id, path.other_id)
    return make_response(render("merging/merge.html", found=found, moved=MOVED))


@routes.form("/<organisation_id>/merge/<other_id>", roles=CENTRE)
def merge(act: Act, path: PairPath) -> Response:
    """End the other one in this one."""
    with suppress(Replayed):
        operations.merge(act, path.organisation_id, path.other_id)
    return showing.to(path.organisation_id, "merged")


def _why_not(act: Act, survivor: str, gone: str) -> str:
    try:
        operations.preview(act, survivor, gone)
    except Refused as refused:
        return sentence(refused)
    except Problem:
        return text("page.merging.other_registrar")
    return ""


def _shown(line: Line, value: object) -> str:
    if not value:
        return ""
    if line.field == "kinds" and isinstance(value, tuple):
        return ", ".join(text(f"page.registry.kinds.{one.value}") for one in value)
    return str(value)
