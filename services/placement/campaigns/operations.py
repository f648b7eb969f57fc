"""Asking about a campaign: its frame, its rules, and whether its survey has closed."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from chassis.act import Act
from chassis.errors import NotFound
from chassis.scope import Public
from services.placement.campaigns import store

AFTER_CLOSING = frozenset({"closing", "closed"})


def show(act: Act, campaign: str) -> dict[str, Any]:
    """The campaign as its latest event describes it, with `_id`, `sequence` and `as_of`.

    An announced campaign is public, whoever asks. Raises NotFound.
    """
    found = store.campaign(replace(act, scope=Public()), campaign)
    if found is None:
        raise NotFound("campaign_unknown")
    return found


def own(act: Act, campaign: str) -> dict[str, Any]:
    """The campaign, if it is the act's own centre's (or the act is the service's). NotFound."""
    found = store.campaign(act, campaign)
    if found is None:
        raise NotFound("campaign_unknown")
    return found


def of_centre(act: Act) -> list[dict[str, Any]]:
    """The campaigns of the act's own centre, the latest deadline first."""
    return store.of_centre(act)


def of_centres(act: Act, centres: Collection[str]) -> list[dict[str, Any]]:
    """The announced campaigns of some centres, the latest deadline first: public facts."""
    found = store.of_centre(replace(act, scope=Public()))
    return [row for row in found if row["centre"] in centres]


def programme(act: Act, programme: str) -> dict[str, Any] | None:
    """The programme of a campaign: a public fact."""
    return store.programme(replace(act, scope=Public()), programme)


def closed(campaign: Mapping[str, Any]) -> bool:
    """Whether nothing more is answered: a placement relies on what stands now."""
    return campaign["status"] in AFTER_CLOSING


def unusable(campaign: Mapping[str, Any]) -> frozenset[date]:
    """The days on which nothing takes place, whatever the calendar says."""
    return frozenset(date.fromisoformat(day) for day in campaign["unusable_dates"])
