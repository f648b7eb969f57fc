"""`python -m tests.chaos --seconds 90`: faults on the running product, then what must hold.

Exit code 0: everything held. 1: an invariant is broken, each named. 2: the stack did not start.
3: the run is void, because too little happened to say anything.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from pymongo import MongoClient

from deploy.local.refusal import Refusal
from deploy.local.stack import Stack
from tests.chaos import invariants
from tests.chaos.faults import Faults
from tests.chaos.load import Acknowledged, Client

CLIENTS = 2
PASSWORD = "correct horse battery"
LEAST_EVENTS = 200
LEAST_FAULTS = 8


def main() -> int:
    """Start, break, wait, look. Returns the exit code."""
    options = _options()
    print(f"seed {options.seed}", flush=True)
    stack = Stack("chaos")
    try:
        stack.start(fresh=True, follow=True, progress=lambda line: print(line, flush=True))
        return _run(stack, options.seed, options.minutes * 60 or options.seconds)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    finally:
        stack.release()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=90.0, help="how long faults and load run")
    length.add_argument("--minutes", type=float, default=0.0, help="the same in minutes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


def _account(stack: Stack, login: str) -> dict[str, str]:
    done = stack.command(
        "registration",
        *("user", "create", "--login", login, "--password-file", "/dev/stdin"),
        *("--organisation-name", login, "--phone", "031-900-0000"),
        *("--email", f"{login}@example.kr"),
        stdin=PASSWORD + "\n",
    )
    if done.returncode:
        raise Refusal(f"The account {login} could not be made: {done.stderr[-500:]}")
    return {"login": login, "password": PASSWORD}


def _run(stack: Stack, seed: int, seconds: float) -> int:
    folder = Path(tempfile.mkdtemp(prefix="ieum-chaos-"))
    told = Acknowledged(folder / "acknowledged.jsonl")
    origin = stack.addresses["public"]
    clients = [
        Client(origin, _account(stack, f"clerk-{number}"), told, seed + number)
        for number in range(CLIENTS)
    ]
    faults = Faults(stack, seed)
    begin = time.monotonic()
    for thread in (*clients, faults):
        thread.start()
    time.sleep(seconds)
    faults.stop.set()
    faults.join(30)
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(60)
    broken = list(told.wrong)
    if any(client.is_alive() for client in clients):
        broken.append("I9: a client has no answer a minute after the last fault")
    database: invariants.Client = MongoClient(stack.addresses["mongo"], timeoutMS=5000)
    took = invariants.drained(database, 120)
    if took is None:
        broken.append("I9: effects do not equal committed events two minutes after the load")
    found, counted = invariants.faults(stack, database, told.last())
    broken += found
    _report(dict(told.counts), dict(faults.counts), dict(counted), took)
    print(f"seed {seed}, {time.monotonic() - begin:.0f} s", flush=True)
    for one in broken[:20]:
        print(f"BROKEN {one}", file=sys.stderr)
    if broken:
        return 1
    if counted["events"] < LEAST_EVENTS or sum(faults.counts.values()) < LEAST_FAULTS:
        print("VOID: too little happened to say anything", file=sys.stderr)
        return 3
    print("0 lost, 0 doubled, 0 out of order", flush=True)
    return 0


def _report(
    told: dict[str, int], faults: dict[str, int], counted: dict[str, int], took: float | None
) -> None:
    for title, rows in (("clients", told), ("faults", faults), ("log", counted)):
        print(f"{title}: {', '.join(f'{name} {n}' for name, n in sorted(rows.items()))}")
    print(f"drained after {took:.1f} s" if took is not None else "not drained", flush=True)


if __name__ == "__main__":
    sys.exit(main())
