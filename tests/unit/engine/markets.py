"""Random small markets in which every rule of the format occurs."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

Doc = dict[str, Any]


@st.composite
def small_markets(draw: st.DrawFn, *, rules: bool = True) -> Doc:
    """A market that brute force can enumerate; `rules` False leaves caps and budgets out."""
    return random_market(random.Random(draw(st.integers(0, 2**32))), rules=rules)


def random_market(r: random.Random, *, rules: bool = True) -> Doc:
    """A seeded random market of 2 to 4 sessions and 2 to 5 applicants."""
    sessions = [_session(r, i) for i in range(r.randint(2, 4))]
    names = [s["id"] for s in sessions]
    applicants = [_applicant(r, i, names) for i in range(r.randint(2, 5))]
    excluded = [
        [r.choice(applicants)["id"], r.choice(names), "grade", {"grade": 2}]
        for _ in range(r.choice([0, 0, 1]))
    ]
    stages = r.choice(
        [
            ["placed", "rank", "leximin", "cost", "lottery"],
            ["placed", "leximin", "rank", "cost"],
            ["placed", "cost", "rank", "lottery"],
            ["leximin", "placed", "rank"],
            ["placed", "rank"],
        ]
    )
    caps = {
        "schools": r.choice([None, None, 1, 2]) if rules else None,
        "students": r.choice([None, None, r.randint(3, 20)]) if rules else None,
    }
    return {
        "format": "ieum.market",
        "version": 1,
        "clashes": {"team": 1, "room": 2},
        "day_limits": {"day": r.choice([1, 2])},
        "budgets": {"money": r.randint(5, 40)},
        "sessions": sessions,
        "applicants": applicants,
        "excluded": excluded,
        "rules": {
            "stages": stages,
            "mode": "max",
            "must_place_all": False,
            "caps": caps,
            "seed": f"seed{r.randint(0, 99)}",
            "fixed": [],
        },
    }


def _session(r: random.Random, i: int) -> Doc:
    start = r.choice([None, 0, 60, 120])
    low = r.choice([0, 0, 2, 5])
    return {
        "id": f"s{i}",
        "host": "h",
        "district": "d",
        "start": start,
        "end": None if start is None else start + r.choice([60, 90]),
        "min": low,
        "max": low + r.randint(2, 8),
        "open": r.random() < 0.15,
        "clash": [k for k in ("team", "room") if r.random() < 0.4],
        "day_limit": r.choice([None, "day"]),
        "budget": r.choice([None, "money"]),
        "fixed_cost": r.randint(0, 10),
        "seat_cost": r.randint(0, 2),
    }


def _applicant(r: random.Random, i: int, sessions: list[str]) -> Doc:
    people = r.choice([1, 1, 2, 3, 5])
    kind = r.choice(["one", "one", "one", "split", "many"])
    wishes = [_wish(r, sessions, k, kind) for k in range(r.randint(1, 3))]
    busy = [{"start": 30, "end": 70}] if r.random() < 0.1 else []
    return {
        "id": f"a{i}",
        "school": f"c{r.randint(0, 2)}",
        "people": people,
        "wants": 2 if kind == "many" else 1,
        "all_or_none": r.random() < 0.3,
        "split": {"smallest": min(people, 2), "parts": 2} if kind == "split" else None,
        "busy": busy,
        "priority": r.randint(0, 1),
        "wishes": wishes,
    }


def _wish(r: random.Random, sessions: list[str], k: int, kind: str) -> Doc:
    stops = r.sample(sessions, 2 if r.random() < 0.3 else 1)
    seats = None
    if kind != "split" and r.random() < 0.2:
        seats = [r.choice([-1, 1, 4]) for _ in stops]
        seats = None if all(n == -1 for n in seats) else seats
    return {
        "stops": stops,
        "travel": [r.choice([0, 30])] * (len(stops) - 1),
        "rank": r.choice([k, k, 0]),
        "cost": r.randint(0, 5),
        "seats": seats,
        "priority": 0,
    }
