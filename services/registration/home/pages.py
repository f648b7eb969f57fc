"""Pages: the start page of each role, and one campaign as its centre sees it."""

from datetime import datetime
from pathlib import Path

from flask import Response, g, redirect
from pydantic import BaseModel

from chassis.act import Act
from chassis.facts import KST
from chassis.http import problems
from chassis.http.pages import RENEWAL, render
from chassis.http.problems import text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.home import operations, school
from services.registration.views import Id

TEMPLATES = Path(__file__).parent / "templates"

routes = Routes("home", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


@routes.page("/", roles=(Role.PUBLIC,), vouched_by_its_question=True)
def start(act: Act) -> Response | str:
    """What the reader has to do. Who is not signed in is led to the sign-in page."""
    if g.identity is None:
        return redirect(f"{RENEWAL}?next=/", 303)  # type: ignore[return-value]
    match g.identity.role:
        case Role.CENTRE:
            rows = operations.overview(act)
            return render(
                "home/centre.html",
                rows=rows,
                stages=operations.STAGES,
                words=_stages(),
                entered=operations.entered(act),
            )
        case Role.SCHOOL:
            return render(
                "home/school.html",
                home=school.home(act),
                now=act.now,
                until=_until,
                clock=_clock,
                day_of=school.day_of,
            )
        case Role.HOST:
            return redirect("/placement/asked", 303)  # type: ignore[return-value]
        case Role.OFFICE:
            return render("home/others.html", rows=operations.announced(act))
        case _:
            return render("home/others.html", rows=[])


@routes.page("/campaigns/<campaign_id>", roles=(Role.CENTRE,))
def campaign(act: Act, path: CampaignPath) -> str:
    """One campaign: its stage, the next act, and which schools have answered."""
    row = operations.one(act, path.campaign_id)
    return render("home/campaign.html", row=row, stages=operations.STAGES, words=_stages())


def _until(at: datetime) -> str:
    """A day by which something is to be done."""
    words = problems.catalogue().day(problems.lang(), at.astimezone(KST).date())
    return text("page.school.until", day=words)


def _clock(at: datetime) -> str:
    """The clock time as people say it."""
    return problems.catalogue().clock(problems.lang(), at)


def _stages() -> list[str]:
    """The stages in the reader's words."""
    return [text(f"page.stage.{stage}") for stage in operations.STAGES]
