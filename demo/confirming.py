"""The second release: schools confirm, one withdraws, one notice is corrected."""

from demo.client import Json, wait_for
from demo.placing import API, accept, bookings, host_key, of_group
from demo.world import World


def placements(world: World) -> list[Json]:
    """All placements of the campaign as the centre sees them."""
    return world.centre.all(f"{API}/placements", campaign=world.ids["campaign"])


def line(world: World) -> list[Json]:
    """The waitlist of the campaign, first place first."""
    found = world.centre.get(f"{API}/waitlists", campaign=world.ids["campaign"])
    return list(found["items"])


def of(world: World, key: str) -> Json:
    """A group's placement."""
    group = world.group_id(key)
    return next(one for one in placements(world) if one["group"] == group)


def release_to_schools(world: World) -> None:
    """All hosts have answered: tell the schools."""
    wait_for(
        lambda: world.centre.post(f"{API}/runs/{world.ids['run']}/release", {"stage": "schools"}),
        "the release to the schools",
    )
    wait_for(
        lambda: all(one["released"] for one in placements(world)) and placements(world),
        "every school to be told",
    )
    waiting = world.group_id(world.data["story"]["unanswered"]["group"])
    wait_for(
        lambda: [one["group"] for one in line(world)] == [waiting], "the one group on the waitlist"
    )


def confirm_all(world: World) -> None:
    """Each school confirms what it was offered, with its own decision on record."""
    number = 0
    for school in world.data["schools"]:
        teacher = world.people[school["key"]]
        own = teacher.all(f"{API}/placements", campaign=world.ids["campaign"])
        for placement in own:
            if placement["status"] != "offered":
                continue
            number += 1
            done = teacher.post(
                f"{API}/placements/{placement['id']}/confirm",
                {
                    "approved_on": world.now().date().isoformat(),
                    "document_number": f"진로-{number}",
                },
            )
            world.notes.setdefault("said_yes", {})[placement["id"]] = done["state"]
    world.say(f"the schools confirmed {number} groups")


def hazardous(world: World) -> list[Json]:
    """Bookings with a hazard that are still alive."""
    return [
        one
        for one in bookings(world)
        if one["hazards"] and one["status"] in ("accepted", "confirmed")
    ]


def check_safety(world: World) -> None:
    """A visit of the incineration plant is not confirmed before its safety check is on record."""
    waiting = hazardous(world)
    said_yes = world.notes["said_yes"]
    early = [one for one in waiting if said_yes.get(one["placement"]) == "confirmed"]
    if early or any(one["status"] == "confirmed" for one in waiting):
        raise AssertionError("a hazardous visit was confirmed without its safety check")
    for booking in waiting:
        world.centre.post(
            f"{API}/bookings/{booking['id']}/safety",
            {
                "check_code": "site_visit",
                "date": world.now().date().isoformat(),
                "note": "보호구와 동선을 확인했습니다.",
            },
        )
    wait_for(
        lambda: all(one["status"] == "confirmed" for one in hazardous(world)),
        "the hazardous visits to be confirmed",
    )
    world.notes["hazardous"] = len(waiting)
    world.say(
        f"{len(waiting)} visits to the incineration plant: confirmed after their safety check"
    )


def withdraw(world: World) -> None:
    """A school gives seats back; they go to the group that waits."""
    key = world.data["story"]["withdraws"]["group"]
    placement = wait_for(
        lambda: (one := of(world, key))["status"] == "confirmed" and one, f"{key} to be confirmed"
    )
    world.people[key.partition("/")[0]].post(
        f"{API}/placements/{placement['id']}/withdraw",
        {"reason_code": "school_event", "reason": "교내 행사와 겹칩니다."},
    )
    waiting = world.data["story"]["gets_the_seats"]["group"]
    asked = wait_for(lambda: of_group(world, waiting, "asked"), "the seats to go to the waitlist")
    for one in asked:
        accept(world, one)
    teacher = world.people[waiting.partition("/")[0]]
    offered = wait_for(
        lambda: (one := of(world, waiting))["status"] == "offered" and one,
        "the waiting group to be offered the seats",
    )
    teacher.post(f"{API}/placements/{offered['id']}/confirm")
    wait_for(lambda: of(world, waiting)["status"] == "confirmed", "the waiting group's place")
    world.say("one group withdrew; its seats went to the group that waited")


def correct(world: World) -> None:
    """One notice was wrong: one 정정 to those concerned."""
    wanted = world.data["story"]["correction"]
    placement = of(world, wanted["group"])
    world.centre.post(
        f"{API}/placements/corrections",
        {
            "placements": [placement["id"]],
            "what_code": wanted["what_code"],
            "text": wanted["text"],
        },
    )
    stops = [stop for part in placement["parts"] for stop in part["stops"]]
    hosts = {host_key(world, {"host": stop["host"]}) for stop in stops}
    world.notes["corrected"] = {"school": wanted["group"].partition("/")[0], "hosts": hosts}


def play(world: World) -> None:
    """All of it, in order."""
    release_to_schools(world)
    confirm_all(world)
    check_safety(world)
    withdraw(world)
    correct(world)
