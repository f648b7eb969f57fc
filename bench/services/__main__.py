"""`python -m bench.services`: each promise of speed beside its peer, in the same run (10 minutes).

The peers are measured before and after, on the same servers. `--size small` only shows that it
runs. `--record` writes bench/results/services.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis import logs
from tests.support.stack import running_servers

RESULTS = Path(__file__).resolve().parents[1] / "results" / "services.json"
ROWS = ("accept", "pipes", "messages", "end-to-end")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    requests: int
    events: int
    messages: int
    rate: float
    seconds: float
    away: float


SIZES = {
    "full": Size(4000, 20_000, 10_000, 300.0, 120.0, 60.0),
    "small": Size(160, 1000, 300, 20.0, 8.0, 5.0),
}


def main() -> int:
    """Measure, print each row as it is there, and the whole as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.services", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="full")
    parser.add_argument("--only", choices=ROWS, nargs="*", default=list(ROWS))
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    logs.configure("bench", "bench", "error")
    begun, rows = time.monotonic(), list[dict[str, Any]]()
    for row in _rows(SIZES[options.size], options.only):
        print(json.dumps(row, ensure_ascii=False), flush=True)
        rows.append(row)
    found = {
        "size": options.size,
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0], "on": platform.machine()},
        "seconds": round(time.monotonic() - begun),
        "rows": rows,
    }
    if options.record:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    print(f"{found['seconds']} s")
    return 0


def _rows(size: Size, only: list[str]) -> Iterator[dict[str, Any]]:
    with running_servers() as servers:
        measures: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "accept": lambda: [_accept(servers, size)],
            "pipes": lambda: _pipes(servers, size),
            "messages": lambda: [_messages(servers, size)],
        }
        for name, measure in measures.items():
            if name in only:
                yield from measure()
    if "end-to-end" in only:
        from bench.services import end_to_end

        yield from end_to_end.measure(size.rate, size.seconds, size.away)


def _accept(servers: Any, size: Size) -> dict[str, Any]:
    from bench.services import accepting

    return accepting.measure(servers, size.requests)


def _pipes(servers: Any, size: Size) -> list[dict[str, Any]]:
    from bench.services import piping

    return piping.measure(servers, size.events)


def _messages(servers: Any, size: Size) -> dict[str, Any]:
    from bench import sending

    title = "notifications planned and sent with ledger / bare SMTP to the same catcher"
    return {"row": title, **sending.figures_of(servers, size.messages, 1000), "bar": 0.5}


if __name__ == "__main__":
    raise SystemExit(main())
