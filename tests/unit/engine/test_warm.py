"""What is compiled when an image is built is all that a run or a repair will call."""

from __future__ import annotations

import subprocess
import sys

PLAYED = """
import importlib, pkgutil
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from services.placement import engine
from services.placement.engine import Infeasible, Market, Reasons, repair, solve, warm
from services.placement.engine.market_json import parse_market
from tests.unit.engine.test_individuals import persons


def kernels():
    for found in pkgutil.iter_modules(engine.__path__):
        if found.name != "__main__":
            module = importlib.import_module(f"{engine.__name__}.{found.name}")
            yield from (x for x in vars(module).values() if isinstance(x, Dispatcher))


def signatures():
    return {(k.py_func.__qualname__, str(types)) for k in kernels() for types in k.signatures}


def play(market):
    for mode in ("max", "stable"):
        try:
            answer = solve(market, mode=mode)
            book = Reasons(answer)
            for applicant in range(len(market.applicants)):
                book.explain(applicant)
            for session in market.sessions.id[:2]:
                repair(market, answer, {"kind": "cancel_session", "session": session})
        except Infeasible:
            pass


warm.main()
compiled = signatures()
for path in sorted(Path("contracts/examples/market").glob("*.market.json")):
    play(parse_market(path.read_bytes()))
for seed in range(12):
    play(Market.from_json(persons(seed)))
print(sorted(signatures() - compiled))
"""


def test_nothing_is_left_to_compile_for_a_run_a_reason_or_a_repair() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLAYED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
