"""How each group of a school stands, as placement told it last: a read model of the start page.

A timeline keeps every step, and a page that opens each day must not read them all to know the last
one. Here is one document for each group, extended by the same events. They come from several
partitions, so a later step may be written before an earlier one: whichever comes first, the
document ends the same.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne

from chassis.act import Act, collection
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.scope import within
from chassis.together import Question
from services.registration.surveys.store import TIMELINES

STANDINGS = "standings"
HOST = "last.codes.first.host"
"""The host to whom a group goes first, by the last step that was no change in passing."""

STANDING_INDEXES = [
    # The hosts of a school's visits are found in it alone.
    [("parties", 1), ("school", 1), (HOST, 1)],
]

ATTENDED, CONDITION = "attendance.recorded", "booking.conditioned"
IN_PASSING = ("placement.resized", "placement.corrected", "placement.conditioned")
"""These tell of a change within a state: what the group waits for stays what it was."""

ENDED = (
    ATTENDED,
    "placement.cancelled",
    "placement.expired",
    "placement.not_selected",
    "placement.postponed",
    "placement.withdrawn",
)
"""After these nothing of the group is shown, so that their words are not kept."""

SHOWN = ("status", "people", "position", "confirm_by", "asks")
"""What is kept of a step beside the first stop, `first`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was told last of one group; `decide_by` of each condition that a host has put."""

    group: str
    what: str
    subject: str
    codes: Mapping[str, Any]
    conditions: tuple[str, ...]


def told(event: Received) -> list[Write]:
    """A group stands as the latest step says, with what has changed in passing since then.

    What concerns no group of a school, or only a message or a host's answer, changes nothing;
    of hosts' answers only that one of them put a condition is kept.
    """
    data = event.data
    school, campaign, group = (data.get(name) for name in ("school", "campaign", "group"))
    placed = event.type == ATTENDED or event.type.startswith("placement.")
    if not (school and campaign and group) or data.get("applicant") is not None:
        return []
    if not placed and event.type != CONDITION:
        return []
    said: dict[str, Any] = {
        "centre": data.get("centre"),
        "parties": [school],
        "school": school,
        "campaign": campaign,
        "group": group,
    }
    # Whatever stands in an event is a value here, and never an expression.
    change: dict[str, Any] = {name: {"$literal": value} for name, value in said.items()}
    step: dict[str, Any] = {"at": event.at, "id": event.id}
    since: Any = {"$ifNull": ["$since", []]}
    if not placed:
        change["conditions"] = True
    elif event.type in IN_PASSING:
        step["codes"] = _kept(data)
        since = {"$setUnion": [since, [{"$literal": step}]]}
    else:
        codes = {} if event.type in ENDED else _kept(data)
        step |= {"what": event.type, "subject": event.key, "codes": codes}
        # The greatest step is the last one: documents are compared by their first fields first.
        change["last"] = {"$max": ["$last", {"$literal": step}]}
    later = {"$filter": {"input": since, "cond": {"$gt": ["$$this.at", "$last.at"]}}}
    in_order = {"$sortArray": {"input": later, "sortBy": {"at": 1, "id": 1}}}
    stages = [{"$set": change}, {"$set": {"since": in_order}}]
    return [(STANDINGS, UpdateOne({"_id": f"{school}:{campaign}:{group}"}, stages, upsert=True))]


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the start page shows of a step: the first stop of all parts, and some codes."""
    kept: dict[str, Any] = {name: data[name] for name in SHOWN if name in data}
    if "parts" in data:
        stops = [stop for part in data["parts"] or () for stop in part["stops"]]
        first = min(stops, key=lambda stop: str(stop["start"]), default=None)
        kept["first"] = first and {"start": first["start"], "host": first["host"]}
    return kept


def question(act: Act, school: str) -> Question:
    """How the school's groups stand, in whichever campaign; for `standings`."""
    shown = ("campaign", "group", "last.what", "last.subject", "last.codes", "since", "conditions")
    return Question(
        STANDINGS,
        [
            {"$match": within(act.scope, {"school": school})},
            {"$project": {"_id": 0, **dict.fromkeys(shown, 1)}},
        ],
    )


def hosts_question(act: Act, school: str, named: dict[str, Any]) -> Question:
    """Whom the school's groups visit; `named` is the stage by which each brings its name along."""
    return Question(
        STANDINGS,
        [
            {"$match": within(act.scope, {"school": school, HOST: {"$gt": ""}})},
            {"$group": {"_id": f"${HOST}"}},
            named,
        ],
    )


def standings(
    act: Act, school: str, answer: Iterable[Mapping[str, Any]]
) -> dict[str, list[Standing]]:
    """How each group stands, by campaign."""
    rows = [row for row in answer if "last" in row]
    asked = _asked(act, school, [row for row in rows if row.get("conditions")])
    found: dict[str, list[Standing]] = defaultdict(list)
    for row in rows:
        campaign, group, last = row["campaign"], row["group"], row["last"]
        codes = last["codes"]
        if last["what"] not in ENDED:
            for since in row["since"]:
                codes = codes | since["codes"]
        found[campaign].append(
            Standing(
                group=group,
                what=last["what"],
                subject=last["subject"],
                codes=codes,
                conditions=_open_conditions(asked[campaign, group]) if asked else (),
            )
        )
    return found


def _asked(
    act: Act, school: str, places: Sequence[Mapping[str, str]]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What was told of the bookings of some groups; nothing is asked where there are none."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    if not places:
        return found
    wanted = {
        "school": school,
        "applicant": None,
        "what": re.compile("^booking[.]"),
        "campaign": {"$in": sorted({one["campaign"] for one in places})},
        "group": {"$in": sorted({one["group"] for one in places})},
    }
    kept = ("campaign", "group", "at", "what", "subject", "codes.status", "codes.decide_by")
    for row in collection(act, TIMELINES).find(
        within(act.scope, wanted), dict.fromkeys(kept, 1), session=act.session
    ):
        found[row["campaign"], row["group"]].append(row)
    return found


def _open_conditions(asked: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Until when each condition may be taken or left that no later answer has ended."""
    open_: dict[str, Any] = {}
    for row in sorted(asked, key=lambda row: (row["at"], row["_id"])):
        if row["what"] == CONDITION:
            open_[row["subject"]] = row["codes"].get("decide_by")
        elif row["codes"].get("status") != "conditioned":
            open_.pop(row["subject"], None)
    return tuple(until for until in open_.values() if until)
