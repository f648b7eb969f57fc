"""What stands when the faults begin: a centre, schools, hosts, open campaigns and asked hosts.

Everything is made through the public interface, by the demonstration's own people. Names and
addresses carry a canary that no log, event or dead letter may ever show.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

from demo import answering, opening, placing
from demo.client import Json, Person, wait_for
from demo.world import KST, PASSWORD, World
from deploy.local.stack import Stack

CANARY = "kanarienvogel"
SCHOOLS, HOSTS, GROUPS = 4, 2, 5
CAMPAIGNS = 4
"""One is placed before the faults begin; schools answer to the others meanwhile."""
FIELD = "design"
DAYS_AHEAD = 40
REPLY = timedelta(hours=2)


def data() -> Json:
    """The story's people and places, in the shape of the demonstration's data."""
    days = _school_days(12)
    return {
        "centre": {
            "name": "한들시 진로직업체험지원센터",
            "district": "north",
            "phone": "031-000-1004",
            "login": "chaos-centre",
            "email": f"{CANARY}@centre.example",
            "person": CANARY,
        },
        "programme": {"name": "시청 속 직업 탐험", "brand": "gogong", "level": "middle"},
        "campaign": {
            "name": "시청 속 직업 탐험",
            "kind": "groups",
            "window": {"first": days[0], "last": days[-1]},
            "fields": [FIELD],
        },
        "hosts": [
            {"key": f"host{one}", "name": f"한들 일터 {one}호", "district": "north"}
            for one in range(HOSTS)
        ],
        "schools": [
            {
                "key": f"school{one}",
                "name": f"한들 {one}중학교",
                "code": f"J10-753000{one}",
                "level": "middle",
                "district": "north",
                "groups": [_group(number, days) for number in range(GROUPS)],
            }
            for one in range(SCHOOLS)
        ],
        "offers": [
            {
                "key": f"offer{one}",
                "host": f"host{one}",
                "team": f"{one}팀",
                "title": "도시의 얼굴을 디자인하다",
                "field": FIELD,
                "kind": "talk",
                "place": "시청",
                "district": "north",
                "meeting_point": "정문",
                "minimum": 5,
                "maximum": 32,
                "sessions": [f"{day} 10:00" for day in days],
            }
            for one in range(HOSTS)
        ],
        "travel": {"north": {"north": 15}},
    }


def _school_days(many: int) -> list[str]:
    """Coming weekdays that are no public holidays."""
    from holidays import country_holidays

    closed = country_holidays("KR")
    day, found = date.today() + timedelta(days=DAYS_AHEAD), list[str]()
    while len(found) < many:
        if day.weekday() < 5 and day not in closed:
            found.append(day.isoformat())
        day += timedelta(days=1)
    return found


def _group(number: int, days: Sequence[str]) -> Json:
    return {
        "class": f"1학년 {number + 1}반",
        "grade": 1,
        "people": 20 + number,
        "fields": [FIELD],
        "dates": list(days[2 * number : 2 * number + 3]),
    }


def begun(stack: Stack) -> World:
    """Play the story up to the hosts' answers; `world.notes["campaigns"]` are open for surveys."""
    world = World(
        data=data(),
        origin=stack.addresses["public"],
        mail_api=stack.mail_api,
        command=stack.command,
        say=lambda line: None,
        shift=timedelta(),
    )
    world.notes["mails"] = stack.mails
    opening.open_centre(world)
    for row in world.data["hosts"]:
        world.ids[f"host:{row['key']}"] = opening.register(world, row, "company", "centre_host")
    for row in world.data["schools"]:
        world.ids[f"school:{row['key']}"] = opening.register(world, row, "school", "centre_school")
    with ThreadPoolExecutor(6) as several:
        rows = [(row, "host") for row in world.data["hosts"]]
        rows += [(row, "school") for row in world.data["schools"]]
        list(several.map(lambda one: _enter(world, *one), rows))
        hosts = [world.ids[f"host:{row['key']}"] for row in world.data["hosts"]]
        list(several.map(lambda host: opening.vet(world, host), hosts))
        opened = list(several.map(lambda _: opening.open_campaign(world), range(CAMPAIGNS)))
    world.ids["campaign"], *world.notes["campaigns"] = opened
    for row in world.data["offers"]:
        opening.publish_offer(world, row)
    _place(world)
    return world


def _enter(world: World, row: Json, role: str) -> None:
    """An organisation enters with the code of a letter; the centre approves; it signs in."""
    key, id = row["key"], world.ids[f"{role}:{row['key']}"]
    duty = "career_teacher" if role == "school" else "team_lead"
    invited = world.centre.post(
        "/api/v1/invitations", {"organisation": id, "role": role, "duty": duty}
    )
    Person(world.origin).post(
        "/api/v1/invitations/accept",
        {
            "code": invited["extra"]["code"],
            "login": f"chaos-{key}",
            "password": PASSWORD,
            "person": CANARY,
            "email": f"{CANARY}-{key}@{role}.example",
        },
    )
    world.centre.post(f"/api/v1/invitations/{invited['id']}/approve")
    world.people[key] = Person(world.origin, f"chaos-{key}", PASSWORD).sign_in()


def _place(world: World) -> None:
    """Schools answer, the survey closes, a run places, and hosts are asked."""
    answers = answering.Answering(world)
    for school in world.data["schools"]:
        answers.plain(school)
    answering.close(world)
    placing.run(world)
    answer_by = (datetime.now(KST) + REPLY).isoformat()
    body = {"stage": "hosts", "answer_by": answer_by}
    world.centre.post(f"{placing.API}/runs/{world.ids['run']}/release", body)


def asked(world: World) -> dict[str, list[str]]:
    """By the key of the host: the bookings that wait for its answer."""

    def found() -> dict[str, list[str]] | None:
        by_host: dict[str, list[str]] = {}
        for one in placing.bookings(world):
            if one["status"] == "asked":
                by_host.setdefault(placing.host_key(world, one), []).append(one["id"])
        return by_host or None

    return wait_for(found, "the hosts to be asked")


def survey_answers(school: Json) -> Json:
    """What a school answers to a survey."""
    return answering.answers(school)


def offer_body(world: World, row: Json) -> dict[str, Any]:
    """The body with which a host drafts an offer outside any campaign."""
    slots = [_slot(text) for text in row["sessions"][:3]]
    return {
        "title": row["title"],
        "team_name": row["team"],
        "field": row["field"],
        "kind": row["kind"],
        "place": row["place"],
        "place_code": row["district"],
        "meeting_point": row["meeting_point"],
        "minimum": row["minimum"],
        "maximum": row["maximum"],
        "slots": slots,
        "centre": world.ids["centre"],
    }


def _slot(text: str) -> dict[str, str]:
    start = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=KST, hour=15)
    return {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
