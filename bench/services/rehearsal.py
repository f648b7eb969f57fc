"""Row: a centre's whole campaign, each step timed: close → run → both releases → last inbox entry.

The product runs as it is deployed. Schools, their contacts, hosts and offers come in through the
public interface; the applications through the operation that its bulk route calls, because what
is timed begins after them. Every step is then asked for over HTTP, and its end is looked up in the
databases, so that looking costs the services nothing.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

from pymongo import MongoClient

from bench.services.looking import has_read, until
from bench.services.rehearsed import API, Size, apply, peopled
from chassis.settings import Settings
from demo.client import Person, wait_for
from demo.world import World
from deploy.local.stack import Stack

TOO_LONG = 1800.0
GATHERED = float(Settings.model_fields["digest_seconds"].default)


def measure(size: Size) -> list[dict[str, Any]]:
    """Play it on a fresh stack; the seconds of each step."""
    stack = Stack("bench")
    try:
        # Letters are gathered as long as in service; the local stack is less patient by default.
        with mock.patch.dict(os.environ, {"IEUM_DIGEST_SECONDS": f"{GATHERED:.0f}"}):
            stack.start(fresh=True, follow=True)
        return [_played(stack, size)]
    finally:
        stack.release()


def _played(stack: Stack, size: Size) -> dict[str, Any]:
    client: MongoClient[dict[str, Any]] = MongoClient(stack.addresses["mongo"], tz_aware=True)
    begun = time.monotonic()
    world = peopled(stack, size)
    apply(stack, world, size)
    prepared = time.monotonic() - begun
    steps: dict[str, float] = {}
    for name, step in (
        ("close", _close),
        ("run", _run),
        ("release to hosts", partial(_release, stage="hosts")),
        ("release to schools", partial(_release, stage="schools")),
        ("last inbox entry", _told),
    ):
        at = time.monotonic()
        step(world, client)
        steps[name] = round(time.monotonic() - at, 1)
        world.say(f"{name}: {steps[name]} s")
    placements, database = client["placement"]["placements"], client["notifications"]
    counted = {
        row["_id"]: row["rows"]
        for row in placements.aggregate(
            [{"$group": {"_id": "$state.status", "rows": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
        )
    }
    return {
        "row": "rehearsal: close → run → both releases → last inbox entry",
        "schools": size.schools,
        "applications": size.applications,
        "sessions": size.sessions,
        "prepared_seconds": round(prepared),
        "seconds": steps,
        "of_these_gathering_letters": GATHERED,
        "placements": counted,
        "inbox_entries": database["messages"].count_documents({}),
        "events_published": {
            name: client[name]["published"].estimated_document_count()
            for name in ("registration", "placement", "notifications")
        },
    }


def _close(world: World, client: MongoClient[dict[str, Any]]) -> None:
    """From the deadline to the manifest, and until placement's copy agrees with it."""
    path = f"/api/v1/campaigns/{world.ids['campaign']}"
    deadline = world.now() + timedelta(seconds=1)
    world.centre.patch(path, {"deadline": deadline.isoformat()})
    closed = partial(_closed, client, world)
    until(closed, "the manifest", TOO_LONG)
    until(partial(_quiet, client, "registration"), "the events of registration", TOO_LONG)


def _closed(client: MongoClient[dict[str, Any]], world: World) -> bool:
    wanted = {"_id": world.ids["campaign"], "state.status": "closed"}
    return client["registration"]["campaigns"].find_one(wanted, {"_id": 1}) is not None


def _run(world: World, client: MongoClient[dict[str, Any]]) -> None:
    """From the button to the result, the wait for a whole copy included."""
    body = {"campaign": world.ids["campaign"], "time_limit": 120}
    run = wait_for(partial(world.centre.post, f"{API}/runs", body), "the run")["id"]
    world.ids["run"] = run

    def over() -> bool:
        found = client["placement"]["runs"].find_one({"_id": run})
        assert found is not None
        if found["state"]["status"] == "failed":
            raise RuntimeError(f"the run failed: {found['state']['failure']}")
        return bool(found["state"]["status"] == "completed")

    until(over, "the run to be completed", TOO_LONG)


def _release(world: World, client: MongoClient[dict[str, Any]], stage: str) -> None:
    """From the button until every placement of this release is written and published."""
    path = f"{API}/runs/{world.ids['run']}/release"
    body = {"stage": stage, "anyway": "연간 계획에 따라 안내합니다."}
    wait_for(partial(_posted, world.centre, path, body), f"the release to {stage}", 120)

    def over() -> bool:
        found = client["placement"]["runs"].find_one({"_id": world.ids["run"]})
        assert found is not None
        return bool(found["state"][stage]["finished"])

    until(over, f"the release to {stage}", TOO_LONG)
    until(partial(_quiet, client, "placement"), "the events of placement", TOO_LONG)


def _posted(centre: Person, path: str, body: dict[str, Any]) -> bool:
    centre.post(path, body)
    return True


def _quiet(client: MongoClient[dict[str, Any]], service: str) -> bool:
    """Whether a service has nothing left to publish."""
    database = client[service]
    names = [one for one in database.list_collection_names() if not one.startswith("system.")]
    return not any(
        database[name].find_one({"outbox.id": {"$exists": True}}, {"_id": 1}) for name in names
    )


def _told(world: World, client: MongoClient[dict[str, Any]]) -> None:
    """Until nothing waits to be told any more: no notice, no delivery, no event not yet read."""
    database = client["notifications"]

    def silent() -> bool:
        return not (
            database["notices"].find_one({"state.status": "waiting"}, {"_id": 1})
            or database["deliveries"].find_one({"state.status": "queued"}, {"_id": 1})
        )

    read = partial(has_read, client, "notifications", "placement")
    until(read, "notifications to read all", TOO_LONG)
    until(silent, "the last message", TOO_LONG)
