"""Solving a market: the chosen mode's answer, and the other mode's numbers beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.placement.engine.answer import (
    Answer,
    Progress,
    StageResult,
    columns_of_parts,
    stage_value,
)
from services.placement.engine.answer_check import Infeasible
from services.placement.engine.groups import solve_groups
from services.placement.engine.groups_serial import blocking_pairs, serial
from services.placement.engine.groups_state import State, Static
from services.placement.engine.market import MODES, Ints, Market
from services.placement.engine.market_draws import draw_places
from services.placement.engine.solve_individuals import (
    envious,
    fits_flow,
    solve_flow_market,
    solve_stable_market,
)
from services.placement.engine.solve_minimum import MANY, solve_minimum_market
from services.placement.engine.stages import CLAIMED, PROVED
from services.placement.engine.watch import Watch

#: The other mode's numbers may use at most this share of the time.
COMPARISON_SHARE = 0.25
#: Checking an answer and its numbers take so many times as long as the four numbers alone; that
#: much is kept of the time, up to this share of it.
JUDGING, JUDGING_SHARE = 3.0, 0.1


def _still() -> float:
    """The clock of a run without a clock: no time passes, so nothing is limited by it."""
    return 0.0


def solve(
    market: Market,
    *,
    mode: str | None = None,
    time_limit: float | None = None,
    on_progress: Callable[[Progress], bool] | None = None,
    now: Callable[[], float] | None = None,
    compare: bool = True,
) -> Answer:
    """Place a market in `mode` (default: the rules' own) and report both modes' numbers.

    `time_limit` (seconds) is measured with `now`, a monotonic clock, which is then required.
    `on_progress` is called at least twice a second while the solver works and answers whether to
    go on; on False, or when time is up, the best answer found is returned with the bound reached.
    Raises `Infeasible` when no placement keeps every rule.
    """
    chosen = mode or market.rules.mode
    if chosen not in MODES:
        raise ValueError(f"the mode is one of {', '.join(MODES)}, not {chosen!r}")
    if time_limit is not None and now is None:
        raise ValueError("a time limit needs a clock")
    clock = now or _still
    begin = clock()
    end = None if time_limit is None else begin + time_limit
    draw = draw_places(market)
    stages = len(market.rules.stages)
    other: tuple[dict[str, Any], Answer | None] = ({}, None)
    main = end
    if compare and chosen == "max":
        # Serial acceptance is quick, and where the program has to search, a good beginning.
        quarter = None if time_limit is None else begin + time_limit * COMPARISON_SHARE
        other = _compare(market, "stable", draw, Watch(clock, quarter, None, stages))
        if time_limit is not None:
            main = begin + time_limit - _judging(market, other[1], draw, clock, time_limit)
    elif time_limit is not None and compare:
        main = begin + time_limit * (1 - COMPARISON_SHARE)
    watch = Watch(clock, main, on_progress, stages)
    answer = _in_mode(market, chosen, draw, watch, other[1])
    if compare and not watch.stopped:
        answer.comparison = four_numbers(market, answer, draw)
        if chosen == "stable":
            other = _compare(market, "max", draw, Watch(clock, end, None, stages))
        answer.other_mode, answer.other = other
    return answer


def _in_mode(
    market: Market, mode: str, draw: Ints, watch: Watch, start: Answer | None = None
) -> Answer:
    """Solve in one mode by the method that fits the market; `start` keeps every rule."""
    persons = fits_flow(market)
    if mode == "stable":
        return solve_stable_market(market, draw) if persons else solve_stable(market, draw, watch)
    if persons and market.rules.stages[0] == "placed":
        return solve_flow_market(market, draw, watch)
    if market.rules.must_place_all and fits_flow(market, everybody=True):
        return solve_flow_market(market, draw, watch)
    many = len(market.applicants) > MANY and market.rules.stages[0] == "placed"
    if many and fits_flow(market, minimums=True) and not _fixed_at_minimum(market):
        return solve_minimum_market(market, draw, watch)
    return solve_groups(market, draw, watch, () if start is None else start.parts)


def _fixed_at_minimum(market: Market) -> bool:
    """Whether a fixed placement keeps a session running that has a minimum to reach."""
    x, wishes = market.sessions, market.wishes
    at = [int(wishes.stop_session[wishes.stop_ptr[f.wish]]) for f in market.rules.fixed]
    return any(bool(x.min[s] > 0) and not bool(x.open[s]) for s in at)


def solve_stable(market: Market, draw: Ints, watch: Watch) -> Answer:
    """Serial acceptance for groups; its values carry no bound, since it optimises nothing."""
    static = Static.of(market)
    state = serial(market, draw, static, lambda: not watch.expired())
    if state is None:
        raise Infeasible("none_found", {"mode": "stable", "proved": False})
    parts = state.parts()
    stages = [
        StageResult(s, stage_value(market, s, parts, draw), None, CLAIMED, {"optimised": False})
        for s in market.rules.stages
    ]
    return Answer(market, "stable", columns_of_parts(parts), stages, engine="serial")


def _compare(
    market: Market, mode: str, draw: Ints, watch: Watch
) -> tuple[dict[str, Any], Answer | None]:
    """The four numbers of the other mode, how far they can be trusted, and its answer."""
    try:
        answer = _in_mode(market, mode, draw, watch)
    except Infeasible:
        return {"mode": mode, "status": "not available"}, None
    exact = mode == "stable" or all(s.claim == PROVED for s in answer.stages)
    status = "exact" if exact else "bounded"
    return {"mode": mode, "status": status, **four_numbers(market, answer, draw)}, answer


def _judging(
    market: Market, other: Answer | None, draw: Ints, clock: Callable[[], float], limit: float
) -> float:
    """Seconds to keep for what follows the search: its answer is checked, and judged by numbers.

    Judging the other mode's answer again tells how long that takes here.
    """
    if other is None:
        return 0.0
    begin = clock()
    four_numbers(market, other, draw)
    return min(limit * JUDGING_SHARE, JUDGING * (clock() - begin))


def four_numbers(market: Market, answer: Answer, draw: Ints) -> dict[str, Any]:
    """Placed, rank sum, worst school's share and justified envy (for groups: blocking pairs)."""
    four = {k: answer.numbers[k] for k in ("placed", "rank", "worst_school")}
    if fits_flow(market):
        return {**four, "justified_envy": envious(market, answer)}
    state = State(Static.of(market), answer.parts)
    return {**four, "justified_envy": len(blocking_pairs(state, draw))}
