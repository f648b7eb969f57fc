"""Which event tells whom what: pure rules from an event to planned notices.

To tell something new: add a file to `templates/`, and a function here under its event's type.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.events.envelope import Received
from services.notifications.messages.model import Audience, bundle

PLACEMENT_FACTS = (
    "campaign",
    "school",
    "group",
    "people",
    "parts",
    "confirm_by",
    "wish_rank",
    "position",
    "reserve_rank",
    "reason_code",
    "facts",
)
BOOKING_FACTS = (
    "campaign",
    "host",
    "offer",
    "school",
    "group",
    "people",
    "start",
    "end",
    "reply_by",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice before it has an id and a time."""

    intent: str
    organisation: str | None
    role: str
    centre: str | None
    facts: dict[str, Any]
    campaign: str | None = None
    bundle: str | None = None
    once: bool = False
    audience: Audience = "organisation"


Rule = Callable[[Received], Iterable[Planned]]


@dataclass(slots=True)
class Rules:
    """The rules by event type."""

    all: dict[str, Rule] = field(default_factory=dict)

    def on(self, *types: str) -> Callable[[Rule], Rule]:
        """Register a rule for these types."""

        def register(rule: Rule) -> Rule:
            for kind in types:
                self.all[kind] = rule
            return rule

        return register

    def plan(self, event: Received) -> list[Planned]:
        """What the event gives to tell; empty for a type without a rule."""
        rule = self.all.get(event.type)
        return list(rule(event)) if rule else []


rules = Rules()


@rules.on("contact.invited")
def _invited(event: Received) -> Iterable[Planned]:
    """The secret stays sealed with the recipient; a letter needs no message."""
    data = event.data
    if data["email"] or data["telephone"]:
        yield Planned(
            "invitation",
            data["organisation"],
            "invited",
            None,
            {"expires_at": data["expires_at"], "contact": event.key},
            audience="invited",
        )


CAMPAIGNS = {
    "campaign.announced": "campaign_announced",
    "campaign.opened": "campaign_opened",
    "campaign.cancelled": "campaign_cancelled",
}


@rules.on(*CAMPAIGNS)
def _campaign(event: Received) -> Iterable[Planned]:
    names = ("opens_at", "deadline", "window")
    facts = {"campaign": event.key, **{name: event.data[name] for name in names}}
    yield Planned(
        CAMPAIGNS[event.type],
        None,
        "school",
        event.data["centre"],
        facts,
        campaign=event.key,
        audience="schools",
    )


def reminder(campaign: str, centre: str, deadline: str) -> Planned:
    """The deadline comes near: to the schools that have not submitted."""
    facts = {"campaign": campaign, "deadline": deadline}
    return Planned(
        "survey_reminder",
        None,
        "school",
        centre,
        facts,
        campaign=campaign,
        audience="schools_unanswered",
    )


@rules.on("campaign.reminded")
def _reminded(event: Received) -> Iterable[Planned]:
    """The centre reminds by hand: the same words as the clock's, to those who have not answered."""
    yield reminder(event.key, event.data["centre"], event.data["deadline"])


SURVEYS = {
    "survey.submitted": "survey_received",
    "survey.amended": "survey_amended",
    "survey.admitted": "survey_admitted",
    "survey.withdrawn": "survey_withdrawn",
}


@rules.on(*SURVEYS)
def _survey(event: Received) -> Iterable[Planned]:
    data = event.data
    groups = data.get("groups", [])
    facts = {
        "survey": event.key,
        "campaign": data["campaign"],
        "groups": len(groups),
        "people": sum(group["people"] for group in groups),
        "submitted_at": data.get("submitted_at"),
    }
    left = event.type == "survey.withdrawn" and data.get("late", False)
    intent = "survey_left" if left else SURVEYS[event.type]
    yield Planned(
        intent, data["school"], "school", data["centre"], facts, campaign=data["campaign"]
    )
    if left:
        # Nobody was told of a result yet; the centre has to know before it tells anybody.
        told = {"campaign": data["campaign"], "school": data["school"]}
        yield Planned(
            "school_left", data["centre"], "centre", data["centre"], told, data["campaign"]
        )


def _booking(event: Received) -> dict[str, Any]:
    return {"booking": event.key, **{name: event.data[name] for name in BOOKING_FACTS}}


def _to_host(event: Received, intent: str, kind: str, **more: Any) -> Planned:
    data = event.data
    return Planned(
        intent,
        data["host"],
        "host",
        data["centre"],
        {**_booking(event), **more},
        campaign=data["campaign"],
        bundle=bundle(kind, data["campaign"], "hosts", data["host"]),
    )


def _to_centre(event: Received, intent: str, **more: Any) -> Planned:
    data = event.data
    return Planned(
        intent,
        data["centre"],
        "centre",
        data["centre"],
        {**_booking(event), **more},
        campaign=data["campaign"],
        bundle=bundle("news", data["campaign"], "centre", data["centre"]),
    )


@rules.on("booking.asked")
def _asked(event: Received) -> Iterable[Planned]:
    """What lies inside terms accepted beforehand is told, not asked."""
    if event.data["preaccepted"]:
        yield _to_host(event, "booking_preaccepted", "news")
    else:
        yield _to_host(event, "booking_asked", "asked")


@rules.on("booking.accepted")
def _accepted(event: Received) -> Iterable[Planned]:
    """An answer given on the telephone is read back in writing where there is an address."""
    if event.data["by"] == "telephone":
        yield _to_host(event, "booking_recorded", "news")


@rules.on("booking.conditioned")
def _conditioned(event: Received) -> Iterable[Planned]:
    yield _to_centre(event, "booking_conditioned", condition=event.data["condition"])


@rules.on("booking.declined")
def _declined(event: Received) -> Iterable[Planned]:
    yield _to_centre(event, "booking_declined", reason_code=event.data["reason_code"])


@rules.on("booking.reopened")
def _reopened(event: Received) -> Iterable[Planned]:
    """The centre was told an answer that does not hold any more."""
    yield _to_centre(event, "booking_reopened")


@rules.on("booking.call_requested")
def _call_wanted(event: Received) -> Iterable[Planned]:
    """A host that would rather speak with somebody is a task for the telephone."""
    data = event.data
    yield Planned(
        "booking_call", data["host"], "host", data["centre"], _booking(event), data["campaign"]
    )


@rules.on("host.link_wanted")
def _link_wanted(event: Received) -> Iterable[Planned]:
    """A new link goes to the contacts that are known, whoever asked for it."""
    data = event.data
    facts = {"host": data["host"]}
    yield Planned("host_link", data["host"], "host", data["centre"], facts)


@rules.on("booking.expired")
def _booking_expired(event: Received) -> Iterable[Planned]:
    yield _to_host(event, "booking_expired", "news")
    yield _to_centre(event, "booking_unanswered")


@rules.on("booking.confirmed")
def _booking_confirmed(event: Received) -> Iterable[Planned]:
    yield _to_host(event, "booking_confirmed", "news")


@rules.on("booking.changed")
def _booking_changed(event: Received) -> Iterable[Planned]:
    yield _to_host(event, "booking_changed", "news")


@rules.on("booking.cancelled")
def _booking_cancelled(event: Received) -> Iterable[Planned]:
    """A booking that begins as cancelled found its session full: its host was never asked."""
    if event.sequence > 1:
        yield _to_host(event, "booking_cancelled", "news", reason_code=event.data["reason_code"])


@rules.on("run.completed", "run.failed", "run.released")
def _run(event: Received) -> Iterable[Planned]:
    data = event.data
    facts = {
        "run": event.key,
        "campaign": data["campaign"],
        "people": data.get("numbers", {}).get("placed"),
        "stage": data.get("stage"),
        "released_at": data.get("at"),
    }
    intent = event.type.replace(".", "_")
    yield Planned(intent, data["centre"], "centre", data["centre"], facts, data["campaign"])


@rules.on("release.missed")
def _release_missed(event: Received) -> Iterable[Planned]:
    """The time of a release came and went: the centre decides what to do."""
    data = event.data
    facts = {"campaign": data["campaign"], "stage": data["stage"], "reason_code": data["code"]}
    yield Planned(
        "release_missed", data["centre"], "centre", data["centre"], facts, data["campaign"]
    )


def _placement(event: Received) -> dict[str, Any]:
    return {"placement": event.key, **{name: event.data[name] for name in PLACEMENT_FACTS}}


RESULTS = ("placement.offered", "placement.waitlisted", "placement.not_selected")
NEWS = (
    "placement.moved",
    "placement.confirmed",
    "placement.withdrawn",
    "placement.cancelled",
    "placement.postponed",
    "placement.expired",
)


@rules.on(*RESULTS, *NEWS)
def _placed(event: Received) -> Iterable[Planned]:
    """A school hears of its placements from the second release on, never before."""
    data = event.data
    if not data["released"]:
        return
    kind = "results" if event.type in RESULTS else "news"
    yield Planned(
        event.type.replace(".", "_"),
        data["school"],
        "school",
        data["centre"],
        _placement(event),
        campaign=data["campaign"],
        bundle=bundle(kind, data["campaign"], "schools", data["school"]),
    )


@rules.on("placement.conditioned")
def _school_asked(event: Received) -> Iterable[Planned]:
    """A host would take the group under a condition, and the school has to answer."""
    data = event.data
    if not data["released"]:
        return
    asked = {"condition": data["condition"], "reply_by": data["decide_by"]}
    yield Planned(
        "placement_conditioned",
        data["school"],
        "school",
        data["centre"],
        {**_placement(event), **asked},
        data["campaign"],
    )


@rules.on("placement.corrected")
def _corrected(event: Received) -> Iterable[Planned]:
    """One 정정 for each who had the wrong notice: the school, and the hosts of the visit."""
    data = event.data
    facts = {**_placement(event), "what_code": data["what_code"]}
    concerned = [(data["school"], "school")] if data["released"] else []
    concerned += [(host, "host") for host in _hosts(data["parts"])]
    for organisation, role in concerned:
        yield Planned(
            "correction",
            organisation,
            role,
            data["centre"],
            facts if role == "school" else _only(facts, organisation),
            campaign=data["campaign"],
            bundle=bundle("correction", data["correction"], role, organisation),
            once=True,
        )


def _hosts(parts: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({stop["host"] for part in parts for stop in part["stops"]})


def _only(facts: dict[str, Any], host: str) -> dict[str, Any]:
    """The facts of a placement as one host may see them: its own stops."""
    parts = [
        {**part, "stops": [stop for stop in part["stops"] if stop["host"] == host]}
        for part in facts["parts"]
    ]
    return {**facts, "parts": [part for part in parts if part["stops"]]}
