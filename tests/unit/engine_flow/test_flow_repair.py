"""The repair against enumeration: nobody loses needlessly, and nobody moves needlessly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.placement.engine.flow import FlowMarket, solve_flow
from services.placement.engine.flow_repair import Change, Repair
from tests.unit.engine_flow.small_markets import answers, market_of, small_markets

quick = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


def key(
    market: FlowMarket, before: np.ndarray, seats: tuple[int, ...], displaced: set[int]
) -> tuple[int, ...]:
    """(placed, displaced seated, rank, moved), each to be minimised."""
    n = len(seats)
    placed = sum(w >= 0 for w in seats)
    again = sum(seats[i] >= 0 for i in displaced)
    rank = sum(int(market.wish_rank[w]) for w in seats if w >= 0)
    moved = sum(seats[i] >= 0 and before[i] >= 0 and seats[i] != before[i] for i in range(n))
    return (-placed, -again, rank, moved)


@quick
@given(small_markets(people=5, top=9), st.data())
def test_a_cancelled_session_is_repaired_with_the_fewest_moves(
    market: FlowMarket, data: st.DataObject
) -> None:
    answer = solve_flow(market, ("placed", "rank", "leximin"))
    seated = answer.seat_wish >= 0
    frozen = np.array([data.draw(st.booleans()) for _ in seated], np.bool_) & seated
    gone = data.draw(st.integers(0, len(market.capacity) - 1))
    repair = Repair(market, answer.seat_wish, answer.evidence, frozen)
    out = repair.apply(Change(capacity={gone: 0}))
    capacity = market.capacity.copy()
    capacity[gone] = 0
    displaced = set(out.displaced.tolist())
    at_gone = seated & (np.append(market.wish_session, -1)[answer.seat_wish] == gone)
    assert displaced == set(np.nonzero(at_gone)[0].tolist())
    stays = np.where(frozen & ~at_gone, answer.seat_wish, -1)
    changed = dataclasses.replace(market, capacity=capacity, fixed=stays)
    kept = [i for i in range(len(seated)) if seated[i] and i not in displaced]
    fine = [a for a in answers(changed) if all(a[i] >= 0 for i in kept)]
    best = min(key(market, answer.seat_wish, a, displaced) for a in fine)
    assert key(market, answer.seat_wish, tuple(out.seat_wish.tolist()), displaced) == best
    assert tuple(out.seat_wish.tolist()) in fine
    assert set(out.lost.tolist()) <= displaced


@quick
@given(small_markets(people=5, top=9), st.data())
def test_a_freed_seat_is_used_as_well_as_enumeration_can(
    market: FlowMarket, data: st.DataObject
) -> None:
    answer = solve_flow(market, ("placed", "rank"))
    gone = data.draw(st.integers(0, len(market.school) - 1))
    out = Repair(market, answer.seat_wish, answer.evidence).apply(Change(withdrawn=(gone,)))
    seated = [i for i in np.nonzero(answer.seat_wish >= 0)[0].tolist() if i != gone]
    fine = [a for a in answers(market) if a[gone] < 0 and all(a[i] >= 0 for i in seated)]
    best = min(key(market, answer.seat_wish, a, set()) for a in fine)
    assert key(market, answer.seat_wish, tuple(out.seat_wish.tolist()), set()) == best


@quick
@given(small_markets(people=5, top=9), st.data())
def test_a_late_applicant_is_let_in_without_anybody_losing_a_seat(
    market: FlowMarket, data: st.DataObject
) -> None:
    late = data.draw(st.integers(0, len(market.school) - 1))
    start = market.wish_start.copy()
    keep = np.ones(len(market.wish_session), np.bool_)
    keep[start[late] : start[late + 1]] = False
    width = np.diff(start)
    width[late] = 0
    without = dataclasses.replace(
        market,
        wish_start=np.concatenate([[0], np.cumsum(width)]).astype(np.int64),
        wish_session=market.wish_session[keep],
        wish_rank=market.wish_rank[keep],
        wish_cost=market.wish_cost[keep],
    )
    answer = solve_flow(without, ("placed", "rank"))
    seats = np.where(
        answer.seat_wish >= 0, np.append(np.nonzero(keep)[0], -1)[answer.seat_wish], -1
    )
    absent = np.arange(len(seats)) == late
    repair = Repair(market, seats, answer.evidence, absent=absent)
    out = repair.apply(Change(arrived=(late,)))
    seated = np.nonzero(seats >= 0)[0].tolist()
    fine = [a for a in answers(market) if all(a[i] >= 0 for i in seated)]
    best = min(key(market, seats, a, set()) for a in fine)
    assert key(market, seats, tuple(out.seat_wish.tolist()), set()) == best


@quick
@given(small_markets(people=6, top=9), st.data())
def test_changes_one_after_another_leave_a_state_as_good_as_a_new_one(
    market: FlowMarket, data: st.DataObject
) -> None:
    answer = solve_flow(market, ("placed", "rank"))
    repair = Repair(market, answer.seat_wish, answer.evidence)
    capacity = market.capacity.copy()
    before = answer.seat_wish
    for _ in range(3):
        s = data.draw(st.integers(0, len(capacity) - 1))
        capacity[s] = data.draw(st.integers(0, 3))
        change = Change(capacity={s: int(capacity[s])})
        shown = repair.preview(change)
        out = repair.apply(change)
        assert (shown.seat_wish == out.seat_wish).all()
        changed = dataclasses.replace(market, capacity=capacity)
        assume(len(out.lost) == 0)
        seated = np.nonzero(before >= 0)[0].tolist()
        fine = [a for a in answers(changed) if all(a[i] >= 0 for i in seated)]
        best = min(key(market, before, a, set()) for a in fine)
        assert key(market, before, tuple(out.seat_wish.tolist()), set()) == best
        before = out.seat_wish


def test_a_preview_leaves_the_state_untouched() -> None:
    market = market_of([[(0, 0, 0), (1, 1, 0)], [(1, 0, 0)]], [1, 2], [0, 0], [1, 2])
    answer = solve_flow(market)
    repair = Repair(market, answer.seat_wish, answer.evidence)
    change = Change(capacity={0: 0})
    first = repair.preview(change)
    assert first.seat_wish.tolist() == [1, 2]
    assert first.displaced.tolist() == [0]
    assert repair.preview(Change()).seat_wish.tolist() == answer.seat_wish.tolist()
    assert repair.preview(change).seat_wish.tolist() == first.seat_wish.tolist()


def test_prices_that_prove_nothing_and_unknown_sessions_are_refused() -> None:
    market = market_of([[(0, 0, 0), (1, 1, 0)], [(0, 0, 0)]], [1, 2], [0, 0], [1, 2])
    answer = solve_flow(market)
    with pytest.raises(ValueError, match="prove"):
        Repair(market, np.array([1, -1]), answer.evidence)
    with pytest.raises(ValueError, match="session 7"):
        Repair(market, answer.seat_wish, answer.evidence).apply(Change(capacity={7: 1}))
