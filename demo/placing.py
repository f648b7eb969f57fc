"""The run, and the first release: hosts are asked, and answer in every way that hosts do."""

from datetime import datetime, timedelta

from demo.client import REQUESTS, Json, refused, wait_for
from demo.opening import several, spoken
from demo.world import World

SHORTEST_REPLY_SECONDS = 4.0
REPLY_REQUESTS = 60
RUN_SECONDS = 240
"""More than any machine needs: what has to hold is the best plan, not one that was cut short."""
API = "/placement/api/v1"


def run(world: World) -> None:
    """Start the run and watch it."""
    body = {"campaign": world.ids["campaign"], "time_limit": RUN_SECONDS}
    started = wait_for(lambda: world.centre.post(f"{API}/runs", body), "the run to be accepted")
    world.ids["run"] = started["id"]
    seen: list[str] = []

    def finished() -> Json | None:
        found = world.centre.get(f"{API}/runs/{started['id']}")
        told = _progress(found)
        if told and told not in seen:
            seen.append(told)
            world.say(told)
        if found["status"] in ("failed", "cancelled"):
            raise AssertionError(f"the run ended as {found['status']}: {found['failure']}")
        return found if found["status"] == "completed" else None

    done = wait_for(finished, "the run to be completed", RUN_SECONDS + 120)
    world.notes["run"] = done
    rows = world.centre.all(f"{API}/runs/{started['id']}/results")
    world.notes["rows"] = rows
    world.notes["by_group"] = {row["applicant"]: row for row in rows}


def _progress(found: Json) -> str:
    progress = found.get("progress")
    if found["status"] == "waiting":
        holes = found.get("missing") or []
        return f"run: waiting for {len(holes)} buckets of the manifest" if holes else ""
    if not progress or not progress.get("stage"):
        return ""
    value, bound = progress.get("value"), progress.get("bound")
    return f"run: {progress['stage']} {value}, bound {bound}"


def bookings(world: World, **query: str) -> list[Json]:
    """The bookings of the campaign as the centre sees them."""
    return world.centre.all(f"{API}/bookings", campaign=world.ids["campaign"], **query)


def of_group(world: World, key: str, *states: str) -> list[Json]:
    """A group's bookings in some states."""
    group = world.group_id(key)
    return [
        one
        for one in bookings(world)
        if one["group"] == group and (not states or one["status"] in states)
    ]


def reply_time() -> timedelta:
    """How long the hosts have: what their answers take on this machine, with room to spare."""
    usual = sum(REQUESTS) / len(REQUESTS)
    return timedelta(seconds=max(SHORTEST_REPLY_SECONDS, REPLY_REQUESTS * usual))


def release_to_hosts(world: World) -> None:
    """Ask every host; what lies within accepted terms needs no question."""
    answer_by = world.now() + reply_time()
    world.centre.post(
        f"{API}/runs/{world.ids['run']}/release",
        {"stage": "hosts", "answer_by": answer_by.isoformat()},
    )
    world.notes["answer_by"] = answer_by
    wait_for(
        lambda: (
            world.centre.get(f"{API}/runs/{world.ids['run']}")["hosts"].get("finished")
            or len(bookings(world)) >= placed_stops(world)
        ),
        "the requests to the hosts",
    )


def placed_stops(world: World) -> int:
    """How many bookings the result asks for."""
    return sum(len(part["sessions"]) for row in world.notes["rows"] for part in row["parts"])


def hosts_answer(world: World) -> None:
    """Accept, decline, accept under a condition, say so by telephone, or stay silent."""
    story = world.data["story"]
    special = {world.group_id(story[name]["group"]) for name in ("declines", "unanswered")}
    conditional = world.group_id(story["condition"]["group"])
    found = bookings(world)
    by_terms = sum(one["accepted_by"] == "terms" for one in found if one["status"] == "accepted")
    asked = [one for one in found if one["status"] == "asked" and one["group"] not in special]
    several(lambda one: (condition if one["group"] == conditional else accept)(world, one), asked)
    world.notes["by_terms"] = by_terms
    world.say(f"hosts accepted; {by_terms} requests lay within terms accepted beforehand")
    decline(world)


def host_key(world: World, booking: Json) -> str:
    """The key of a booking's host in the data file."""
    for row in world.data["hosts"]:
        if world.ids[f"host:{row['key']}"] == booking["host"]:
            return str(row["key"])
    raise KeyError(booking["host"])


def accept(world: World, booking: Json) -> None:
    """The host accepts; without e-mail it says so on the telephone (대리 입력)."""
    key = host_key(world, booking)
    path = f"{API}/bookings/{booking['id']}/accept"
    if key in world.people:
        world.people[key].post(path)
    else:
        world.centre.post(path, {"by_telephone": spoken(world, key)})
        world.notes.setdefault("by_telephone", []).append(booking["id"])


def condition(world: World, booking: Json) -> None:
    """A smaller group, and another hour; the school agrees."""
    wanted = world.data["story"]["condition"]
    later = timedelta(minutes=wanted["minutes_later"])
    body = {
        "people": wanted["people"],
        "start": (datetime.fromisoformat(booking["start"]) + later).isoformat(),
        "end": (datetime.fromisoformat(booking["end"]) + later).isoformat(),
    }
    path = f"{API}/bookings/{booking['id']}"
    world.people[host_key(world, booking)].post(f"{path}/condition", body)
    school = wanted["group"].partition("/")[0]
    world.people[school].post(f"{path}/agree")
    world.say(f"one host asked for {wanted['people']} people and a later hour; the school agreed")


def decline(world: World) -> None:
    """A host declines; the repair is previewed, looked at, and applied."""
    wanted = world.data["story"]["declines"]
    booking = of_group(world, wanted["group"], "asked")[0]
    frozen = {one["group"] for one in bookings(world) if one["status"] in ("accepted", "confirmed")}
    body = {"reason_code": wanted["reason_code"], "reason": wanted["reason"]}
    path = f"{API}/bookings/{booking['id']}/decline"
    world.people[host_key(world, booking)].post(path, body)
    repair = previewed(world, "declined")
    moved = {row["applicant"] for row in repair["rows"]}
    if moved & frozen:
        raise AssertionError("the repair would move a group that a host has accepted")
    world.centre.post(f"{API}/repairs/{repair['id']}/apply")
    world.notes["repair"] = world.centre.get(f"{API}/repairs/{repair['id']}")
    world.say(
        f"a decline: its repair moves {len(repair['rows'])} group and nobody who was accepted"
    )
    again = wait_for(lambda: of_group(world, wanted["group"], "asked", "accepted"), "a new request")
    for one in again:
        if one["status"] == "asked":
            accept(world, one)


def previewed(world: World, cause: str) -> Json:
    """Wait for a repair's preview."""

    def ask() -> Json | None:
        for one in world.centre.all(f"{API}/repairs", campaign=world.ids["campaign"]):
            if one["cause"] == cause and one["status"] == "previewed":
                return one
        return None

    return wait_for(ask, f"the preview of the repair ({cause})")


def expire(world: World) -> None:
    """One request expires unanswered: silence is not consent, and its group joins the waitlist."""
    key = world.data["story"]["unanswered"]["group"]
    booking = of_group(world, key)[0]
    wait_for(lambda: of_group(world, key, "expired"), "a request to expire")
    problem = refused(
        lambda: world.people[host_key(world, booking)].post(
            f"{API}/bookings/{booking['id']}/accept"
        ),
        409,
    )
    world.notes["expired"] = problem
    repair = previewed(world, "expired")
    own = [row for row in repair["rows"] if row["applicant"] == world.group_id(key)]
    if [row["after"] for row in own] != [[]]:
        raise AssertionError(f"the repair of {key} found another seat: {repair['rows']}")
    world.centre.post(f"{API}/repairs/{repair['id']}/apply")
    world.say("one request expired unanswered; no other seat fits, so its group will wait in line")


def play(world: World) -> None:
    """All of it, in order."""
    run(world)
    release_to_hosts(world)
    hosts_answer(world)
    expire(world)
