"""A centre vets its hosts, step by step."""

from collections.abc import Iterable
from dataclasses import replace

from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import NotFound, Refused
from chassis.scope import Centre
from services.placement.hosts import store
from services.placement.hosts.model import HeldFor, Status, Step, Vetting, begun, changed, joined
from services.placement.organisations import operations as organisations


def vet(
    act: Act, host: str, status: Status, reason_code: HeldFor | None = None, note: str = ""
) -> Receipt:
    """Record one step of a host's vetting by the act's centre.

    Raises NotFound for a host that has no relation to the centre, Refused for a step out of
    order, Invalid for a hold without its reason.
    """
    centre = _centre(act)
    step = Step(status=status, at=act.now, by=act.actor, reason_code=reason_code, note=note)
    id = store.id_of(centre, host)
    if store.known(act, centre, host) is None:
        if not organisations.related(act, centre, host, "centre_host"):
            raise NotFound("host_unknown")
        vetting = begun(centre, host, step)
        return store.vettings.create(act, id, vetting, [changed(vetting)])
    stored = store.vettings.load(act, id)
    vetting = stored.state.moved(step)
    return store.vettings.save(act, stored, vetting, [changed(vetting)])


def show(act: Act, host: str) -> Stored[Vetting]:
    """The vetting of a host by the act's centre. Raises NotFound."""
    found = store.known(act, _centre(act), host)
    if found is None:
        raise NotFound("host_unknown")
    return found


def page(act: Act, status: str | None, limit: int, after: str | None) -> Page[Vetting]:
    """A page of the vettings that the act may see."""
    return store.page(act, status, limit, after)


def require_approved(act: Act, centre: str, host: str) -> None:
    """Raise Refused unless the centre has approved the host."""
    found = store.known(act, centre, host)
    if found is None or found.state.status != "approved":
        raise Refused("host_not_approved", status=found.state.status if found else "unknown")


def approved(act: Act, centre: str, hosts: Iterable[str]) -> frozenset[str]:
    """Which of the hosts a centre has approved: asked with the centre's own eyes, since whoever
    sees a published offer may know that its host was approved, and nothing else of the vetting."""
    return store.approved(replace(act, scope=Centre(centre)), centre, hosts)


def move_host(act: Act, gone: str, survivor: str) -> None:
    """What centres found out about one host, they found out about another: both histories are
    one. The vetting of the one that is gone stays as it was."""
    for row in store.of_host(act, gone):
        vetting = row.state.model_copy(update={"host": survivor})
        there = store.known(act, vetting.centre, survivor)
        if there is None:
            id = store.id_of(vetting.centre, survivor)
            store.vettings.create(act, id, vetting, [changed(vetting)])
        else:
            both = joined(there.state, vetting)
            store.vettings.save(act, there, both, [changed(both)])


def _centre(act: Act) -> str:
    if not isinstance(act.scope, Centre):
        raise NotFound("host_unknown")
    return act.scope.id
