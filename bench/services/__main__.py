"""`python -m bench.services`: each promise of speed beside its peer, in the same run.

The peers are measured before and after, on the same servers. `--size small` only shows that it
runs. `--only accept pipes` measures some rows; `--record` writes bench/results/services.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chassis import logs
from tests.support.stack import running_servers

RESULTS = Path(__file__).resolve().parents[1] / "results" / "services.json"
ROWS = ("accept", "pipes", "messages", "scale", "end-to-end", "rebuild", "rehearsal")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    requests: int
    threads: int
    events: int
    messages: int
    rate: float
    seconds: float
    away: float
    schools: int
    applications: int
    scale: tuple[int, ...]
    rebuilt: int


SIZES = {
    "full": Size(
        4000, 8, 20_000, 10_000, 300.0, 120.0, 60.0, 1000, 30_000, (10_000, 100_000), 100_000
    ),
    "small": Size(160, 8, 1000, 300, 20.0, 8.0, 5.0, 20, 600, (500, 2000), 2000),
}


def main() -> int:
    """Measure, print each row as it is there, and the whole as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.services", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="full")
    parser.add_argument("--only", choices=ROWS, nargs="*", default=list(ROWS))
    parser.add_argument("--events", type=int, nargs="*", help="the sizes of the row `scale`")
    parser.add_argument("--requests", type=int, help="of the row `accept`")
    parser.add_argument("--threads", type=int, help="of each web worker of the row `accept`")
    parser.add_argument("--rebuilt", type=int, help="aggregates of the row `rebuild`")
    parser.add_argument("--messages", type=int, help="of the row `messages`")
    parser.add_argument("--rate", type=float, help="events a second of the row `end-to-end`")
    parser.add_argument("--schools", type=int, help="of the rehearsal, 30 applications each")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    size = SIZES[options.size]
    if options.schools:
        size = replace(size, schools=options.schools, applications=30 * options.schools)
    if options.events:
        size = replace(size, scale=tuple(options.events))
    if options.rate:
        size = replace(size, rate=options.rate)
    if options.messages:
        size = replace(size, messages=options.messages)
    if options.requests:
        size = replace(size, requests=options.requests)
    if options.threads:
        size = replace(size, threads=options.threads)
    if options.rebuilt:
        size = replace(size, rebuilt=options.rebuilt)
    logs.configure("bench", "bench", "error")
    begun = time.monotonic()
    for row in _rows(size, options.only):
        print(json.dumps(row, ensure_ascii=False), flush=True)
        if options.record:
            _record(row, options.size)
    print(f"{time.monotonic() - begun:.0f} s")
    return 0


def _record(row: dict[str, Any], size: str) -> None:
    """Write a result as soon as it is there. Rows that were not measured now stay as they were.

    The load average says what else the machine did: on two cores, two is all of it.
    """
    about = {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "size": size,
        "cores": os.cpu_count(),
        "load": [round(one, 1) for one in os.getloadavg()],
        "on": platform.machine(),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    rows = [one for one in kept if _title(one) != _title(row)] + [{**row, "measured": about}]
    RESULTS.write_text(json.dumps({"rows": rows}, indent=2, ensure_ascii=False) + "\n")


def _title(row: dict[str, Any]) -> tuple[str, int | None]:
    return row["row"], row.get("schools")


def _rows(size: Size, only: list[str]) -> Iterator[dict[str, Any]]:
    measures: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
        "accept": lambda servers: [_accept(servers, size)],
        "pipes": lambda servers: _pipes(servers, size),
        "messages": lambda servers: [_messages(servers, size)],
        "scale": lambda servers: _scale(servers, size),
    }
    if measures.keys() & set(only):
        with running_servers() as servers:
            for name, measure in measures.items():
                if name in only:
                    yield from measure(servers)
    if "end-to-end" in only:
        from bench.services import end_to_end

        yield from end_to_end.measure(size.rate, size.seconds, size.away)
    if "rebuild" in only:
        from bench.services import rebuilding

        yield from rebuilding.measure(size.rebuilt)
    if "rehearsal" in only:
        from bench.services import rehearsal, rehearsed

        yield from rehearsal.measure(rehearsed.Size(size.schools, size.applications))


def _accept(servers: Any, size: Size) -> dict[str, Any]:
    from bench.services import accepting

    return accepting.measure(servers, size.requests, threads=size.threads)


def _pipes(servers: Any, size: Size) -> list[dict[str, Any]]:
    from bench.services import piping

    return piping.measure(servers, size.events)


def _scale(servers: Any, size: Size) -> list[dict[str, Any]]:
    from bench.services import scaling

    return scaling.measure(servers, size.scale, size.events)


def _messages(servers: Any, size: Size) -> dict[str, Any]:
    from bench import sending

    title = "notifications planned and sent with ledger / bare SMTP to the same catcher"
    return {"row": title, **sending.figures_of(servers, size.messages, 1000), "bar": 0.5}


if __name__ == "__main__":
    raise SystemExit(main())
