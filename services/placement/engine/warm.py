"""`python -m services.placement.engine.warm`: compile every kernel once, for the cache.

Run when an image is built, so that the first run of a process never pays for a compiler.
"""

import numpy as np

from services.placement.engine import Market, Reasons, flow_warm, repair, solve
from services.placement.engine.groups_anneal import improved
from services.placement.engine.groups_ascent import Dual
from services.placement.engine.groups_dive import APPLICANTS
from services.placement.engine.groups_master import Master
from services.placement.engine.groups_model import build
from services.placement.engine.market import MODES


def smallest(people: tuple[int, ...], least: int, most: int) -> Market:
    """Applicants of these sizes who all want the first session most, the last of them by far."""
    one = {"host": "h", "district": "d", "start": 0, "end": 60, "min": least, "max": most}
    wish = {"travel": 0, "cost": 0}
    return Market.from_json(
        {
            "format": "ieum.market",
            "version": 1,
            "sessions": [{"id": name, **one} for name in ("first", "second")],
            "applicants": [
                {
                    "id": f"a{i}",
                    "school": "k",
                    "people": n,
                    "wishes": [
                        {"stops": ["first"], "rank": 0, **wish},
                        {"stops": ["second"], "rank": i + 1, **wish},
                    ],
                }
                for i, n in enumerate(people)
            ],
        }
    )


def main() -> None:
    """Compile the kernels of flow, repair, stable, prices and groups, with every caller's types."""
    flow_warm.warm()
    persons()
    groups()
    ascent()
    exchange()


def persons() -> None:
    """Three persons and two seats, in both modes; why not; and what if one seat is lost."""
    market = smallest((1, 1, 1), 0, 1)
    for mode in MODES:
        answer = solve(market, mode=mode)
        book = Reasons(answer)
        for applicant in range(len(market.applicants)):
            book.explain(applicant)
        repair(market, answer, {"kind": "cancel_session", "session": "first"})


def groups() -> None:
    """Run one small group market: what a process pays at its first run is paid then."""
    solve(smallest((2, 3), 1, 9))


def ascent() -> None:
    """Evaluate the bound of a program once; only large ones are solved by steps."""
    master = Master(build(smallest((2, 3), 1, 9)), [])
    dual = Dual(master, np.ones(len(master.low), np.int64), master.low, master.high)
    prices = np.zeros(len(master.keep))
    valued = dual.value(prices)
    if valued is not None:
        dual.slack(valued[1], prices)


def exchange() -> None:
    """Look for moves and dive once; only assignments that are not proved at once come so far."""
    market = smallest((1,) * (2 * APPLICANTS + 1), 0, 3 * APPLICANTS)
    master = Master(build(market), [])
    cost = np.arange(len(master.low), dtype=np.int64)
    cost[master.blocks.z] = 0
    x = np.array(master.low, dtype=np.int64)
    x[master.blocks.item[: len(market.applicants)]] = 1
    improved(master, cost, x, lambda _: True, 2)


if __name__ == "__main__":
    main()
