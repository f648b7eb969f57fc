"""From the market file and the engine's answer to result rows, and the market of a repair.

Pure. The market file itself is built by `demands`; here it is only narrowed: by seats that are
held already, and for a repair to those who may still move.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CAP_CODES = frozenset({"school_cap", "student_cap"})
"""Reasons for which a school as a whole is not selected; any other unplaced group waits."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """What a result row keeps of an applicant beside the market: for asking a host later."""

    kind: str
    """`group` or `person`."""
    smallest: int
    grade: int | None


@dataclass(frozen=True, slots=True)
class Movable:
    """An applicant of a repair, with the sessions of its present parts (none: it lost them)."""

    applicant: str
    present: tuple[tuple[str, ...], ...]
    lost: bool
    barred: frozenset[str] = frozenset()
    """Sessions whose host has refused this very applicant."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a repair may use of a session: seats that nobody who stays holds."""

    minimum: int
    free: int
    running: bool
    """Somebody who stays is in it: the minimum is no question any more."""


def with_taken(document: Document, taken: Mapping[str, int]) -> Document:
    """The market with the seats that are held already taken away; such a session is open."""
    return {
        **document,
        "sessions": [_narrowed(row, taken.get(row["id"], 0)) for row in document["sessions"]],
    }


def _narrowed(row: Mapping[str, Any], taken: int) -> dict[str, Any]:
    if taken <= 0:
        return dict(row)
    most = max(0, row["max"] - taken)
    return {**row, "max": most, "min": min(most, max(0, row["min"] - taken)), "open": True}


def rows_of(
    answer: Mapping[str, Any],
    document: Document,
    persons: Mapping[str, Person],
    draw: Mapping[str, int],
    names: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """One result row per applicant, from the engine's answer as plain data.

    `state` is placed, waitlisted (with a position: priority, then lottery) or not_selected (with
    the school's reserve rank). `draw` is each applicant's place in the lottery, 0 first, `names`
    their names in the public files. Nothing of it is published before its release.
    """
    granted = {row["applicant"]: row["parts"] for row in answer["placements"]}
    because = {row["applicant"]: row for row in answer["unplaced"]}
    schools = {row["school"]: row for row in answer["schools"]}
    rows = [
        _row(
            applicant,
            persons[applicant["id"]],
            granted.get(applicant["id"], []),
            because.get(applicant["id"], {}),
            schools.get(applicant["school"], {}),
            draw[applicant["id"]] + 1,
            (names or {}).get(applicant["id"]),
        )
        for applicant in document["applicants"]
    ]
    waiting = [row for row in rows if row["state"] == "waitlisted"]
    waiting.sort(key=lambda row: (row["priority"], row["draw"]))
    for position, row in enumerate(waiting, start=1):
        row["position"] = position
    return rows


def _row(
    applicant: Mapping[str, Any],
    person: Person,
    granted: Sequence[Mapping[str, Any]],
    because: Mapping[str, Any],
    school: Mapping[str, Any],
    draw: int,
    line: str | None,
) -> dict[str, Any]:
    wishes = applicant["wishes"]
    parts = [
        {
            "people": part["people"],
            "wish": part["wish"],
            "rank": wishes[part["wish"]]["rank"],
            "sessions": part["sessions"],
        }
        for part in granted
    ]
    state, reason = ("placed" if parts else "waitlisted"), because.get("reason")
    cap = school.get("reason")
    if not parts and cap is not None and cap["code"] in CAP_CODES:
        state, reason = "not_selected", cap
    return {
        "applicant": applicant["id"],
        "kind": person.kind,
        "school": applicant["school"],
        "people": applicant["people"],
        "smallest": person.smallest,
        "grade": person.grade,
        "split": applicant.get("split"),
        "state": state,
        "parts": parts,
        "reason": reason,
        "why_not": because.get("wishes", [])[:20],
        "position": None,
        "reserve_rank": school.get("reserve_rank") if state == "not_selected" else None,
        "draw": draw,
        "line": line,
        "priority": applicant.get("priority", 0),
        "wishes": [{"stops": wish["stops"], "rank": wish["rank"]} for wish in wishes],
    }


def residual(document: Document, movable: Sequence[Movable], free: Mapping[str, Room]) -> Document:
    """The market of a repair: those who may move, and the seats that nobody else holds.

    Stages: everybody keeps a seat if that can be, then as few people as possible move, then the
    rank. Sessions that are not in `free` can no longer be used.
    """
    wanted = {one.applicant: one for one in movable}
    closed = Room(minimum=0, free=0, running=False)
    sessions = []
    for row in document["sessions"]:
        room = free.get(row["id"], closed)
        most = max(0, room.free)
        low = 0 if room.running else min(room.minimum, most)
        sessions.append({**row, "min": low, "max": most, "open": room.running})
    rules = {
        **document["rules"],
        "mode": "max",
        "stages": ["placed", "cost", "rank", "lottery"],
        "caps": {"schools": None, "students": None},
        # Whoever lost a place may find none: that is an answer, and no reason to give none.
        "must_place_all": False,
        "fixed": [],
    }
    return {
        **document,
        "sessions": sessions,
        "applicants": [
            _may_move(row, wanted[row["id"]])
            for row in document["applicants"]
            if row["id"] in wanted
        ],
        "excluded": [],
        "rules": rules,
    }


def _may_move(applicant: Mapping[str, Any], movable: Movable) -> dict[str, Any]:
    """Moving costs one per person; who lost a stop moves anyway, but keeps the others if it can."""
    present = {frozenset(stops) for stops in movable.present}
    kept = {session for stops in movable.present for session in stops}
    wishes = []
    for wish in applicant["wishes"]:
        stops = frozenset(wish["stops"])
        if stops & movable.barred:
            continue
        if movable.lost:
            cost = sum(1 for session in stops if session not in kept)
        else:
            cost = 0 if stops in present else applicant["people"]
        wishes.append({**wish, "cost": cost})
    return {**applicant, "wishes": wishes}
