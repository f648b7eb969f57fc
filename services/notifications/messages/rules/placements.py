"""What is told of runs, releases and placements: the centre first, schools from the release on."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.events.envelope import Received
from services.notifications.messages.model import bundle
from services.notifications.messages.planned import Planned, Rules

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

rules = Rules()


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
