"""Solve every example market once, so that the kernels it takes are compiled into NUMBA_CACHE_DIR.

Run while placement's image is built, and not kept in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.placement.engine.answer_check import Infeasible
from services.placement.engine.market import MODES
from services.placement.engine.market_json import parse_market
from services.placement.engine.solve import solve

EXAMPLES = Path("contracts/examples/market")


def main() -> None:
    """Solve in both modes; a market that one of them cannot place has compiled its share."""
    for path in sorted(EXAMPLES.glob("*.market.json")):
        market = parse_market(path.read_bytes())
        for mode in MODES:
            try:
                solve(market, mode=mode, compare=False)
            except Infeasible:
                sys.stderr.write(f"{path.name} has no placement in mode {mode}\n")


if __name__ == "__main__":
    main()
