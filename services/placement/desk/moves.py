"""Moving one group by hand: its wishes with the seats they have, and what the move would cost."""

from flask import Response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import Problem
from chassis.http.mends import mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.desk import operations
from services.placement.repairs import by_hand
from services.placement.repairs import operations as repairs

CENTRE = (Role.CENTRE,)
routes = Routes("moves")


class PlacementPath(BaseModel):
    """Which placement."""

    placement_id: str


class RepairPath(BaseModel):
    """Which repair."""

    repair_id: str


@routes.page("/moves/<placement_id>", roles=CENTRE)
def look(act: Act, path: PlacementPath) -> str:
    """Where the group may go."""
    return _page(act, path, None)


@routes.form("/moves/<placement_id>", roles=CENTRE)
def ask(act: Act, path: PlacementPath) -> Response | tuple[str, int]:
    """Compute what one choice costs; it is shown on the campaign's page before anything moves."""
    chosen = request.form.get("sessions", "").split()
    try:
        by_hand.ask(act, path.placement_id, chosen)
    except Problem as refused:
        return _page(act, path, refused), refused.status
    stored, _ = by_hand.choices(act, path.placement_id)
    return _back(stored.state.campaign)


@routes.form("/repairs/<repair_id>/dismiss", roles=CENTRE)
def dismiss(act: Act, path: RepairPath) -> Response:
    """Move nobody."""
    found = repairs.show(act, path.repair_id)
    repairs.dismiss(act, path.repair_id, request.form.get("reason", "").strip()[:500])
    return _back(found.state.campaign)


def _page(act: Act, path: PlacementPath, refused: Problem | None) -> str:
    stored, found = by_hand.choices(act, path.placement_id)
    state = stored.state
    return render(
        "desk/move.html",
        placement=stored,
        choices=found,
        seats=operations.seats(act, state.campaign),
        groups=operations.groups(act, state.campaign, [state.group]),
        names=operations.names_of(act, {state.campaign, state.school}),
        mends=mends(refused),
    )


def _back(campaign: str) -> Response:
    address = url_for("desk.of_campaign", campaign_id=campaign, _anchor="s-repairs")
    return redirect(address, 303)  # type: ignore[return-value]
