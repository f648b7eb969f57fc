"""A district centre's year, made from a seed: 23 programmes and 30,623 attendances.

Published (Gwangjin, 2024): 23 programmes, 30,623 attendances, universities among the hosts.
Invented: the schools and hosts, how many programmes take groups and how many single persons, sizes,
wishes and dates. The same seed makes the same year.
"""

import random
from datetime import date, timedelta
from typing import Any

PROGRAMMES = 23
ATTENDANCES = 30_623
INDIVIDUAL_PROGRAMMES = 3
PERSONS = 2_400
SCHOOLS = 36
HOSTS = 42
UNIVERSITIES = 2
GROUPS_PER_SCHOOL = 5
SCHOOLS_PER_PROGRAMME = 11
SEATS = 36
OFFERS_PER_PROGRAMME = 6
SESSIONS_PER_OFFER = 12
PERSON_SESSIONS = 12
DISTRICTS = ("north", "south", "riverside")
FIRST_DAY = date(2024, 4, 1)
HOLIDAYS = {"2024-04-10", "2024-05-01", "2024-05-06", "2024-05-15", "2024-06-06"}


def make(seed: int) -> dict[str, Any]:
    """The data set of a seed."""
    chance = random.Random(seed)
    fields = _fields()
    programmes = [_programme(number, fields, chance) for number in range(PROGRAMMES)]
    _sizes(programmes, chance)
    return {
        "plays_in": "2024-03-04T09:00:00+09:00",
        "centre": {
            "name": "너른내 진로직업체험센터",
            "district": DISTRICTS[0],
            "phone": "02-000-2004",
            "login": "district-center",
            "email": "center@district.example",
            "person": "한결이",
        },
        "hosts": [_host(number) for number in range(HOSTS)],
        "schools": [_school(number) for number in range(SCHOOLS)],
        "programmes": programmes,
        "holds": {"attendances": ATTENDANCES, "placed_share": 0.9},
    }


def _fields() -> list[str]:
    return [
        *("broadcasting", "drones", "environment", "sports", "design", "information"),
        *("engineering", "science", "energy", "health", "welfare", "education", "law"),
        *("safety", "business", "culture", "media", "culinary", "beauty", "tourism"),
        *("crafts", "construction", "nature"),
    ]


def _host(number: int) -> dict[str, Any]:
    university = number < UNIVERSITIES
    name = f"너른내대학교 {number + 1}캠퍼스" if university else f"너른내 일터 {number + 1}호"
    return {
        "key": f"host{number}",
        "name": name,
        "kind": "university" if university else "company",
        "district": DISTRICTS[number % len(DISTRICTS)],
        "telephone": f"02-000-{3000 + number}",
        "person": "담당자",
    }


def _school(number: int) -> dict[str, Any]:
    return {
        "key": f"school{number}",
        "name": f"너른내 {number + 1}중학교",
        "code": f"B10-{7200000 + number}",
        "level": "middle",
        "district": DISTRICTS[number % len(DISTRICTS)],
        "person": "진로 담당",
    }


def _days(number: int, many: int, offset: int) -> list[str]:
    """Weekdays of a programme's own weeks, without holidays."""
    day = FIRST_DAY + timedelta(days=offset + number % 5)
    found: list[str] = []
    while len(found) < many:
        if day.weekday() < 5 and day.isoformat() not in HOLIDAYS:
            found.append(day.isoformat())
        day += timedelta(days=1)
    return found


def _programme(number: int, fields: list[str], chance: random.Random) -> dict[str, Any]:
    persons = number < INDIVIDUAL_PROGRAMMES
    field = fields[number]
    hosts = (
        [number % UNIVERSITIES]
        if persons
        else [
            UNIVERSITIES + (number * OFFERS_PER_PROGRAMME + one) % (HOSTS - UNIVERSITIES)
            for one in range(OFFERS_PER_PROGRAMME)
        ]
    )
    sessions = PERSON_SESSIONS if persons else SESSIONS_PER_OFFER
    offers = [
        {
            "host": f"host{host}",
            "team": f"{field}-{place}",
            "field": field,
            "days": _days(place, sessions, 0),
            "begins": "10:00" if number % 2 else "14:00",
            "seats": 80 if persons else SEATS,
        }
        for place, host in enumerate(hosts)
    ]
    schools = chance.sample(range(SCHOOLS), SCHOOLS_PER_PROGRAMME)
    return {
        "key": f"p{number}",
        "name": f"{number + 1}번째 프로그램",
        "kind": "individuals" if persons else "groups",
        "field": field,
        "offers": offers,
        "schools": [f"school{one}" for one in sorted(schools)],
        "answers": {},
    }


def _sizes(programmes: list[dict[str, Any]], chance: random.Random) -> None:
    """Groups and persons so that all of them together are the published number."""
    alone = [one for one in programmes if one["kind"] == "individuals"]
    together = [one for one in programmes if one["kind"] == "groups"]
    places = [(one, school) for one in alone for school in one["schools"]]
    for place, (programme, school) in enumerate(places):
        programme["answers"][school] = PERSONS // len(places) + (place < PERSONS % len(places))
    left = ATTENDANCES - PERSONS
    slots = [
        (programme, school)
        for programme in together
        for school in programme["schools"]
        for _ in range(GROUPS_PER_SCHOOL)
    ]
    for place, (programme, school) in enumerate(slots):
        mean = left // (len(slots) - place)
        last = place == len(slots) - 1
        people = left if last else max(16, min(SEATS, mean + chance.randint(-5, 5)))
        left -= people
        days = programme["offers"][0]["days"]
        programme["answers"].setdefault(school, []).append(
            {"people": people, "dates": chance.sample(days, 3), "grade": chance.randint(1, 3)}
        )
