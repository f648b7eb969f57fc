"""Recomputed numbers: the lottery's places, the value of every stage, the shares of schools."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from services.placement.verifier.files import Ints
from services.placement.verifier.market import Market
from services.placement.verifier.result import Result

MILLION = 1_000_000
#: The stages of a repaired answer, in order.
REPAIR = ("kept", "placed", "rank", "moved", "lottery")
#: Stages where more is better; a bound is then an upper one.
MAXIMISED = ("placed", "leximin", "kept")


def lottery_number(seed: str, name: str) -> str:
    """SHA-256 of the seed followed by the id, in hexadecimal."""
    return hashlib.sha256(seed.encode() + name.encode()).hexdigest()


def draw_places(seed: str, names: list[str]) -> Ints:
    """The place of each id in the lottery, 0 first."""
    start = hashlib.sha256(seed.encode())
    digests = bytearray()
    for name in names:
        one = start.copy()
        one.update(name.encode())
        digests += one.digest()
    words = np.frombuffer(bytes(digests), ">u8").reshape(-1, 4)
    order = np.argsort(words[:, 0], kind="stable")
    first = words[order, 0]
    if (first[1:] == first[:-1]).any():
        order = np.lexsort(words.T[::-1])
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return place


def seats_of_parts(m: Market, result: Result) -> tuple[Ints, Ints, Ints]:
    """(part, session, seats) for every stop of every part."""
    ptr = m.col["wishes.stop_ptr"]
    count = ptr[result.wish + 1] - ptr[result.wish]
    part = np.repeat(np.arange(len(result.wish)), count)
    first = np.cumsum(count) - count
    stop = np.arange(len(part)) - first[part] + ptr[result.wish][part]
    own = m.col["wishes.stop_seats"][stop]
    seats = np.where(own < 0, result.people[part], own)
    return part, m.col["wishes.stop_session"][stop], seats


def school_sizes(m: Market) -> Ints:
    """People who asked, per school: head-count times sessions wanted."""
    size = np.zeros(len(m.names["schools"]), np.int64)
    asked = m.col["applicants.people"] * m.col["applicants.wants"]
    np.add.at(size, m.col["applicants.school"], asked)
    return size


def school_placed(m: Market, result: Result) -> Ints:
    """People placed, per school."""
    placed = np.zeros(len(m.names["schools"]), np.int64)
    np.add.at(placed, m.col["applicants.school"][result.who], result.people)
    return placed


def worst_share(m: Market, result: Result) -> int:
    """Share placed of the worst school, in millionths rounded down."""
    size, placed = school_sizes(m), school_placed(m, result)
    asked = size > 0
    return int((placed[asked] * MILLION // size[asked]).min(initial=MILLION))


def recompute(m: Market, result: Result) -> dict[str, int]:
    """The numbers that an answer publishes about itself."""
    asked = m.col["applicants.people"] * m.col["applicants.wants"]
    return {
        "placed": int(result.people.sum()),
        "rank": int((result.people * m.col["wishes.rank"][result.wish]).sum()),
        "cost": int(m.col["wishes.cost"][result.wish].sum()),
        "worst_school": worst_share(m, result),
        "applicants": int((np.bincount(result.who) > 0).sum()),
        "people": int(asked.sum()),
    }


def stage_values(m: Market, result: Result, draw: Ints) -> dict[str, int]:
    """The value of every stage that an answer may have."""
    known = recompute(m, result)
    values = {k: known[k] for k in ("placed", "rank", "cost")}
    values["leximin"] = known["worst_school"]
    values["lottery"] = int((result.people * draw[result.who]).sum())
    if result.previous is not None:
        who, wish, people = result.previous
        seated = np.isin(result.who, who)
        values["kept"] = int(result.people[seated].sum())
        values["moved"] = int(people[~np.isin(wish, result.wish)].sum())
    return values


def school_rows(m: Market, result: Result) -> list[dict[str, Any]]:
    """Share of every school as the report publishes it."""
    size, placed = school_sizes(m).tolist(), school_placed(m, result).tolist()
    return [
        {
            "school": name,
            "chosen": placed[c] > 0,
            "placed": placed[c],
            "people": size[c],
            "share": placed[c] * MILLION // size[c] if size[c] else MILLION,
        }
        for c, name in enumerate(m.names["schools"])
    ]
