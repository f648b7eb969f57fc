"""`python -m tests.chaos --seconds 45`: faults on the running product, then what must hold.

Exit code 0: everything held. 1: an invariant is broken, each named. 2: the stack did not start.
3: the run is void, because it did not see what it has to see. With --mutants: 1 if one was missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from deploy.local.refusal import Refusal
from tests.chaos import gate
from tests.chaos.run import chaos

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results"


def main() -> int:
    """Start, break, wait, look. Returns the exit code."""
    options = _options()
    begin = time.monotonic()
    if options.mutants is not None:
        return _mutants(options.mutants)
    results = RESULTS if options.record else None

    def say(line: str) -> None:
        print(f"{time.monotonic() - begin:6.1f} s  {line}", flush=True)

    try:
        seconds = options.minutes * 60 or options.seconds
        report = chaos(options.seed, seconds, say, results)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(report.text(), end="")
    print(f"seed {options.seed}, {time.monotonic() - begin:.0f} s in all", flush=True)
    return report.code()


def _mutants(names: list[str]) -> int:
    begin = time.monotonic()
    verdicts = gate.gate(names, lambda line: print(line, flush=True))
    missed = [one.name for one in verdicts if not one.caught]
    print(f"{len(verdicts) - len(missed)} of {len(verdicts)}, {time.monotonic() - begin:.0f} s")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=45.0, help="how long faults and load run")
    length.add_argument("--minutes", type=float, default=0.0, help="the same in minutes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument(
        "--mutants", nargs="*", help="show deliberate breaks to their faults instead; all, or these"
    )
    parser.add_argument("--record", action="store_true", help="write the report to bench/results/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
