"""What must hold in the end: the data file says it, the public interface shows it."""

import time
from collections import Counter

from demo import retelling
from demo.client import Json, wait_for
from demo.confirming import placements
from demo.retelling import differ
from demo.world import World, addressee

GATHERING_SECONDS = 2.0
CORRECTION = "정정"


def messages_have_ended(world: World) -> None:
    """Wait until no message is on its way any more; telephone tasks wait for a person.

    The correction was the last act, so its notices come last; digests are gathered for a while.
    """
    wanted = corrected(world)
    wait_for(lambda: corrections(world) >= wanted, "the correction notices", 90)
    seen = {"number": -1, "since": 0.0}

    def quiet() -> bool:
        found = deliveries(world)
        if len(found) != seen["number"]:
            seen.update(number=len(found), since=time.monotonic())
        mails = [one for one in found if one["channel"] == "email"]
        gathered = time.monotonic() - seen["since"] > GATHERING_SECONDS
        return gathered and all(one["ended_at"] for one in mails)

    wait_for(quiet, "every message to arrive", 60)
    found = deliveries(world)
    world.notes["delivered"] = len(found)
    world.notes["tasks"] = [one for one in found if one["channel"] == "telephone"]


def corrected(world: World) -> Counter[str]:
    """Who has to get the correction notice, once each."""
    concerned = world.notes["corrected"]
    rows = {row["key"]: row for row in world.data["hosts"]}
    wanted = Counter([f"{concerned['school']}@school.example"])
    wanted.update(rows[key]["email"] for key in concerned["hosts"] if "email" in rows[key])
    return wanted


def corrections(world: World) -> Counter[str]:
    """Who got correction notices, and how many."""
    return Counter(addressee(one) for one in world.notes["mails"]() if CORRECTION in one["Subject"])


def deliveries(world: World) -> list[Json]:
    """Every delivery of the centre."""
    return world.centre.all("/notifications/api/v1/deliveries")


def check(world: World) -> list[str]:
    """What does not hold, one sentence each."""
    return [*_run(world), *_placements(world), *retelling.check(world), *_messages(world)]


def _run(world: World) -> list[str]:
    holds = world.data["holds"]
    schools = {world.ids[f"school:{row['key']}"]: row["key"] for row in world.data["schools"]}
    rows = world.notes["rows"]
    chosen = {schools[row["school"]] for row in rows if row["parts"]}
    students = sum(part["people"] for row in rows for part in row["parts"])
    others = {schools[row["school"]]: row for row in rows if row["state"] == "not_selected"}
    ranks = sorted({row["reserve_rank"] for row in others.values()})
    told = [key for key, row in others.items() if not row["reason"]]
    return [
        *differ("the chosen schools", set(holds["chosen"]), chosen),
        *differ("students of the chosen schools", holds["students_chosen"], students),
        *differ("schools not selected", set(holds["not_selected"]), set(others)),
        *differ("reserve ranks", list(range(1, len(others) + 1)), ranks),
        *differ("schools not selected without a reason", [], told),
        *differ("numbers of the run", students, world.notes["run"]["result"]["numbers"]["placed"]),
    ]


def _placements(world: World) -> list[str]:
    holds = world.data["holds"]
    found = placements(world)
    confirmed = [one for one in found if one["status"] == "confirmed"]
    students = sum(part["people"] for one in confirmed for part in one["parts"])
    withdrawn = [world.group_key(one["group"]) for one in found if one["status"] == "withdrawn"]
    used = Counter(
        (stop["team"], stop["start"])
        for one in confirmed
        for part in one["parts"]
        for stop in part["stops"]
    )
    exam = [
        stop["start"]
        for one in found
        for part in one["parts"]
        for stop in part["stops"]
        if stop["start"].startswith(tuple(world.data["campaign"]["unusable_dates"]))
    ]
    twice = [place for place, number in used.items() if number > 1]
    return [
        *differ("confirmed groups", holds["confirmed_groups"], len(confirmed)),
        *differ("confirmed students", holds["confirmed_students"], students),
        *differ("withdrawn groups", holds["withdrawn"], withdrawn),
        *differ("teams in two places at once", [], twice),
        *differ("visits on an unusable day", [], exam),
    ]


def _messages(world: World) -> list[str]:
    mails = world.notes["mails"]()
    ids = Counter(one["MessageID"] for one in mails)
    texts = Counter((addressee(one), one["Subject"], one["Text"]) for one in mails)
    schools = {f"{row['key']}@school.example" for row in world.data["schools"]}
    silent = sorted(schools - {addressee(one) for one in mails})
    failed = [one["id"] for one in deliveries(world) if one["status"] in ("failed", "bounced")]
    return [
        *differ("messages sent twice", [], [id for id, number in ids.items() if number > 1]),
        *differ("the same text twice", [], [key for key, number in texts.items() if number > 1]),
        *differ("correction notices", dict(corrected(world)), dict(corrections(world))),
        *differ("schools without a message", [], silent),
        *differ("failed messages", [], failed),
        *differ("telephone tasks for the host without e-mail", True, bool(world.notes["tasks"])),
    ]


def play(world: World) -> None:
    """Wait for the last message."""
    messages_have_ended(world)
    world.say(f"{world.notes['delivered']} deliveries have ended or wait for a person")
