"""Repair after a change: who must move, proven to be as few as possible, before anything is done.

Stages, each held by a row while the next is optimised: people seated before who keep a seat (so
nobody loses one if any answer keeps them all), placed, rank, people moved, lottery. Accepted
placements are frozen: they are fixed unless the change itself made them impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.placement.engine.answer import Answer, Part, Progress, columns_of_parts, part_json
from services.placement.engine.answer_check import Infeasible, breaches
from services.placement.engine.groups import check_fixed
from services.placement.engine.groups_highs import Solved, objective_row
from services.placement.engine.groups_model import Model, build
from services.placement.engine.groups_points import encode, linear_cost
from services.placement.engine.groups_state import State, Static
from services.placement.engine.market import Fixed, Ints, Market
from services.placement.engine.market_draws import draw_places
from services.placement.engine.repair_changes import Change, changed
from services.placement.engine.repair_flow import STAGES, repair_flow
from services.placement.engine.stages import Run, refresh, stage_result
from services.placement.engine.watch import Watch


@dataclass(frozen=True)
class Move:
    """One applicant whose placement differs: its parts before and after."""

    applicant: str
    school: str
    people: int
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]

    @property
    def change(self) -> str:
        """`placed` (had no seat), `lost` (has none now) or `moved`."""
        if not self.before:
            return "placed"
        return "moved" if self.after else "lost"

    def to_json(self) -> dict[str, Any]:
        """The preview row."""
        return {
            "applicant": self.applicant,
            "school": self.school,
            "people": self.people,
            "change": self.change,
            "before": self.before,
            "after": self.after,
        }


@dataclass
class Repair:
    """A repaired answer on the changed market, with who would move where."""

    answer: Answer
    moved: list[Move]
    kept_all: bool
    before: dict[str, Any]

    @property
    def preview(self) -> list[dict[str, Any]]:
        """One row for every applicant whose placement changes, in file order."""
        return [m.to_json() for m in self.moved]

    def to_json(self) -> dict[str, Any]:
        """Numbers before and after, whether all kept a seat, stages and preview rows."""
        return {
            "market": self.answer.market.hash(),
            "before": self.before,
            "after": self.answer.numbers,
            "kept_all": self.kept_all,
            "people_moved": sum(m.people for m in self.moved if m.change == "moved"),
            "stages": [s.to_json() for s in self.answer.stages],
            "preview": self.preview,
        }


def carry_over(old: Market, new: Market, parts: Iterable[Part]) -> list[Part]:
    """The parts of the old answer whose applicant and wish still exist in the new market."""
    out: list[Part] = []
    for p in parts:
        a = new.applicant_index.get(old.applicants.id[p.applicant])
        position = p.wish - int(old.applicants.wish_ptr[p.applicant])
        if a is not None and position < len(new.wishes_of(a)):
            out.append(Part(a, new.wishes_of(a)[position], p.people))
    return out


def repair(
    market: Market,
    answer: Answer,
    change: Change | Sequence[Change],
    *,
    frozen: Iterable[str] = (),
    time_limit: float | None = None,
    on_progress: Callable[[Progress], bool] | None = None,
    now: Callable[[], float] | None = None,
) -> Repair:
    """Repair `answer` after `change`, moving as few people as possible.

    `frozen` names the applicants whose placement is accepted; they stay where they are unless
    the change took their place away. Raises `MarketErrors` for a change that does not fit, and
    `Infeasible` when nothing keeps the rules.
    """
    names = list(frozen)
    quick = repair_flow(market, answer, change, names, draw_places(market))
    if quick is not None:
        moves = _moves(market, answer.parts, quick.market, quick.parts)
        return Repair(quick, moves, all(m.change != "lost" for m in moves), answer.numbers)
    new = changed(market, change)
    old = carry_over(market, new, answer.parts)
    barrier = Static.of(new).barrier
    held = set(names)
    fixed = {(f.applicant, f.wish): f for f in new.rules.fixed}
    for p in old:
        if new.applicants.id[p.applicant] in held and barrier[p.wish] is None:
            fixed.setdefault((p.applicant, p.wish), Fixed(p.applicant, p.wish, p.people))
    rules = replace(new.rules, fixed=tuple(fixed.values()))
    fixed_market = replace(new, rules=rules)
    watch = _watch(time_limit, on_progress, now)
    repaired = _solve(fixed_market, old, watch)
    repaired.previous = tuple(old)
    moves = _moves(market, answer.parts, new, repaired.parts)
    before = {p.applicant for p in old}
    kept = before <= {p.applicant for p in repaired.parts}
    return Repair(repaired, moves, kept, answer.numbers)


def what_if(
    market: Market,
    answer: Answer,
    change: Change | Sequence[Change],
    *,
    frozen: Iterable[str] = (),
    time_limit: float | None = None,
    now: Callable[[], float] | None = None,
) -> Repair:
    """What a change would do; the same computation as `repair`, and nothing is changed by it."""
    return repair(market, answer, change, frozen=frozen, time_limit=time_limit, now=now)


def _watch(
    time_limit: float | None,
    on_progress: Callable[[Progress], bool] | None,
    now: Callable[[], float] | None,
) -> Watch:
    if time_limit is not None and now is None:
        raise ValueError("a time limit needs a clock")
    clock = now or (lambda: 0.0)
    end = None if time_limit is None else clock() + time_limit
    return Watch(clock, end, on_progress, len(STAGES))


def _solve(market: Market, old: list[Part], watch: Watch) -> Answer:
    model = build(market)
    check_fixed(market, model)
    run = Run(model, draw_places(market), watch)
    run.best = _start(market, model, old)
    for stage in STAGES:
        cost, constant, sign = _objective(run, stage, old)
        solved = Solved(None, None, None, finished=False)
        if not watch.expired() or run.best is None:
            solved = run.minimise(stage, cost, 0.6, sign)
            if run.best is None:
                raise Infeasible("infeasible", {"proved": solved.infeasible})
        value = int(cost @ run.point())
        run.results.append(stage_result(stage, value, sign, solved, constant))
        run.hold(objective_row(stage, cost, value))
    values: dict[str, int] = {}
    for stage in STAGES:
        cost, constant, sign = _objective(run, stage, old)
        values[stage] = sign * int(cost @ run.point()) + constant
    refresh(run.results, values)
    parts = run.parts()
    broken = breaches(market, parts)
    if broken:
        raise AssertionError(f"the repair breaks a rule: {broken[0]}")
    return Answer(market, "max", columns_of_parts(parts), run.results, engine="repair")


def _start(market: Market, model: Model, old: list[Part]) -> Ints | None:
    """A feasible first point: the old placement without what became impossible, or nothing."""
    state = State(Static.of(market))
    for f in market.rules.fixed:
        state.add(Part(f.applicant, f.wish, f.people))
    for p in old:
        if p not in state.own.get(p.applicant, []) and state.refusal(p) is None:
            state.add(p)
    for parts in (
        state.parts(),
        tuple(Part(f.applicant, f.wish, f.people) for f in market.rules.fixed),
    ):
        if not breaches(market, parts):
            return encode(model, parts)
    return None


def _objective(run: Run, stage: str, old: list[Part]) -> tuple[Ints, int, int]:
    """Cost to minimise, constant to add, and the sign that turns it into the reported value."""
    model = run.model
    if stage in {"placed", "rank", "lottery"}:
        return linear_cost(model, stage, run.draw), 0, -1 if stage == "placed" else 1
    cost = np.zeros(model.columns, np.int64)
    if stage == "kept":
        seated = {p.applicant for p in old}
        for a in seated:
            for w in run.market.wishes_of(a):
                for column, people in model.people(w):
                    cost[column] -= people
        return cost, 0, -1
    total = 0
    for p in old:
        total += p.people
        if model.g[p.wish] >= 0:
            cost[int(model.g[p.wish])] -= p.people
    return cost, total, 1


def _moves(before: Market, old: Iterable[Part], after: Market, new: Iterable[Part]) -> list[Move]:
    was: dict[str, list[dict[str, Any]]] = {}
    now: dict[str, list[dict[str, Any]]] = {}
    for market, parts, rows in ((before, old, was), (after, new, now)):
        for p in parts:
            rows.setdefault(market.applicants.id[p.applicant], []).append(part_json(market, p))
    x = after.applicants
    return [
        Move(
            name,
            after.schools[int(x.school[a])],
            int(x.people[a]),
            was.get(name, []),
            now.get(name, []),
        )
        for a, name in enumerate(x.id)
        if was.get(name, []) != now.get(name, [])
    ]
