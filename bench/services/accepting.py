"""Row: accept a survey over HTTP, beside a bare route under the same gunicorn."""

from __future__ import annotations

import uuid
from typing import Any

from bench.services.calling import THREADS, WORKERS, Call, gunicorn, rate
from tests.service.registration.survey_world import one_registration, world
from tests.support.stack import Servers

WARM = 5
CONNECTIONS = 16


def measure(
    servers: Servers, requests: int, workers: int = WORKERS, threads: int = THREADS
) -> dict[str, Any]:
    """Amendments of surveys, each validated, idempotent, and one write with its event.

    Over as many connections for both sides, however many threads serve them.
    """
    connections = CONNECTIONS
    each = max(4, requests // connections)
    with one_registration(servers) as registered:
        settings = registered.context.settings
        there = world(registered)
        plans = [_amendments(there, each + WARM) for _ in range(connections)]
        environment = {
            "IEUM_MONGO_URI": settings.mongo_uri,
            "IEUM_DATABASE": settings.database,
            "IEUM_SECRETS": str(settings.secrets),
            "IEUM_PUBLIC_ADDRESS": settings.public_address,
            "IEUM_RATE_LIMITS": "false",
            "BENCH_MONGO": settings.mongo_uri,
            "BENCH_DATABASE": settings.database,
        }
        bare = [[Call("POST", "/", one.body, one.headers) for one in plan] for plan in plans]
        with gunicorn("bench.services.bare:create_app()", environment, workers, threads) as serving:
            before = rate(serving, bare, WARM)
        with gunicorn(
            "services.registration.app:create_app()", environment, workers, threads
        ) as serving:
            ours = rate(serving, plans, WARM)
        with gunicorn("bench.services.bare:create_app()", environment, workers, threads) as serving:
            after = rate(serving, bare, WARM)
    peer = (before.per_second + after.per_second) / 2
    return {
        "row": "accept a survey over HTTP / bare Flask route with one majority insert",
        "workers": workers,
        "threads": threads,
        "requests": connections * each,
        "ours_per_second": round(ours.per_second),
        "peer_per_second": round(peer),
        "ratio": round(ours.per_second / peer, 2),
        "bar": 0.6,
        "processor_ms": round(ours.processor_ms, 2),
        "peer_processor_ms": round((before.processor_ms + after.processor_ms) / 2, 2),
        "p99_ms": round(ours.p99, 1),
        "peer_p99_ms": round((before.p99 + after.p99) / 2, 1),
        "p99_ratio": round(2 * ours.p99 / (before.p99 + after.p99), 2),
        "p99_bar": 2.0,
    }


MOST_AMENDMENTS = 15
"""Of one survey: it remembers a day's commands, and no school amends more often in a day."""


def _amendments(there: Any, many: int) -> list[Call]:
    """One connection's requests: amendments of surveys of as many schools as that takes."""
    calls: list[Call] = []
    while len(calls) < many:
        school = there.school()
        survey = there.submitted(school)
        for number in range(min(MOST_AMENDMENTS, many - len(calls))):
            headers = {
                "Authorization": f"Bearer {school.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": uuid.uuid4().hex,
            }
            body = {"groups": [there.group(people=10 + number)]}
            calls.append(Call("PUT", f"/api/v1/surveys/{survey}", body, headers))
    return calls
