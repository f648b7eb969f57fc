"""The story told once more: each of its clauses, looked up in what the interfaces show."""

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from demo.answering import act_of
from demo.client import Json
from demo.confirming import line, placements
from demo.placing import API, bookings, of_group
from demo.world import KST, World, mails_to

PROCESSES = {
    "registration-web",
    "registration-worker",
    "placement-worker",
    "notifications-worker",
}
"""Those that a submission goes through, from the edge to the delivery of its receipt."""
HANGUL = re.compile(r"[가-힣]")


def differ(what: str, wanted: Any, found: Any) -> list[str]:
    """One sentence if what was found is not what has to hold, else none."""
    return [] if wanted == found else [f"{what}: {wanted!r} was to hold, and it is {found!r}"]


def check(world: World) -> list[str]:
    """What of the story did not come about, one sentence each."""
    return [
        *_survey(world),
        *_hosts(world),
        *_visits(world),
        *_letters(world),
        *_traced(world),
    ]


def _survey(world: World) -> list[str]:
    notes, late = world.notes, world.notes["late"]
    schools = world.data["schools"]
    key = {row["answers"]: row["key"] for row in schools}
    deeds = {name: _deeds(world, key[name]) for name in ("double_click", "corrected")}
    admitted = world.centre.get(f"/api/v1/surveys/{world.ids['survey:' + key['late']]}")
    now = world.centre.get(f"/api/v1/campaigns/{world.ids['campaign']}")["manifest"]
    phone = world.data["centre"]["phone"]
    return [
        *differ("fields to mend are named", True, len(notes["field_errors"]) >= 3),
        *differ("submissions of an impatient click", 1, deeds["double_click"]["submitted"]),
        *differ("corrections before the deadline", 1, deeds["corrected"]["amended"]),
        *differ("surveys in the manifest of the closing", len(schools) - 1, _counted(notes)),
        *differ("surveys in the manifest at the end", len(schools), _counted({"manifest": now})),
        *differ("the late school is told the number to call", True, phone in late["title"]),
        *differ("the late school is told the deadline", True, "deadline" in late["facts"]),
        *differ("the late school is in", True, admitted["late"]),
        *differ("with a reason on record", True, bool(admitted["admission"]["reason"])),
    ]


def _deeds(world: World, school: str) -> Counter[str]:
    path = f"/api/v1/surveys/{world.ids['survey:' + school]}/history"
    return Counter(entry["deed"] for entry in world.centre.get(path)["items"])


def _counted(found: Json) -> int:
    return sum(bucket["count"] for bucket in found["manifest"]["surveys"].values())


def _traced(world: World) -> list[str]:
    """One id finds an act in the logs from the first request to the letter that went out."""
    school = world.data["schools"][0]["key"]
    found = world.notes["logs_with"](act_of(school))
    if found is None:
        return []
    return differ("logs that know one school's submission", PROCESSES, found & PROCESSES)


def _hosts(world: World) -> list[str]:
    story, held = world.data["story"], ("accepted", "confirmed")
    by = Counter(one["accepted_by"] for one in bookings(world) if one["status"] in held)
    declined = of_group(world, story["declines"]["group"], "declined")
    said = [one["reason_code"] for one in declined]
    caller = world.centre.get(f"{API}/bookings/{world.notes['by_telephone'][0]}")
    person = next(row["person"] for row in world.data["hosts"] if "email" not in row)
    wanted = story["condition"]
    (taken,) = of_group(world, wanted["group"], *held)
    later = _moment(taken["start"]) - _begins(world)[taken["session"]]
    return [
        *differ("ways of accepting", {"host", "terms", "telephone"}, set(by)),
        *differ("with whom the centre spoke", person, caller["spoken_with"]),
        *differ("people under the host's condition", wanted["people"], taken["people"]),
        *differ("the host's other hour", timedelta(minutes=wanted["minutes_later"]), later),
        *differ("why a host declined", [story["declines"]["reason_code"]], said),
        *differ("the repair after it", "applied", world.notes["repair"]["status"]),
        *differ("requests left unanswered", 1, len(_expired(world))),
        *differ("hazardous visits", True, world.notes["hazardous"] >= 1),
        *differ("groups that still wait", [], [one["group"] for one in line(world)]),
    ]


def _expired(world: World) -> list[Json]:
    return of_group(world, world.data["story"]["unanswered"]["group"], "expired")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(KST)


def _begins(world: World) -> dict[str, datetime]:
    """When each session begins according to its offer."""
    path = f"{API}/campaigns/{world.ids['campaign']}/offers"
    offers = world.centre.all(path)
    return {one["id"]: _moment(one["start"]) for offer in offers for one in offer["sessions"]}


def _visits(world: World) -> list[str]:
    """Whole visits: every stop in order on one day, with time for the way, on the group's days."""
    groups = {
        world.ids[f"group:{school['key']}/{number}"]: group
        for school in world.data["schools"]
        for number, group in enumerate(school["groups"], 1)
    }
    where = {world.ids[f"offer:{row['key']}"]: row for row in world.data["offers"]}
    wrong = []
    for placement in placements(world):
        if placement["status"] != "confirmed":
            continue
        group, key = groups[placement["group"]], world.group_key(placement["group"])
        for part in placement["parts"]:
            stops = part["stops"]
            days = {_moment(stop["start"]).date() for stop in stops}
            at = [where[stop["offer"]] for stop in stops]
            wrong += [
                *differ(f"stops of {key}", group.get("stops", 1), len(stops)),
                *differ(f"days of {key}", 1, len(days)),
                *differ(f"time for the way of {key}", [], _too_close(world, stops, at)),
            ]
            if "weekdays" in group:
                free = {day.isoweekday() for day in days} <= set(group["weekdays"])
                wrong += differ(f"weekdays of {key}", True, free)
            for need in group.get("needs", []):
                met = all(need in offer.get("accessible", []) for offer in at)
                wrong += differ(f"{need} of {key}", True, met)
    return wrong


def _too_close(world: World, stops: list[Json], at: list[Json]) -> list[str]:
    """Stops that begin before the group can have come there from the one before."""
    found = []
    for place in range(1, len(stops)):
        way = world.data["travel"][at[place - 1]["district"]][at[place]["district"]]
        arrives = _moment(stops[place - 1]["end"]) + timedelta(minutes=way)
        if _moment(stops[place]["start"]) < arrives:
            found.append(stops[place]["start"])
    return found


def _letters(world: World) -> list[str]:
    """Everyone concerned has been written to, in Korean, with what she has to know."""
    mails = world.notes["mails"]()
    foreign = [
        one["Subject"]
        for one in mails
        if not HANGUL.search(one["Subject"]) or not HANGUL.search(one["Text"])
    ]
    concerned = [world.data["centre"]["email"]]
    concerned += [row["email"] for row in world.data["hosts"] if "email" in row]
    silent = [address for address in concerned if not mails_to(mails, address)]
    ranks = {
        row["school"]: row["reserve_rank"]
        for row in world.notes["rows"]
        if row["state"] == "not_selected"
    }
    wrong = [
        *differ("letters without Korean", [], foreign),
        *differ("hosts and centres without a letter", [], silent),
    ]
    for school in world.data["schools"]:
        written = mails_to(mails, f"{school['key']}@school.example")
        rank = ranks.get(world.ids[f"school:{school['key']}"])
        wanted = ["내부결재"] if rank is None else ["미선정", "이유: ", f"예비 {rank}번"]
        told = any(all(word in one["Text"] for word in wanted) for one in written)
        wrong += differ(f"{school['key']} is told {', '.join(wanted)}", True, told)
    waits = world.data["story"]["unanswered"]["group"].partition("/")[0]
    to_it = mails_to(mails, f"{waits}@school.example")
    place = sum("대기 1번" in one["Text"] for one in to_it)
    return [*wrong, *differ("letters that tell the place in the line", 1, place)]
