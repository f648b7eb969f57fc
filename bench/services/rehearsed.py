"""Who takes part in the rehearsal: a centre with its schools, hosts, offers and applications.

Nothing of this is timed. All of it comes in through the public interface; the applications through
the operation that its bulk route calls.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from bench.services.inside import context_inside
from chassis.scope import Party
from demo.client import wait_for
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


def peopled(stack: Stack, size: Size) -> World:
    """A campaign whose schools and sessions are there, open for applications."""
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


def apply(stack: Stack, world: World, size: Size) -> None:
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
