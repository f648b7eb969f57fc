"""Pages of leaving a campaign: what ends with it, said before it is done."""

from pathlib import Path

from flask import Response, make_response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import FieldError, Invalid
from chassis.http.mends import Mends, mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.leaving import operations
from services.placement.leaving.operations import Leaving

TEMPLATES = Path(__file__).parent / "templates"
SCHOOL, CENTRE = (Role.SCHOOL,), (Role.CENTRE,)
REASONS = ("school_event", "date_conflict", "transport", "people_missing", "other")
MOST_WORDS = 500

routes = Routes("leaving", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


class SchoolPath(CampaignPath):
    """Which school."""

    school_id: str


@routes.page("/campaigns/<campaign_id>/withdraw", roles=SCHOOL)
def look(act: Act, path: CampaignPath) -> str:
    """What ends if the own school leaves."""
    return _page(operations.own(act, path.campaign_id), [])


@routes.form("/campaigns/<campaign_id>/withdraw", roles=SCHOOL)
def leave(act: Act, path: CampaignPath) -> Response:
    """The own school leaves."""
    operations.leave(act, operations.own(act, path.campaign_id), _reason(), _words())
    return redirect(url_for("visits.results"), 303)  # type: ignore[return-value]


@routes.page("/campaigns/<campaign_id>/schools/<school_id>/withdraw", roles=CENTRE)
def look_for(act: Act, path: SchoolPath) -> str:
    """What ends if a school leaves."""
    return _page(operations.of_school(act, path.campaign_id, path.school_id), [])


@routes.form("/campaigns/<campaign_id>/schools/<school_id>/withdraw", roles=CENTRE)
def leave_for(act: Act, path: SchoolPath) -> Response:
    """A school leaves; who said so is written down."""
    found = operations.of_school(act, path.campaign_id, path.school_id)
    try:
        if not _words():
            raise Invalid([FieldError("/words", "missing")])
    except Invalid as refused:
        return make_response(_page(found, mends(refused)), refused.status)
    operations.leave(act, found, _reason(), _words())
    return redirect(url_for("desk.of_campaign", campaign_id=path.campaign_id), 303)  # type: ignore[return-value]


def _page(found: Leaving, wrong: Mends) -> str:
    return render(
        "leaving/leave.html",
        one=found,
        reasons=REASONS,
        found=wrong,
        errors=dict(wrong),
        said={"reason_code": _reason(), "words": _words()},
    )


def _reason() -> str:
    chosen = request.form.get("reason_code", "")
    return chosen if chosen in REASONS else "other"


def _words() -> str:
    return request.form.get("words", "").strip()[:MOST_WORDS]
