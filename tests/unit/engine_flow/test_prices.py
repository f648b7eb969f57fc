"""Facts read from prices, against a forced second solve."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import HealthCheck, given, settings

from services.placement.engine.fairness import leximin_key, school_shares, worst_school
from services.placement.engine.flow import FlowMarket, solve_flow
from services.placement.engine.prices import Prices
from tests.unit.engine_flow.small_markets import answers, market_of, small_markets

quick = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(small_markets(top=9))
def test_a_sealed_region_is_really_sealed(market: FlowMarket) -> None:
    answer = solve_flow(market, ("placed", "rank"))
    prices = Prices(market, answer)
    for i in np.nonzero(answer.seat_wish < 0)[0].tolist():
        region = prices.sealed_region(i)
        if market.wish_start[i] == market.wish_start[i + 1]:
            assert region is None
            continue
        assert region is not None
        assert len(region.people) == region.seats
        inside = set(region.sessions.tolist())
        for j in [i, *region.people.tolist()]:
            wishes = market.wish_session[market.wish_start[j] : market.wish_start[j + 1]]
            assert set(wishes.tolist()) <= inside


@quick
@given(small_markets(people=5, top=9))
def test_the_price_of_a_wish_is_the_cost_of_forcing_it(market: FlowMarket) -> None:
    answer = solve_flow(market, ("placed", "rank"))
    prices = Prices(market, answer)
    for i in np.nonzero(answer.seat_wish < 0)[0].tolist():
        for wish in range(int(market.wish_start[i]), int(market.wish_start[i + 1])):
            if market.capacity[market.wish_session[wish]] == 0:
                continue
            forced = np.full(len(market.school), -1, np.int64)
            forced[i] = wish
            again = dataclasses.replace(market, fixed=forced)
            best = min(
                sum(int(market.wish_rank[w]) for w in a if w >= 0)
                for a in answers(again)
                if sum(w >= 0 for w in a) == answer.numbers["placed"]
            )
            extra = best - answer.numbers["rank"]
            fact = prices.wish_price(wish)
            rank = int(market.wish_rank[wish])
            assert rank + fact.steps <= extra
            if fact.leaver >= 0:
                seat = answer.seat_wish.copy()
                seat[fact.leaver] = -1
                seat[fact.movers] = fact.to_wish
                seat[i] = wish
                assert tuple(seat.tolist()) in set(answers(market))
                taken = [int(market.wish_rank[w]) for w in seat if w >= 0]
                assert sum(taken) - answer.numbers["rank"] == extra


def test_the_lottery_cutoff_names_both_numbers_and_whom_to_envy() -> None:
    market = market_of([[(0, 0, 0)], [(0, 0, 0)], [(0, 0, 0)]], [2], [0, 1, 2], [9, 4, 7])
    answer = solve_flow(market, ("placed", "rank", "lottery"))
    assert answer.seat_wish.tolist() == [-1, 1, 2]
    prices = Prices(market, answer)
    cutoff = prices.lottery_cutoff(0)
    assert (cutoff.position, cutoff.last, cutoff.last_applicant) == (2, 1, 2)
    assert prices.envied(0).tolist() == []


def test_shares_name_the_worst_school_exactly() -> None:
    school = np.array([0, 0, 0, 1, 1, 2])
    shares = school_shares(school, np.array([0, -1, 1, 2, -1, -1]), 4)
    assert worst_school(shares) == (2, 1, 1)
    assert [str(x) for x in leximin_key(shares)] == ["1", "1/2", "1/3"]
