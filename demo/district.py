"""The district's year: 23 campaigns, from their surveys to what every school confirmed."""

import random
import uuid
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from demo import opening
from demo.client import REQUESTS, Answered, Json, Person, wait_for
from demo.opening import several
from demo.world import PASSWORD, World, slot

API = "/placement/api/v1"
RUN_SECONDS = 20


def open_year(world: World) -> None:
    """The centre, its hosts and its schools."""
    opening.open_centre(world)
    for row in world.data["hosts"]:
        world.ids[f"host:{row['key']}"] = opening.register(world, row, row["kind"], "centre_host")
    for row in world.data["schools"]:
        world.ids[f"school:{row['key']}"] = opening.register(world, row, "school", "centre_school")
    several(partial(opening.enter_host, world), world.data["hosts"])
    several(lambda row: opening.vet(world, world.ids[f"host:{row['key']}"]), world.data["hosts"])
    several(partial(opening.enter_school, world), world.data["schools"])
    world.say(f"{len(world.data['schools'])} schools, {len(world.data['hosts'])} hosts")


def open_campaigns(world: World) -> None:
    """A campaign for each programme, and what its hosts offer."""
    several(partial(_open_campaign, world), world.data["programmes"])
    for row in world.data["programmes"]:
        path = f"/api/v1/campaigns/{world.ids['campaign:' + row['key']]}"
        wait_for(partial(_is, world, path, "open"), f"{row['key']} to open")
    several(
        lambda pair: _publish(world, *pair),
        [(row, offer) for row in world.data["programmes"] for offer in row["offers"]],
    )
    number = sum(len(one["days"]) for row in world.data["programmes"] for one in row["offers"])
    world.say(f"{len(world.data['programmes'])} campaigns are open with {number} sessions")


def _is(world: World, path: str, *states: str) -> bool:
    return world.centre.get(path)["status"] in states


def _open_campaign(world: World, row: Json) -> None:
    programme = world.centre.post(
        "/api/v1/programmes",
        {"name": row["name"], "brand": row["key"], "level": "middle", "kind": row["kind"]},
    )["id"]
    opens = world.now() + timedelta(seconds=3)
    days = sorted(day for offer in row["offers"] for day in offer["days"])
    body = {
        "programme": programme,
        "name": row["name"],
        "kind": row["kind"],
        "opens_at": opens.isoformat(),
        "deadline": (opens + timedelta(minutes=60)).isoformat(),
        "hosts_reply_by": (opens + timedelta(days=7)).isoformat(),
        "schools_confirm_by": (opens + timedelta(days=14)).isoformat(),
        "window": {"first": days[0], "last": days[-1]},
        "fields": [row["field"]],
        "phone": world.data["centre"]["phone"],
    }
    campaign = world.centre.post("/api/v1/campaigns", body)["id"]
    world.ids[f"campaign:{row['key']}"] = campaign
    world.centre.post(f"/api/v1/campaigns/{campaign}/announce")


def _publish(world: World, row: Json, offer: Json) -> None:
    starts = [slot(f"{day} {offer['begins']}") for day in offer["days"]]
    call = {"spoken_with": "담당자", "at": world.now().isoformat()}
    body = {
        "host": world.ids[f"host:{offer['host']}"],
        "campaign": world.ids[f"campaign:{row['key']}"],
        "title": row["name"],
        "team_name": offer["team"],
        "field": offer["field"],
        "kind": "practice" if row["kind"] == "groups" else "department",
        "place": "체험장",
        "place_code": "north",
        "minimum": 10,
        "maximum": offer["seats"],
        "terms": {"people": offer["seats"]},
        "slots": [{"start": start, "end": end} for start, end in starts],
        "by_telephone": call,
    }
    drafted = wait_for(partial(world.centre.post, f"{API}/offers", body), f"offers of {row['key']}")
    path = f"{API}/offers/{drafted['id']}/publish"
    world.centre.post(path, {"by_telephone": call})


def answer(world: World) -> None:
    """Every school answers, with groups or with single applications."""
    sessions = {row["key"]: _sessions(world, row) for row in world.data["programmes"]}
    rows = [
        (row, school, said)
        for row in world.data["programmes"]
        for school, said in row["answers"].items()
    ]
    several(lambda one: _answer(world, sessions, *one), rows)
    for row in world.data["programmes"]:
        soon = (world.now() + timedelta(seconds=2)).isoformat()
        path = f"/api/v1/campaigns/{world.ids['campaign:' + row['key']]}"
        world.centre.patch(path, {"deadline": soon})
    for row in world.data["programmes"]:
        path = f"/api/v1/campaigns/{world.ids['campaign:' + row['key']]}"
        wait_for(partial(_is, world, path, "closed"), f"{row['key']} to close", 120)
    world.say(f"{len(rows)} surveys answered, all campaigns closed with their manifests")


def _sessions(world: World, row: Json) -> list[str]:
    path = f"{API}/campaigns/{world.ids['campaign:' + row['key']]}/offers"
    return [one["id"] for offer in world.centre.all(path) for one in offer["sessions"]]


def _answer(
    world: World, sessions: dict[str, list[str]], row: Json, school: str, said: Any
) -> None:
    teacher = world.people[school]
    campaign = f"/api/v1/campaigns/{world.ids['campaign:' + row['key']]}"
    if row["kind"] == "individuals":
        chance = random.Random(f"{row['key']}/{school}")
        persons = [
            {
                "reference": f"{number + 1:03}",
                "level": "middle",
                "grade": chance.randint(1, 3),
                "wishes": chance.sample(sessions[row["key"]], 5),
            }
            for number in range(said)
        ]
        key = uuid.uuid4().hex
        wait_for(
            lambda: _job_done(
                teacher, teacher.post(f"{campaign}/applications/bulk", {"rows": persons}, key)
            ),
            "the applications of a school",
        )
        return
    groups = [
        {
            "level": "middle",
            "grade": group["grade"],
            "class_name": f"{group['grade']}학년 {number}반",
            "people": group["people"],
            "fields": [row["field"]],
            "dates": [{"date": day} for day in group["dates"]],
        }
        for number, group in enumerate(said, 1)
    ]
    id = teacher.put(f"{campaign}/survey", {"groups": groups})["id"]
    teacher.post(f"/api/v1/surveys/{id}/submit")


def _job_done(teacher: Person, receipt: Json) -> bool:
    found = teacher.get(f"/api/v1/applications/jobs/{receipt['id']}")
    return bool(found["done"] == found["total"])


def place(world: World) -> None:
    """A run for each campaign, and both releases."""
    world.notes["results"] = {}
    for row in world.data["programmes"]:
        campaign = world.ids[f"campaign:{row['key']}"]
        body = {"campaign": campaign, "time_limit": RUN_SECONDS}
        run = wait_for(partial(world.centre.post, f"{API}/runs", body), f"the run of {row['key']}")
        world.ids[f"run:{row['key']}"] = run["id"]
    for row in world.data["programmes"]:
        path = f"{API}/runs/{world.ids['run:' + row['key']]}"
        wait_for(partial(_is, world, path, "completed", "failed"), f"the run of {row['key']}", 900)
        found = world.centre.get(path)
        if found["status"] == "failed":
            raise AssertionError(f"the run of {row['key']} failed: {found['failure']}")
        world.notes["results"][row["key"]] = found["result"]
    world.say("every run is completed")
    for stage in ("hosts", "schools"):
        for row in world.data["programmes"]:
            _release(world, row, stage)
        for row in world.data["programmes"]:
            wait_for(
                partial(_released, world, row, stage), f"{row['key']} released to {stage}", 300
            )
        world.say(f"released to the {stage}")


def _release(world: World, row: Json, stage: str) -> None:
    path = f"{API}/runs/{world.ids['run:' + row['key']]}/release"
    body = {"stage": stage, "anyway": "연간 계획에 따라 안내합니다."}
    wait_for(partial(world.centre.post, path, body), f"the release of {row['key']}")


def _released(world: World, row: Json, stage: str) -> bool:
    found = world.centre.get(f"{API}/runs/{world.ids['run:' + row['key']]}")[stage]
    return bool(found and found["finished"])


def confirm(world: World) -> None:
    """Every school confirms all that it was offered."""
    confirmed = several(partial(_confirm_school, world), list(world.people))
    world.say(f"the schools confirmed {sum(confirmed)} placements")


def _confirm_school(world: World, key: str) -> int:
    if not key.startswith("school"):
        return 0
    teacher, number = world.people[key], 0
    for placement in teacher.all(f"{API}/placements", status="offered"):
        try:
            teacher.post(f"{API}/placements/{placement['id']}/confirm")
            number += 1
        except Answered as answered:
            world.notes.setdefault("not_confirmed", []).append(str(answered))
    return number


CHAPTERS = [
    ("opening", open_year),
    ("campaigns", open_campaigns),
    ("surveys", answer),
    ("placing", place),
    ("confirming", confirm),
]


def _final(world: World) -> list[Json]:
    if "final" not in world.notes:
        world.notes["final"] = world.centre.all(f"{API}/placements")
    found: list[Json] = world.notes["final"]
    return found


def _people(placement: Json) -> int:
    return int(sum(part["people"] for part in placement["parts"])) or int(placement["people"])


def show(world: World, steps: list[tuple[str, float]]) -> None:
    """Print each programme's numbers, and how long it all took."""
    table = Table(title="너른내 진로직업체험센터, 2024년", title_justify="left")
    for name in ("프로그램", "신청", "배정", "희망 순위 합", "단계"):
        table.add_column(name)
    for row in world.data["programmes"]:
        result = world.notes["results"][row["key"]]
        numbers = result["numbers"]
        claims = ", ".join(sorted(set(result["claims"])))
        table.add_row(
            row["name"], str(_asked(row)), str(numbers["placed"]), str(numbers["rank"]), claims
        )
    console = Console(width=110)
    console.print(table)
    states = Counter[str]()
    for one in _final(world):
        states[one["status"]] += _people(one)
    console.print("  " + ", ".join(f"{name} {number}" for name, number in states.items()))
    for name, seconds in steps:
        console.print(f"  {name:<12} {seconds:6.1f} s")
    console.print(f"  {len(REQUESTS)} requests; {world.origin}; password {PASSWORD}")
    console.print(f"  centre {world.centre.login}, schools school0-teacher …")


def _asked(row: Json) -> int:
    said = row["answers"].values()
    return sum(one if isinstance(one, int) else sum(g["people"] for g in one) for one in said)


def check(world: World) -> list[str]:
    """What does not hold, one sentence each."""
    holds = world.data["holds"]
    asked = sum(_asked(row) for row in world.data["programmes"])
    placed = sum(one["numbers"]["placed"] for one in world.notes["results"].values())
    final = _final(world)
    confirmed = sum(_people(one) for one in final if one["status"] == "confirmed")
    untold = [
        one["id"]
        for one in final
        if one["status"] in ("waitlisted", "not_selected") and not one["reason_code"]
    ]
    wrong = []
    if asked != holds["attendances"]:
        wrong.append(f"{asked} attendances were asked for, not {holds['attendances']}")
    if placed < holds["placed_share"] * asked:
        wrong.append(f"only {placed} of {asked} were placed")
    if confirmed != placed:
        wrong.append(f"{placed} were placed and {confirmed} confirmed")
    if sum(_people(one) for one in final) != asked:
        wrong.append("somebody who asked has neither a place nor an answer")
    if untold:
        wrong.append(f"{len(untold)} were refused without a reason")
    if world.notes.get("not_confirmed"):
        wrong.append(f"not confirmed: {world.notes['not_confirmed'][:3]}")
    return wrong
