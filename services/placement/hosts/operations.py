"""A centre vets its hosts, step by step."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import NotFound, Refused
from chassis.scope import Centre
from services.placement.hosts import store
from services.placement.hosts.model import (
    HeldFor,
    Status,
    Step,
    Vetting,
    begun,
    changed,
    joined,
    link_wanted,
    revoked,
)
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


def revoke_links(act: Act, host: str) -> Receipt:
    """Make void every link that the host was sent before, whoever holds it now."""
    stored = store.vettings.load(act, store.id_of(_centre(act), host))
    vetting, events = revoked(stored.state, act.now)
    return store.vettings.save(act, stored, vetting, events)


def send_link(act: Act, host: str) -> Receipt:
    """The centre has a new link sent to the host's known contacts. Raises Refused `link_sent` where
    one went out just now."""
    stored = store.vettings.load(act, store.id_of(_centre(act), host))
    vetting, events = link_wanted(stored.state, act.now, "centre")
    if not events:
        raise Refused("link_sent")
    return store.vettings.save(act, stored, vetting, events)


def ask_for_link(act: Act, centre: str, host: str) -> None:
    """Whoever holds an old link asks for a new one, which goes to the known contacts only.

    Nothing is answered, so that nobody learns whether it was sent: not more often than the rule
    says, and only while the host is one of the centre's.
    """
    own = replace(act, scope=Centre(centre))
    stored = store.known(own, centre, host)
    if stored is None or not organisations.related(own, centre, host, "centre_host"):
        return
    vetting, events = link_wanted(stored.state, act.now, "host")
    if events:
        store.vettings.save(own, stored, vetting, events)


def links_since(act: Act, centre: str, host: str) -> datetime | None:
    """Before which moment links to the host are void, if its centre ever made them so."""
    found = store.known(replace(act, scope=Centre(centre)), centre, host)
    return found.state.links_since if found else None


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
