"""Row: a centre's whole campaign, each step timed: close → run → both releases → last inbox entry.

The product runs as it is deployed. Schools, their contacts, hosts and offers come in through the
public interface; the applications through the operation that its bulk route calls, because what
is timed begins after them. Every step is then asked for over HTTP, and its end is looked up in the
databases, so that looking costs the services nothing.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from pymongo import MongoClient

from bench.services.inside import context_inside
from chassis.scope import Party
from chassis.settings import Settings
from demo.client import Person, wait_for
from demo.opening import open_centre, several
from demo.world import World
from deploy.local.stack import Stack
from services.registration.applications import operations as applications
from services.registration.applications.model import Wanted

KST = ZoneInfo("Asia/Seoul")
SCHOOLS_A_HOST = 25
SEATS, WISHES, SLOTS = 40, 5, 30
SHARE = 0.9
"""Seats for each application: some have to wait, and learn why."""
TOO_LONG = 900.0
GATHERED = float(Settings.model_fields["digest_seconds"].default)
API = "/placement/api/v1"


@dataclass(frozen=True, slots=True)
class Size:
    """How large the campaign is."""

    schools: int
    applications: int

    @property
    def sessions(self) -> int:
        """So many that nine of ten find a seat."""
        return max(1, int(self.applications * SHARE / SEATS))


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
    world = _peopled(stack, size)
    _apply(stack, world, size)
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


# What there is before: not timed


def _peopled(stack: Stack, size: Size) -> World:
    world = World(
        data={
            "centre": {
                "login": "bench-centre",
                "name": "한들시 진로직업체험지원센터",
                "district": "north",
                "phone": "031-900-0000",
                "person": "김하늘",
                "email": "centre@centre.example",
            }
        },
        origin=stack.addresses["public"],
        mail_api=stack.mail_api,
        command=stack.command,
        say=lambda line: print(f"  {time.strftime('%H:%M:%S')} {line}", flush=True),
        shift=timedelta(),
    )
    open_centre(world)
    hosts = max(1, size.schools // SCHOOLS_A_HOST)
    world.notes["hosts"] = several(partial(_host, world), range(hosts))
    world.notes["schools"] = several(partial(_school, world), range(size.schools))
    world.say(f"{size.schools} schools, {hosts} hosts")
    _campaign(world)
    per_host = -(-size.sessions // hosts)
    rows = [
        (host, team, min(SLOTS, per_host - team * SLOTS))
        for host in world.notes["hosts"]
        for team in range(-(-per_host // SLOTS))
    ]
    found = several(lambda row: _offer(world, *row), rows)
    world.notes["sessions"] = [one for sessions in found for one in sessions][: size.sessions]
    world.say(f"{len(world.notes['sessions'])} sessions")
    return world


def _organisation(world: World, kind: str, number: int, **said: Any) -> str:
    body = {
        "kinds": [kind],
        "name": f"{kind} {number}",
        "district": "north",
        "relation": {"relation": "centre_school" if kind == "school" else "centre_host"},
        **said,
    }
    id: str = world.centre.post("/api/v1/organisations", body)["id"]
    return id


def _school(world: World, number: int) -> str:
    id = _organisation(world, "school", number, level="middle", school_code=f"J10-{number:07d}")
    body = {"email": f"s{number}@school.example", "person": "담당자", "roles": ["school"]}
    world.centre.post(f"/api/v1/organisations/{id}/contacts", body)
    return id


def _host(world: World, number: int) -> str:
    id = _organisation(world, "company", number)
    body = {"telephone": f"031-900-{number:04d}", "person": "담당자", "roles": ["host"]}
    world.centre.post(f"/api/v1/organisations/{id}/contacts", body)
    path = f"{API}/hosts/{id}/vetting"
    for status in ("found", "contacted", "visited", "approved"):
        step = partial(world.centre.post, path, {"status": status})
        wait_for(step, f"host {number} to be {status}")
    return id


def _days(first: date) -> Iterator[date]:
    day = first
    while True:
        if day.isoweekday() <= 5:
            yield day
        day += timedelta(days=1)


def _campaign(world: World) -> None:
    programme = world.centre.post(
        "/api/v1/programmes",
        {"name": "rehearsal", "brand": "gogong", "level": "middle", "kind": "individuals"},
    )["id"]
    opens = world.now() + timedelta(seconds=3)
    first = (opens + timedelta(days=30)).date()
    body = {
        "programme": programme,
        "name": "rehearsal",
        "kind": "individuals",
        "opens_at": opens.isoformat(),
        "deadline": (opens + timedelta(hours=5)).isoformat(),
        "hosts_reply_by": (opens + timedelta(days=7)).isoformat(),
        "schools_confirm_by": (opens + timedelta(days=14)).isoformat(),
        "window": {"first": first.isoformat(), "last": (first + timedelta(days=80)).isoformat()},
        "fields": ["design"],
        "phone": "031-900-0000",
    }
    campaign: str = world.centre.post("/api/v1/campaigns", body)["id"]
    world.ids["campaign"], world.notes["first"] = campaign, first
    path = f"/api/v1/campaigns/{campaign}"
    world.centre.post(f"{path}/announce")
    wait_for(lambda: world.centre.get(path)["status"] == "open", "the campaign to open")


def _offer(world: World, host: str, team: int, slots: int) -> list[str]:
    """Sessions of one team, on as many weekdays, that need no further question to the host."""
    call = {"spoken_with": "담당자", "at": world.now().isoformat()}
    days = _days(world.notes["first"])
    starts = [datetime.combine(next(days), datetime.min.time(), KST) for _ in range(slots)]
    body = {
        "host": host,
        "campaign": world.ids["campaign"],
        "title": "디자인",
        "team_name": f"team {team}",
        "field": "design",
        "kind": "department",
        "place": "본관",
        "place_code": "north",
        "minimum": 1,
        "maximum": SEATS,
        "terms": {"people": SEATS},
        "slots": [
            {
                "start": (at + timedelta(hours=10)).isoformat(),
                "end": (at + timedelta(hours=12)).isoformat(),
            }
            for at in starts
        ],
        "by_telephone": call,
    }
    drafted = wait_for(partial(world.centre.post, f"{API}/offers", body), "an offer")
    world.centre.post(f"{API}/offers/{drafted['id']}/publish", {"by_telephone": call})
    found = world.centre.get(f"{API}/offers/{drafted['id']}")
    return [one["id"] for one in found["sessions"]]


def _apply(stack: Stack, world: World, size: Size) -> None:
    """Each school's applications, by the operation behind `applications/bulk`."""
    each = size.applications // size.schools
    sessions = world.notes["sessions"]
    with context_inside(stack, "registration") as context:

        def school(pair: tuple[int, str]) -> None:
            number, id = pair
            chance = random.Random(number)
            rows = [
                Wanted(
                    reference=str(one + 1),
                    level="middle",
                    grade=chance.randint(1, 3),
                    wishes=tuple(chance.sample(sessions, min(WISHES, len(sessions)))),
                )
                for one in range(each)
            ]
            act = replace(context.act(), scope=Party(id))
            applications.apply_many(act, world.ids["campaign"], rows)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(school, enumerate(world.notes["schools"])))
    world.say(f"{each * size.schools} applications")


# What is timed


def _until(looked: Callable[[], bool], what: str, seconds: float = TOO_LONG) -> None:
    wait_for(looked, what, seconds)


def _close(world: World, client: MongoClient[dict[str, Any]]) -> None:
    """From the deadline to the manifest, and until placement's copy agrees with it."""
    path = f"/api/v1/campaigns/{world.ids['campaign']}"
    deadline = world.now() + timedelta(seconds=1)
    world.centre.patch(path, {"deadline": deadline.isoformat()})
    _until(lambda: _campaign_of(client, world)["state"]["status"] == "closed", "the manifest")
    _until(lambda: _quiet(client, "registration"), "the events of registration")


def _campaign_of(client: MongoClient[dict[str, Any]], world: World) -> dict[str, Any]:
    found = client["registration"]["campaigns"].find_one({"_id": world.ids["campaign"]})
    assert found is not None
    return found


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

    _until(over, "the run to be completed")


def _release(world: World, client: MongoClient[dict[str, Any]], stage: str) -> None:
    """From the button until every placement of this release is written and published."""
    path = f"{API}/runs/{world.ids['run']}/release"
    body = {"stage": stage, "anyway": "연간 계획에 따라 안내합니다."}
    wait_for(partial(_posted, world.centre, path, body), f"the release to {stage}", 120)

    def over() -> bool:
        found = client["placement"]["runs"].find_one({"_id": world.ids["run"]})
        assert found is not None
        return bool(found["state"][stage]["finished"])

    _until(over, f"the release to {stage}")
    _until(lambda: _quiet(client, "placement"), "the events of placement")


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

    def read() -> bool:
        """Whether both groups of notifications have read all that placement published."""
        last = client["placement"]["published"].aggregate(
            [
                {"$group": {"_id": ["$topic", "$partition"], "last": {"$max": "$offset"}}},
            ]
        )
        wanted = {tuple(row["_id"]): row["last"] + 1 for row in last}
        return all(
            row["next"] >= wanted.get((row["topic"], row["partition"]), 0)
            for row in database["offsets"].find()
        )

    def silent() -> bool:
        return not (
            database["notices"].find_one({"state.status": "waiting"}, {"_id": 1})
            or database["deliveries"].find_one({"state.status": "queued"}, {"_id": 1})
        )

    _until(read, "notifications to read all")
    _until(silent, "the last message", TOO_LONG)
