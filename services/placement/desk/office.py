"""The supervising office's page: its centres' campaigns, to read only."""

from dataclasses import dataclass

from chassis.act import Act
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.bookings import operations as bookings
from services.placement.desk import operations
from services.placement.desk.operations import Desk
from services.placement.organisations import operations as organisations
from services.placement.runs import operations as runs

routes = Routes("office")


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign: how many were placed, who least of all, and what waits for hosts."""

    desk: Desk
    centre: str
    share: int | None
    """Placed people of a hundred who asked."""
    worst: str | None
    worst_share: int | None
    unanswered: int


@routes.page("/office", roles=(Role.OFFICE,))
def overview(act: Act) -> str:
    """Campaigns past their survey, over all centres that the office supervises."""
    desks = operations.overview(act)
    centres = organisations.names(act, {one.frame["centre"] for one in desks})
    rows = [_row(act, one, centres.get(one.frame["centre"], "")) for one in desks]
    return render("desk/office.html", rows=rows, stages=operations.STAGES)


def _row(act: Act, desk: Desk, centre: str) -> Row:
    run, verdict = desk.run, desk.verdict
    if run is None or verdict is None:
        return Row(desk, centre, None, None, None, 0)
    asked = verdict.all.people
    shares = [(placed * 100 // all_, school) for school, placed, all_ in runs.shares(act, run)]
    worst_share, worst = min(shares, default=(None, None))
    return Row(
        desk=desk,
        centre=centre,
        share=verdict.placed.people * 100 // asked if asked else None,
        worst=organisations.names(act, [worst]).get(worst) if worst else None,
        worst_share=worst_share,
        unanswered=bookings.open_requests(act, run.id),
    )
