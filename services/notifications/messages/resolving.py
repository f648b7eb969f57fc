"""A notice's facts completed with the names that its words need: pure.

Names travel in other topics than the events that need them, so one may arrive later. Until then
the notice waits; when its patience ends it goes out in general words rather than never.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.notifications.messages.model import Notice

Row = Mapping[str, Any]


class NotYet(Exception):
    """A name has not arrived; the argument says which kind."""


@dataclass(slots=True)
class Needs:
    """The ids whose names some notices need."""

    organisations: set[str] = field(default_factory=set)
    campaigns: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    offers: set[str] = field(default_factory=set)

    def add(self, notice: Notice) -> None:
        """Take up what one notice needs."""
        facts = notice.facts
        stops = list(stops_of(facts))
        self.organisations.update(
            id
            for id in (
                notice.organisation,
                notice.centre,
                facts.get("school"),
                facts.get("host"),
                *(stop["host"] for stop in stops),
            )
            if id
        )
        self.campaigns.update(id for id in (facts.get("campaign"), notice.campaign) if id)
        self.groups.update(id for id in (facts.get("group"),) if id)
        self.offers.update(id for id in (facts.get("offer"),) if id)
        self.offers.update(stop["offer"] for stop in stops)


@dataclass(frozen=True, slots=True)
class Names:
    """What is known by id: display names, and rows of the read models."""

    organisations: Mapping[str, str]
    campaigns: Mapping[str, Row]
    groups: Mapping[str, Row]
    offers: Mapping[str, Row]
    titles: Mapping[str, str]
    """What campaigns are called."""


def stops_of(facts: Row) -> Iterable[dict[str, Any]]:
    """Every stop of a placement's facts."""
    for part in facts.get("parts") or ():
        yield from part["stops"]


def complete(notice: Notice, names: Names, general: bool) -> dict[str, Any]:
    """The notice's facts with names beside the ids. Raises NotYet unless `general` words do."""
    facts = dict(notice.facts)
    if notice.campaign is not None:
        _there(names.titles.get(notice.campaign), "title", general)

    def name_of(id: str | None) -> str | None:
        if id is None:
            return None
        found = names.organisations.get(id)
        _there(found, "organisation", general)
        return found

    if "group" in facts:
        group = names.groups.get(facts["group"] or "")
        if facts["group"]:
            _there(group, "group", general)
        facts["level"] = group["level"] if group else None
        facts["grade"] = group["grade"] if group else None
    if "school" in facts:
        facts["school_name"] = name_of(facts["school"])
    if "host" in facts:
        facts["host_name"] = name_of(facts["host"])
    if "offer" in facts:
        facts.update(_offer(names, facts["offer"], general))
    if "parts" in facts:
        facts["parts"] = [
            {
                **part,
                "stops": [
                    {
                        **stop,
                        **_offer(names, stop["offer"], general),
                        "host_name": name_of(stop["host"]),
                    }
                    for stop in part["stops"]
                ],
            }
            for part in facts["parts"]
        ]
    if notice.intent.startswith("survey_") and "deadline" not in facts:
        campaign = names.campaigns.get(facts["campaign"])
        _there(campaign, "campaign", general)
        facts["deadline"] = campaign["deadline"] if campaign else None
    return facts


def _offer(names: Names, id: str, general: bool) -> dict[str, Any]:
    found = names.offers.get(id)
    _there(found, "offer", general)
    row = found or {}
    return {name: row.get(name) for name in ("title", "team_name", "place", "meeting_point")}


def _there(found: object, kind: str, general: bool) -> None:
    if found is None and not general:
        raise NotYet(kind)
