"""Synthetic markets, the same bytes for the same size, seed and load.

Popularity of fields falls off as a power law and supply follows it only partly, each school has
its own taste, and a share of the wishes leaves the home district; so some sessions are wanted by
many and others by few, as in a real year. Individuals have one seat each; groups have 15 to 34
people, sessions of groups have minimum sizes, and hosts' teams cannot be in two places at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.placement.engine.market import (
    NO_SLOT,
    NONE,
    Applicants,
    Ints,
    Market,
    Rules,
    Sessions,
    Wishes,
)

WISHES = 5
ABROAD = 0.15
#: The slots of a group session: 60 days with a morning and an afternoon.
DAYS, SLOTS = 60, ((540, 660), (840, 960))


@dataclass(frozen=True)
class Size:
    """How large a generated market is: districts, people, fields, schools a district."""

    districts: int
    people: int
    fields: int
    schools: int
    seats: int
    groups: bool = False
    minimum: bool = False


SIZES = {
    "city": Size(1, 320, 5, 6, 14),
    "district": Size(1, 30_623, 23, 40, 25),
    "x4": Size(4, 122_492, 23, 40, 25),
    "seoul": Size(25, 765_575, 23, 40, 25),
    "korea": Size(85, 2_600_000, 23, 40, 25),
    "district-min": Size(1, 30_623, 23, 40, 25, minimum=True),
    "groups-13": Size(1, 320, 5, 9, 40, groups=True, minimum=True),
    "groups-120": Size(1, 3_000, 12, 20, 40, groups=True, minimum=True),
    "groups-1225": Size(1, 30_623, 23, 40, 40, groups=True, minimum=True),
    "groups-4899": Size(4, 122_492, 23, 40, 40, groups=True, minimum=True),
    "groups-seoul": Size(25, 765_575, 23, 40, 40, groups=True, minimum=True),
}


def generate(size: str, seed: int = 1, load: int = 90) -> Market:
    """A market of one of `SIZES`; `load` is seats offered in percent of the people."""
    if size not in SIZES:
        raise ValueError(f"the size is one of {', '.join(SIZES)}, not {size!r}")
    spec = SIZES[size]
    rng = np.random.default_rng([seed, spec.districts, spec.people, load])
    people = _head_counts(rng, spec)
    sessions, pools = _sessions(rng, spec, int(people.sum()), load)
    school = np.sort(rng.integers(0, spec.districts * spec.schools, len(people)))
    school = np.unique(school, return_inverse=True)[1].astype(np.int64)
    choice = _choices(rng, spec, school, pools)
    applicants, wishes = _applicants(rng, people, school, choice)
    names = tuple(f"school-{c}" for c in range(int(school.max()) + 1))
    teams = int(sessions.clash_key.max()) + 1 if len(sessions.clash_key) else 0
    return Market(
        sessions=sessions,
        applicants=applicants,
        wishes=wishes,
        schools=names,
        clash_names=tuple(f"team-{k}" for k in range(teams)),
        clash_capacity=np.ones(teams, np.int64),
        day_names=(),
        day_capacity=np.zeros(0, np.int64),
        budget_names=(),
        budget_limit=np.zeros(0, np.int64),
        rules=Rules(seed=f"generated-{seed}"),
    )


def _head_counts(rng: np.random.Generator, spec: Size) -> Ints:
    if not spec.groups:
        return np.ones(spec.people, np.int64)
    count = max(1, round(spec.people / 24.6))
    return np.asarray(rng.integers(15, 35, count), dtype=np.int64)


@dataclass(frozen=True)
class _Pools:
    """Sessions sorted by district and field: `order[low[b]:high[b]]` is one pool."""

    order: Ints
    low: Ints
    high: Ints
    popularity: np.ndarray


def _sessions(
    rng: np.random.Generator, spec: Size, people: int, load: int
) -> tuple[Sessions, _Pools]:
    count = max(spec.fields, round(load * people / 100 / spec.seats))
    popularity = 1.0 / np.arange(1, spec.fields + 1) ** 0.9
    popularity /= popularity.sum()
    supply = popularity**0.6 / (popularity**0.6).sum()
    field = rng.choice(spec.fields, count, p=supply).astype(np.int64)
    field[: spec.fields] = np.arange(spec.fields)
    district = np.arange(count, dtype=np.int64) % spec.districts
    share = rng.uniform(0.5, 1.5, count)
    seats = np.maximum(4, np.round(share / share.sum() * load / 100 * people)).astype(np.int64)
    least = np.maximum(2, seats * 6 // 10) if spec.minimum else np.zeros(count, np.int64)
    start = np.full(count, NO_SLOT, np.int64)
    end = start.copy()
    clash_ptr, clash_key = np.zeros(count + 1, np.int64), np.zeros(0, np.int64)
    if spec.groups:
        day = rng.integers(0, DAYS, count)
        half = rng.integers(0, 2, count)
        start = day * 1440 + np.where(half == 0, SLOTS[0][0], SLOTS[1][0])
        end = day * 1440 + np.where(half == 0, SLOTS[0][1], SLOTS[1][1])
        clash_key = (np.arange(count, dtype=np.int64) // 25).astype(np.int64)
        clash_ptr = np.arange(count + 1, dtype=np.int64)
    zero = np.zeros(count, np.int64)
    sessions = Sessions(
        id=tuple(f"s{i}" for i in range(count)),
        host=tuple(f"host-{i}" for i in (np.arange(count) // 25).tolist()),
        district=tuple(f"district-{i}" for i in district.tolist()),
        start=start.astype(np.int64),
        end=end.astype(np.int64),
        min=least.astype(np.int64),
        max=seats,
        open=np.zeros(count, np.bool_),
        fixed_cost=zero,
        seat_cost=zero.copy(),
        day_limit=np.full(count, NONE, np.int64),
        budget=np.full(count, NONE, np.int64),
        clash_ptr=clash_ptr,
        clash_key=clash_key,
    )
    order = np.lexsort((field, district)).astype(np.int64)
    key = district[order] * spec.fields + field[order]
    pools = np.arange(spec.districts * spec.fields)
    low = np.searchsorted(key, pools).astype(np.int64)
    high = np.searchsorted(key, pools, side="right").astype(np.int64)
    return sessions, _Pools(order, low, high, popularity)


def _choices(rng: np.random.Generator, spec: Size, school: Ints, pools: _Pools) -> Ints:
    """Sessions by rank [applicants, WISHES], -1 where fewer could be drawn."""
    count = len(school)
    schools = int(school.max()) + 1
    taste = rng.gamma(pools.popularity * 12 + 1e-3, 1.0, (schools, spec.fields))
    sums = (taste / taste.sum(1, keepdims=True)).cumsum(1)
    home = school * spec.districts // schools
    choice = np.full((count, WISHES), -1, np.int64)
    for k in range(WISHES):
        todo = np.arange(count)
        for _ in range(6):
            if not len(todo):
                break
            dice = rng.random(len(todo))
            field = (dice[:, None] > sums[school[todo]]).sum(1).clip(max=spec.fields - 1)
            stay = rng.random(len(todo)) >= ABROAD
            place = np.where(stay, home[todo], rng.integers(0, spec.districts, len(todo)))
            pool = place * spec.fields + field
            width = pools.high[pool] - pools.low[pool]
            index = pools.low[pool] + (rng.random(len(todo)) * width).astype(np.int64)
            session = pools.order[np.minimum(index, len(pools.order) - 1)]
            good = (width > 0) & ~(choice[todo] == session[:, None]).any(1)
            choice[todo[good], k] = session[good]
            todo = todo[~good]
    return choice


def _applicants(
    rng: np.random.Generator, people: Ints, school: Ints, choice: Ints
) -> tuple[Applicants, Wishes]:
    count = len(people)
    there = choice >= 0
    ptr = np.concatenate([[0], np.cumsum(there.sum(1))]).astype(np.int64)
    rank = (np.cumsum(there, axis=1) - 1)[there].astype(np.int64)
    stops = choice[there]
    zero = np.zeros(count, np.int64)
    none = np.zeros(0, np.int64)
    applicants = Applicants(
        id=tuple(f"a{i}" for i in range(count)),
        school=school,
        people=people,
        wants=np.ones(count, np.int64),
        all_or_none=np.zeros(count, np.bool_),
        split_smallest=zero,
        split_parts=zero.copy(),
        priority=zero.copy(),
        busy_ptr=np.zeros(count + 1, np.int64),
        busy_start=none,
        busy_end=none.copy(),
        wish_ptr=ptr,
    )
    total = len(stops)
    wishes = Wishes(
        rank=rank,
        cost=rng.integers(0, 60, total).astype(np.int64),
        priority=np.zeros(total, np.int64),
        stop_ptr=np.arange(total + 1, dtype=np.int64),
        stop_session=stops,
        stop_seats=np.full(total, NONE, np.int64),
        stop_travel=np.zeros(total, np.int64),
    )
    return applicants, wishes
