"""How much longer the server works on a teacher's start page than on an empty page of the same
server: `python -m bench.pages [--campaigns 12] [--rounds 150]`. The house promises at most 3×.

The pages go through the whole app: session, scope, queries, template. They are asked for in turn,
so that a busy machine slows all. The empty page is the start page of a teacher in whose school
nothing has happened. Beside it stands the bare frame: the start page of a system administrator,
who may see no data, so that it asks the database nothing but whether the account was shut out.
Times hold the waiting for the database, which a busy machine makes longer; the processor's time is
that of this process alone.
"""

import argparse
import json
import statistics
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chassis.clock import now
from chassis.facts import derived_id, in_ms, stamp
from chassis.http.app import create_app
from services.registration.accounts.model import Role
from services.registration.app import service
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.survey_world import World, world
from tests.service.registration.test_surveys_timeline import event
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database, running_servers

PROMISED = 3.0
OPEN, PLACED = 2, 2
"""Campaigns whose survey the school writes, and those whose visits lie ahead; the rest are over."""

GROUPS = 4
STEPS = (
    *("placement.planned", "booking.asked", "booking.accepted"),
    *("delivery.sent", "placement.offered", "placement.confirmed"),
)
"""What is told of each group in a campaign that was placed; one of them is not confirmed."""

SCHOOLS = 30
"""How many schools the centre serves: its document carries them all."""


def main() -> None:
    """Measure, print one JSON object, and end with 1 if the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=150)
    wanted = parser.parse_args()
    with running_servers() as servers:
        found = figures_of(servers, wanted.campaigns, wanted.rounds)
    print(json.dumps(found, indent=2))
    raise SystemExit(found["ratio"] > PROMISED)


def figures_of(servers: Servers, campaigns: int, rounds: int) -> dict[str, Any]:
    """Medians in ms of the pages (time, and the processor's), their ratios, and the bytes of the
    teacher's page."""
    with fresh_database(servers) as name:
        context = context_of(service, servers, name)
        registration = Registration(context, create_app(service, context))
        teacher = school_of(registration, campaigns)
        callers = {
            "frame": registration.user("administrator", Role.ADMIN),
            "empty": world(registration).school(related=False),
            "teacher": teacher,
        }
        spent: dict[str, list[float]] = {who: [] for who in callers}
        worked: dict[str, list[float]] = {who: [] for who in callers}
        page = b""
        for turn in range(rounds + 10):
            for who, caller in callers.items():
                began, busy = time.perf_counter(), time.process_time()
                page = read(caller)
                if turn >= 10:
                    spent[who].append((time.perf_counter() - began) * 1000)
                    worked[who].append((time.process_time() - busy) * 1000)
        context.database.client.drop_database(context.database.name)
    middle = {who: statistics.median(times) for who, times in spent.items()}
    busy_ms = {who: statistics.median(times) for who, times in worked.items()}
    return {
        "campaigns": campaigns,
        "groups": campaigns * GROUPS,
        "bytes": len(page),
        **{f"{who}_ms": round(ms, 2) for who, ms in middle.items()},
        **{f"{who}_processor_ms": round(ms, 2) for who, ms in busy_ms.items()},
        "ratio": round(middle["teacher"] / middle["empty"], 2),
        "ratio_to_frame": round(middle["teacher"] / middle["frame"], 2),
        "processor_ratio": round(busy_ms["teacher"] / busy_ms["empty"], 2),
        "processor_ratio_to_frame": round(busy_ms["teacher"] / busy_ms["frame"], 2),
        "promised": PROMISED,
    }


def school_of(registration: Registration, campaigns: int) -> Caller:
    """A school that has answered several campaigns, most of which are over."""
    city = world(registration)
    for _ in range(SCHOOLS - 1):
        city.school()
    school = city.school("너른뜰중학교")
    plan = city.centre.done("GET", f"/api/v1/campaigns/{city.campaign}")
    taken = ("programme", "kind", "window", "fields", "hosts_reply_by", "schools_confirm_by")
    moment = now()
    for number in range(campaigns):
        if number:
            wanted = {name: plan[name] for name in taken} | {
                "name": f"사업 {number}",
                "opens_at": (moment - timedelta(hours=1)).isoformat(),
                "deadline": (moment + timedelta(hours=1 + number)).isoformat(),
            }
            city.campaign = city.centre.done("POST", "/api/v1/campaigns", wanted)["id"]
            city.centre.done("POST", f"/api/v1/campaigns/{city.campaign}/announce", {})
        survey = city.draft(school, *(city.group(class_name=f"{n}반") for n in range(GROUPS)))["id"]
        if number >= OPEN:
            school.done("POST", f"/api/v1/surveys/{survey}/submit", {})
            _over(city, school, survey, number)
    return school


def _over(city: World, school: Caller, survey: str, number: int) -> None:
    """The campaign is closed, and each group has its visit or its place in the queue."""
    groups = school.done("GET", f"/api/v1/surveys/{survey}")["submitted"]["groups"]
    moment = now() - timedelta(days=1)
    past = number >= OPEN + PLACED
    for place, group in enumerate(groups):
        kinds = [*STEPS[: None if place else -1], *(["attendance.recorded"] if past else [])]
        own = {"school": school.organisation, "group": group["id"], "applicant": None}
        _told(city, kinds, moment, **own)
    # Its version is another, so that no process goes on with what it has read of the open one.
    changed: dict[str, Any] = {
        "state.status": "closed",
        "state.deadline": in_ms(moment),
        "changed": in_ms(now()),
    }
    if past:
        last = (moment - timedelta(days=30 * number)).date()
        window = {"first": (last - timedelta(days=28)).isoformat(), "last": last.isoformat()}
        changed["state.window"] = window
    city.registration.context.database["campaigns"].update_one(
        {"_id": city.campaign}, {"$set": changed}
    )


def _told(city: World, kinds: list[str], moment: datetime, **own: Any) -> None:
    """What siblings tell of one group, a second after the other."""
    own |= {"campaign": city.campaign, "centre": city.centre.organisation}
    for number, kind in enumerate(kinds):
        key = derived_id("bench", own["group"], kind.split(".")[0])
        at = stamp(moment + timedelta(seconds=number))
        told = replace(event(kind, 1, **own), key=key, id=f"{key}:{number}", time=at)
        for collection, write in service.projections.writes(told):
            city.registration.context.database[collection].bulk_write([write])


def read(caller: Caller) -> bytes:
    """The start page of whoever is signed in."""
    headers = {"Authorization": f"Bearer {caller.token}", "Accept": "text/html"}
    answer = caller.client.get("/", headers=headers)
    if answer.status_code != 200:
        raise RuntimeError(f"{stamp(now())}: the page answered {answer.status_code}")
    return answer.get_data()


if __name__ == "__main__":
    main()
