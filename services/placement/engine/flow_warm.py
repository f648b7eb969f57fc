"""Compiles every kernel of the individual placement, for the build of the image.

numba keeps compiled code in its cache directory; running this once while the image is built spares
the first run of a process the compilation. Nothing is read or written but that cache.
"""

from __future__ import annotations

import numpy as np

from services.placement.engine.flow import STAGES, FlowMarket, solve_flow
from services.placement.engine.flow_repair import Change, Repair
from services.placement.engine.prices import Prices
from services.placement.engine.stable import StableMarket, justified_envy, solve_stable


def tiny_market() -> FlowMarket:
    """Four people, three sessions, one of them in vain; every stage has something to decide."""
    return FlowMarket(
        wish_start=np.array([0, 2, 4, 5, 6], np.int64),
        wish_session=np.array([0, 1, 0, 1, 0, 2], np.int32),
        wish_rank=np.array([0, 1, 0, 1, 0, 0], np.int32),
        wish_cost=np.array([0, 300, 0, 2, 1, 0], np.int32),
        capacity=np.array([1, 1, 2], np.int32),
        school=np.array([0, 1, 1, 0], np.int32),
        lottery=np.array([2, 0, 1, 3], np.int64),
        school_size=np.array([2, 2], np.int64),
    )


def warm() -> None:
    """Call each compiled function with the types that runs use."""
    market = tiny_market()
    answer = solve_flow(market)
    solve_flow(market, ("placed", "leximin", "rank", "cost", "lottery"))
    solve_flow(market, ("placed", *reversed(STAGES[1:])))
    solve_flow(market, STAGES, lambda _: False)
    prices = Prices(market, answer)
    prices.sealed_region(int(np.nonzero(answer.seat_wish < 0)[0][0]))
    repair = Repair(market, answer.seat_wish, answer.evidence)
    repair.preview(Change(capacity={1: 0}))
    repair.apply(Change(capacity={0: 2}, withdrawn=(3,)))
    stable = StableMarket(
        market.wish_start,
        market.wish_session,
        market.wish_rank,
        np.zeros(len(market.wish_rank), np.int32),
        market.capacity,
        market.lottery,
    )
    justified_envy(stable, solve_stable(stable))
