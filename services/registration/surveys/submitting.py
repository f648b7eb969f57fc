"""Pages: all answers on one page, submitting them, and taking them back."""

from urllib.parse import urlencode

from flask import Response, make_response, redirect, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Replayed, Stored
from chassis.errors import Invalid, NotFound, Problem, Unauthenticated
from chassis.http import mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from services.registration.surveys import operations, said
from services.registration.surveys.answers import Id
from services.registration.surveys.model import COUNTS, Survey
from services.registration.surveys.terms import Terms, terms
from services.registration.surveys.writing import SCHOOL


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


def add(routes: Routes) -> None:
    """Add these pages to the survey's."""
    routes.page("/<campaign_id>/summary", roles=SCHOOL)(summary)
    routes.form("/<campaign_id>/submit", roles=SCHOOL)(submit)
    routes.page("/<campaign_id>/withdraw", roles=SCHOOL)(ask_withdraw)
    routes.form("/<campaign_id>/withdraw", roles=SCHOOL)(withdraw)


def summary(act: Act, path: CampaignPath) -> Response:
    """All answers on one page, before or after they are submitted."""
    there, stored = loaded(act, path)
    if stored is None:
        return to_form(path)
    return make_response(_summary(act, there, stored, None), 200)


def submit(act: Act, path: CampaignPath) -> Response:
    """Submit the draft; refused, the draft stays and the page says what to do."""
    there, stored = loaded(act, path)
    if stored is None:
        return to_form(path)
    try:
        operations.submit(act, stored.id)
    except Replayed:
        return to_summary(path)
    except Invalid:
        return to_form(path, check=1)
    except (Unauthenticated, NotFound):
        raise
    except Problem as refused:
        return make_response(_summary(act, there, stored, refused), refused.status)
    return to_summary(path)


def ask_withdraw(act: Act, path: CampaignPath) -> str:
    """What withdrawing means, before it is done."""
    there, stored = loaded(act, path)
    if stored is None:
        raise NotFound()
    return _withdraw(act, there, stored, None)


def withdraw(act: Act, path: CampaignPath) -> Response:
    """Take the survey back; the draft stays."""
    there, stored = loaded(act, path)
    if stored is None:
        raise NotFound()
    try:
        operations.withdraw(act, stored.id)
    except Replayed:
        return to_summary(path)
    except Problem as refused:
        return make_response(_withdraw(act, there, stored, refused), refused.status)
    return to_summary(path)


def _withdraw(act: Act, there: Terms, stored: Stored[Survey], refused: Problem | None) -> str:
    return render(
        "surveys/withdraw.html",
        there=there,
        stored=stored,
        late=act.now >= there.rules.deadline,
        leaves=operations.leaving(act, there.id),
        refused=mends.sentence(refused) if refused else "",
    )


def _summary(act: Act, there: Terms, stored: Stored[Survey], refused: Problem | None) -> str:
    state = stored.state
    counts = state.status in COUNTS
    return render(
        "surveys/summary.html",
        there=there,
        stored=stored,
        counts=counts,
        late=act.now >= there.rules.deadline,
        leaves=operations.leaving(act, there.id),
        act=act,
        groups=[(group, said.group_rows(group)) for group in state.draft.groups],
        refused=mends.sentence(refused) if refused else "",
        fresh=not counts or state.dirty,
    )


def loaded(act: Act, path: CampaignPath) -> tuple[Terms, Stored[Survey] | None]:
    """The campaign as the school meets it, and its survey once it has begun one."""
    there = terms(act, path.campaign_id)
    try:
        return there, operations.own(act, path.campaign_id)
    except NotFound:
        return there, None


def to_form(path: CampaignPath, check: int = 0, part: str = "") -> Response:
    """Back to the form, or to one part of it."""
    query = f"?{urlencode({'check': 1})}" if check else ""
    anchor = f"#part-{part}" if part else ""
    address = url_for("survey_pages.form", campaign_id=path.campaign_id)
    return redirect(f"{address}{query}{anchor}", 303)  # type: ignore[return-value]


def to_summary(path: CampaignPath) -> Response:
    """On to the summary."""
    address = url_for("survey_pages.summary", campaign_id=path.campaign_id)
    return redirect(address, 303)  # type: ignore[return-value]
