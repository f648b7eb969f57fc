"""Asking who an organisation is, how it is called, and how it stands to a centre."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from chassis.act import Act
from chassis.errors import NotFound
from chassis.facts import KST
from chassis.scope import Centre, Party, Public
from services.placement.organisations import store

Relation = Literal["centre_host", "centre_school", "owner", "operator", "office"]


def district(act: Act, organisation: str) -> str | None:
    """The district of an organisation: a public fact, None while it is not known."""
    found = store.organisation(replace(act, scope=Public()), organisation)
    return None if found is None else found["district"]


def districts(act: Act, organisations: Iterable[str]) -> dict[str, str | None]:
    """The districts of many organisations; unknown ones are left out."""
    found = store.organisations(replace(act, scope=Public()), organisations)
    return {id: row["district"] for id, row in found.items()}


def names(act: Act, ids: Iterable[str]) -> dict[str, str]:
    """What organisations, campaigns and programmes are called; not yet told ones are left out."""
    found = store.labels(replace(act, scope=Public()), ids)
    return {id: row["name"] for id, row in found.items()}


@dataclass(frozen=True, slots=True)
class Card:
    """How an organisation is called, and the number that it may be called at in public."""

    name: str | None
    phone: str | None


def card(act: Act, id: str) -> Card:
    """Name and public telephone number of an organisation, as far as they were told."""
    row = store.labels(replace(act, scope=Public()), [id]).get(id, {})
    return Card(row.get("name"), row.get("phone"))


def survivor(act: Act, id: str) -> str:
    """The organisation that an id means now: itself, or that into which it was merged."""
    public, seen = replace(act, scope=Public()), {id}
    while (row := store.organisation(public, id)) is not None:
        into = row.get("merged_into")
        if into is None or into in seen:
            break
        seen.add(into)
        id = into
    return id


def related(act: Act, centre: str, other: str, relation: Relation) -> bool:
    """Whether the relation holds today, as far as the act's scope shows."""
    today = act.now.astimezone(KST).date().isoformat()
    rows = store.relations(act, {"centre": centre, "other": other, "relation": relation})
    return any(_holds(row, today) for row in rows)


def others(act: Act, relation: Relation) -> list[str]:
    """Who stands in a relation to the act's own centre today."""
    today = act.now.astimezone(KST).date().isoformat()
    rows = store.relations(act, {"relation": relation})
    return [row["other"] for row in rows if _holds(row, today)]


def centres_of(act: Act) -> list[str]:
    """The centres that the act's own organisation is a host of, today."""
    today = act.now.astimezone(KST).date().isoformat()
    rows = store.relations(act, {"other": act.tenant(), "relation": "centre_host"})
    return sorted({row["centre"] for row in rows if _holds(row, today)})


def host_and_centre(act: Act, host: str | None, centre: str | None) -> tuple[str, str]:
    """(host, centre) of an act on an offer: one is the actor's own, the other is named.

    NotFound unless the two are related: a stranger looks like nobody.
    """
    match act.scope:
        case Centre(id):
            pair = (host or "", id)
        case Party(id):
            pair = (id, centre or "")
        case _:
            pair = (host or "", centre or "")
    if not related(act, pair[1], pair[0], "centre_host"):
        raise NotFound("host_unknown")
    return pair


def _holds(row: dict[str, Any], today: str) -> bool:
    return (
        not row["ended"]
        and row["from"] <= today
        and (row["until"] is None or row["until"] >= today)
    )
