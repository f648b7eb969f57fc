"""Vettings in the database: one per centre and host."""

from collections.abc import Iterable

from chassis.act import Act
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.facts import derived_id
from services.placement.hosts.model import Vetting

vettings = Aggregates(
    "vettings",
    "placement.hosts",
    Vetting,
    lambda v: Owners(centre=v.centre, parties=(v.host,)),
    indexes=[[("centre", 1), ("state.status", 1)], [("parties", 1)], [("state.host", 1)]],
)


def id_of(centre: str, host: str) -> str:
    """The id of a host's vetting by a centre: there is one for the pair."""
    return derived_id("vetting", centre, host)


def known(act: Act, centre: str, host: str) -> Stored[Vetting] | None:
    """The vetting of a host by a centre within scope, or None."""
    found = vettings.find(act, {"_id": id_of(centre, host)}, limit=1).items
    return found[0] if found else None


def of_host(act: Act, host: str) -> list[Stored[Vetting]]:
    """The vettings of a host by every centre within scope."""
    return list(vettings.each(act, {"state.host": host}))


def page(act: Act, status: str | None, limit: int, after: str | None) -> Page[Vetting]:
    """A page of the vettings within scope."""
    return vettings.find(act, {} if status is None else {"state.status": status}, limit, after)


def approved(act: Act, centre: str, hosts: Iterable[str]) -> frozenset[str]:
    """Which of the hosts the centre has approved, among those within scope."""
    wanted = {
        "_id": {"$in": [id_of(centre, host) for host in set(hosts)]},
        "state.status": "approved",
    }
    return frozenset(row.state.host for row in vettings.each(act, wanted))
