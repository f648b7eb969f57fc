"""Markets of persons alone: solved exactly as a flow, or by deferred acceptance.

Where everybody is one person who wants one seat, and nothing ties sessions together (no minimum
to reach, no team clash, day limit, budget or cap), the integer program is a flow: `flow` solves it
at any size with prices as its proof. This room translates columns; it makes no object per person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.placement.engine import flow, stable
from services.placement.engine.answer import (
    Answer,
    Progress,
    StageResult,
    numbers_of_columns,
)
from services.placement.engine.answer_check import Infeasible
from services.placement.engine.flow_bound import Loose
from services.placement.engine.groups_model import clash_moments
from services.placement.engine.market import Flags, Ints, Market
from services.placement.engine.market_draws import draw_places
from services.placement.engine.market_filters import barred
from services.placement.engine.once import once
from services.placement.engine.stages import BOUNDED, CLAIMED, PROVED
from services.placement.engine.stages_leximin import wished_share
from services.placement.engine.watch import Watch


def fits_flow(market: Market, *, minimums: bool = False, everybody: bool = False) -> bool:
    """Whether the market is a pure flow: single seats, and no rule ties sessions together.

    With `minimums` sessions may have minimum sizes, with `everybody` all may have to be placed.
    """
    a, w, s, rules = market.applicants, market.wishes, market.sessions, market.rules
    single = bool((a.people == 1).all() and (a.wants == 1).all() and (a.split_parts == 0).all())
    stops = len(w.stop_session) == len(w) and bool((np.abs(w.stop_seats) == 1).all())
    loose = minimums or bool(((s.min == 0) | s.open).all())
    caps = rules.max_schools is None and rules.max_students is None
    free = everybody or not rules.must_place_all
    limits = not len(market.budget_names) and not len(market.day_names)
    if not (single and stops and loose and caps and free and limits):
        return False
    return not len(s.clash_key) or not clash_moments(market)


class PersonColumns:
    """The wishes that may be granted, and where each stands in the market."""

    def __init__(self, market: Market) -> None:
        open_wish: Flags = ~barred(market)
        self.wish = np.nonzero(open_wish)[0]
        counts = np.bincount(market.wish_applicant[self.wish], minlength=len(market.applicants))
        self.start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.session = market.wishes.stop_session[self.wish].astype(np.int32)
        self.rank = market.wishes.rank[self.wish].astype(np.int32)
        self.fixed: Ints | None = None
        if market.rules.fixed:
            where = np.full(len(market.wishes), -1, np.int64)
            where[self.wish] = np.arange(len(self.wish))
            self.fixed = np.full(len(market.applicants), -1, np.int64)
            for f in market.rules.fixed:
                if where[f.wish] < 0:
                    facts = {"applicant": market.applicants.id[f.applicant]}
                    raise Infeasible("fixed_barred", facts)
                self.fixed[f.applicant] = where[f.wish]

    def answer(self, seat: Ints) -> tuple[Ints, Ints, Ints]:
        """Part columns of the granted wishes."""
        who = np.nonzero(seat >= 0)[0].astype(np.int64)
        wish = self.wish[seat[who]].astype(np.int64)
        return who, wish, np.ones(len(who), np.int64)


@once
def person_columns(market: Market) -> PersonColumns:
    """The columns of a market, which both modes and their comparison ask for."""
    return PersonColumns(market)


def flow_market(market: Market, columns: PersonColumns, draw: Ints) -> flow.FlowMarket:
    """The market as the flow solver takes it."""
    size = np.bincount(market.applicants.school, minlength=len(market.schools))
    return flow.FlowMarket(
        wish_start=columns.start,
        wish_session=columns.session,
        wish_rank=columns.rank,
        wish_cost=market.wishes.cost[columns.wish].astype(np.int32),
        capacity=market.sessions.max.astype(np.int32),
        school=market.applicants.school.astype(np.int32),
        lottery=draw,
        fixed=columns.fixed,
        school_size=size.astype(np.int64),
    )


def solve_flow_market(market: Market, draw: Ints, watch: Watch) -> Answer:
    """All stages of `max` mode by flow; `placed` is the first, or everybody must be placed."""
    columns = person_columns(market)
    stages = market.rules.stages

    def heard(progress: flow.Progress) -> bool:
        if watch.expired():
            return False
        index = stages.index(progress.stage) if progress.stage in stages else 0
        shown = Progress(
            progress.stage,
            index,
            len(stages),
            progress.placed if index == 0 else None,
            None,
            {"placed": progress.placed},
        )
        return watch.tell(shown)

    must = market.rules.must_place_all
    try:
        found = flow.solve_flow(flow_market(market, columns, draw), stages, heard, everybody=must)
    except flow.NotAllPlaced as error:
        raise _not_all(market, proved=True) from error
    except ValueError as error:
        raise Infeasible("fixed_full", {"detail": str(error)}) from error
    if must and (found.seat_wish < 0).any():
        raise _not_all(market, proved=False)
    parts = columns.answer(found.seat_wish)
    values = stage_values(market, parts, draw)
    results: list[StageResult] = []
    arrays: dict[str, Ints] = dict(found.evidence)
    for stage in stages:
        if stage in found.finished:
            known: dict[str, Any] = {"kind": "flow", "array": stage}
            results.append(StageResult(stage, values[stage], values[stage], PROVED, {}, known))
        else:
            results.append(loose_result(market, stage, values[stage], found.loose, arrays))
    cut = len(found.finished) < len(stages)
    return Answer(
        market, "max", parts, results, reproducible=not cut, engine="flow", evidence_arrays=arrays
    )


def loose_result(
    market: Market, stage: str, value: int, loose: Mapping[str, Loose], arrays: dict[str, Ints]
) -> StageResult:
    """A stage that was not finished, with the bound that prices in hand prove; adds to `arrays`."""
    if stage == "leximin":
        share = wished_share(market, ~barred(market))
        return StageResult(stage, value, share, BOUNDED, {}, {"kind": "wishes"})
    if stage not in loose:
        return StageResult(stage, value, None, CLAIMED)
    # Not under the stage's own name: reasons and repairs take those for the prices of an optimum.
    found, name = loose[stage], f"{stage}_bound"
    arrays[name] = found.price
    known = {"kind": "prices", "array": name, "charge": found.charge}
    claim = PROVED if found.bound == value else BOUNDED
    return StageResult(stage, value, found.bound, claim, {}, known)


def _not_all(market: Market, *, proved: bool) -> Infeasible:
    facts = {"must_place_all": True, "fixed": len(market.rules.fixed), "proved": proved}
    return Infeasible("infeasible" if proved else "none_found", facts)


def stage_values(market: Market, parts: tuple[Ints, Ints, Ints], draw: Ints) -> dict[str, int]:
    """The value of every stage for a placement of persons."""
    found = numbers_of_columns(market, *parts)
    values = {"placed": found["placed"], "rank": found["rank"], "cost": found["cost"]}
    values["leximin"] = found["worst_school"]
    values["lottery"] = int(draw[parts[0]].sum())
    return values


@once
def stable_market(market: Market) -> stable.StableMarket:
    """The market as deferred acceptance takes it; applicants' priority classes go first."""
    columns, draw = person_columns(market), draw_places(market)
    own = market.wishes.priority[columns.wish]
    general = market.applicants.priority[market.wish_applicant[columns.wish]]
    classes = general * (int(own.max(initial=0)) + 1) + own
    if classes.max(initial=0) > np.iinfo(np.int32).max:
        _, classes = np.unique(classes, return_inverse=True)
    return stable.StableMarket(
        wish_start=columns.start,
        wish_session=columns.session,
        wish_rank=columns.rank,
        wish_priority=classes.astype(np.int32),
        capacity=market.sessions.max.astype(np.int32),
        lottery=draw,
    )


def solve_stable_market(market: Market, draw: Ints) -> Answer:
    """Deferred acceptance: no justified envy, ties by lottery; it optimises no stage."""
    columns = person_columns(market)
    try:
        seat = stable.solve_stable(stable_market(market), columns.fixed)
    except ValueError as error:
        raise Infeasible("fixed_full", {"detail": str(error)}) from error
    parts = columns.answer(seat)
    values = stage_values(market, parts, draw)
    results = [
        StageResult(s, values[s], None, CLAIMED, {"optimised": False}) for s in market.rules.stages
    ]
    return Answer(market, "stable", parts, results, engine="stable")


def envious(market: Market, answer: Answer) -> int:
    """Applicants with justified envy in an answer of persons alone."""
    columns = person_columns(market)
    where = np.full(len(market.wishes), -1, np.int64)
    where[columns.wish] = np.arange(len(columns.wish))
    seat = np.full(len(market.applicants), -1, np.int64)
    who, wish, _ = answer.columns
    seat[who] = where[wish]
    problem = stable_market(market)
    return int(stable.justified_envy(problem, seat, columns.fixed)[0])
