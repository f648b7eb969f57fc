"""Looking up what messages need to know; nothing here changes anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from services.notifications.directory import store


@dataclass(frozen=True, slots=True)
class Directory:
    """Rows of the read models by id."""

    campaigns: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    offers: dict[str, dict[str, Any]]
    titles: dict[str, str]
    """What campaigns are called."""


def look_up(
    act: Act, campaigns: Iterable[str], groups: Iterable[str], offers: Iterable[str]
) -> Directory:
    """What is known about these campaigns, groups and offers, each kind in one query."""
    titles = store.by_id(act, "campaign_labels", campaigns)
    return Directory(
        campaigns=store.by_id(act, "campaigns", campaigns),
        groups=store.by_id(act, "groups", groups),
        offers=store.by_id(act, "offer_labels", offers),
        titles={id: row["name"] for id, row in titles.items()},
    )


def schools(act: Act, centre: str, unanswered: str | None = None) -> list[str]:
    """The schools of a centre; with a campaign, only those without a standing survey in it."""
    found = store.schools_of(act, centre)
    if unanswered is None:
        return found
    done = store.answered(act, unanswered)
    return [school for school in found if school not in done]


def centre_of(act: Act, organisation: str) -> str | None:
    """The centre that speaks to an organisation where an event names none."""
    found = store.centres_of(act, organisation)
    return found[0] if found else None


def survivors(act: Act, ids: Iterable[str]) -> dict[str, str]:
    """Which organisation each of these means now, where it was merged into another one."""
    found, open_ = dict[str, str](), {id: id for id in ids}
    while open_ and (into := store.survivors(act, open_.values())):
        open_ = {id: into[now] for id, now in open_.items() if now in into}
        open_ = {id: now for id, now in open_.items() if now != id}
        found |= open_
    return found
