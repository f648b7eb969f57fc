"""Before the survey: accounts, hosts that are vetted, a campaign, and what the hosts offer."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from demo.client import Json, NeverHappened, Person, wait_for
from demo.world import PASSWORD, World, slot

FAR_MINUTES = 30
TOGETHER = 6


def several(work: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    """Do the same for many, a few at a time, as different people would."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(work, rows))


def open_centre(world: World) -> None:
    """The first account comes from the operator's command; all others by invitation."""
    centre = world.data["centre"]
    done = world.command(
        "registration",
        *("user", "create", "--login", centre["login"], "--password-file", "/dev/stdin"),
        *("--organisation-name", centre["name"], "--district", centre["district"]),
        *("--phone", centre["phone"], "--person", centre["person"]),
        *("--email", centre["email"]),
        stdin=PASSWORD + "\n",
    )
    if done.returncode:
        raise NeverHappened(f"the first account could not be made: {done.stderr[-2000:]}")
    world.centre = Person(world.origin, centre["login"], PASSWORD)
    wait_for(world.centre.sign_in, "the centre's sign-in")
    own = world.centre.organisation
    world.ids["centre"] = own
    world.notes.setdefault("names", {})[own] = centre["name"]
    # The first tokens are good as soon as the key has travelled to every service.
    for path in ("/placement/api/v1/hosts", "/notifications/api/v1/deliveries"):
        wait_for(partial(world.centre.get, path), f"{path} to know the key")


def register(world: World, row: Json, kind: str, relation: str) -> str:
    """An organisation of the story, with how it is reached. Returns its id."""
    body: Json = {
        "kinds": [kind],
        "name": row["name"],
        "district": row["district"],
        "relation": {"relation": relation, "since": "2024-03-01"},
    }
    for name, value in (("school_code", row.get("code")), ("level", row.get("level"))):
        if value:
            body[name] = value
    id: str = world.centre.post("/api/v1/organisations", body)["id"]
    world.notes["names"][id] = row["name"]
    return id


def enter_school(world: World, row: Json) -> Person:
    """A school enters with the code of a letter; the centre approves; its teacher signs in."""
    key = row["key"]
    id = world.ids[f"school:{key}"]
    login = f"{key}-teacher"
    invited = world.centre.post(
        "/api/v1/invitations",
        {"organisation": id, "role": "school", "duty": "career_teacher"},
    )
    Person(world.origin).post(
        "/api/v1/invitations/accept",
        {
            "code": invited["extra"]["code"],
            "login": login,
            "password": PASSWORD,
            "person": row["person"],
            "email": f"{key}@school.example",
        },
    )
    world.centre.post(f"/api/v1/invitations/{invited['id']}/approve")
    teacher = Person(world.origin, login, PASSWORD).sign_in()
    world.people[key] = teacher
    return teacher


def enter_host(world: World, row: Json) -> None:
    """A host with e-mail enters by the link of its invitation; one without is called."""
    id = world.ids[f"host:{row['key']}"]
    if "email" not in row:
        world.centre.post(
            f"/api/v1/organisations/{id}/contacts",
            {"telephone": row["telephone"], "person": row["person"], "roles": ["host"]},
        )
        return
    world.centre.post(
        "/api/v1/invitations",
        {"organisation": id, "role": "host", "duty": "team_lead", "email": row["email"]},
    )
    link = wait_for(lambda: invitation_link(world, row["email"]), f"the invitation of {row['key']}")
    Person(world.origin).post(
        "/api/v1/invitations/accept",
        {
            "token": link,
            "login": f"{row['key']}-team",
            "password": PASSWORD,
            "person": row["person"],
            "email": row["email"],
        },
    )
    world.people[row["key"]] = Person(world.origin, f"{row['key']}-team", PASSWORD).sign_in()


def invitation_link(world: World, email: str) -> str | None:
    """The token in the newest invitation in a mailbox."""
    for mail in world.notes["mails"](email):
        for word in mail["Text"].split():
            if "token=" in word:
                return str(word.split("token=", 1)[1].strip(".,)>\"' "))
    return None


def vet(world: World, host: str) -> None:
    """Found, contacted, visited, approved: only then may a host publish to children."""
    path = f"/placement/api/v1/hosts/{host}/vetting"
    for status in ("found", "contacted", "visited", "approved"):
        step = partial(world.centre.post, path, {"status": status})
        wait_for(step, f"the host {world.name(host)} to be {status}")


def open_campaign(world: World) -> str:
    """A programme and its campaign, announced and open at once."""
    data = world.data
    programme = world.centre.post("/api/v1/programmes", data["programme"])["id"]
    opens = world.now() + timedelta(seconds=2)
    body = {
        **data["campaign"],
        "programme": programme,
        "opens_at": opens.isoformat(),
        "deadline": (opens + timedelta(minutes=FAR_MINUTES)).isoformat(),
        "hosts_reply_by": (opens + timedelta(days=7)).isoformat(),
        "schools_confirm_by": (opens + timedelta(days=14)).isoformat(),
        "phone": data["centre"]["phone"],
    }
    campaign: str = world.centre.post("/api/v1/campaigns", body)["id"]
    world.centre.post(f"/api/v1/campaigns/{campaign}/announce")
    world.ids["campaign"] = campaign
    wait_for(
        lambda: world.centre.get(f"/api/v1/campaigns/{campaign}")["status"] == "open",
        "the campaign to open by its timer",
    )
    return campaign


def publish_offer(world: World, row: Json) -> None:
    """A host publishes an offer; for one without e-mail the centre records it (대리 입력)."""
    host = world.ids[f"host:{row['host']}"]
    person = world.people.get(row["host"])
    body: dict[str, Any] = {
        "title": row["title"],
        "team_name": row["team"],
        "field": row["field"],
        "kind": row["kind"],
        "place": row["place"],
        "place_code": row["district"],
        "meeting_point": row["meeting_point"],
        "accessible": row.get("accessible", []),
        "hazards": row.get("hazards", []),
        "minimum": row["minimum"],
        "maximum": row["maximum"],
        "terms": row.get("terms"),
        "travel_minutes": {
            home: minutes[row["district"]] for home, minutes in world.data["travel"].items()
        },
        "slots": [dict(zip(("start", "end"), slot(one), strict=True)) for one in row["sessions"]],
        "campaign": world.ids["campaign"],
    }
    call: Json = {}
    if person is None:
        body["host"] = host
        call = {"by_telephone": spoken(world, row["host"])}
    else:
        body["centre"] = world.ids["centre"]
    who = person or world.centre
    drafted = wait_for(
        lambda: who.post("/placement/api/v1/offers", {**body, **call}), f"the offer {row['key']}"
    )
    world.ids[f"offer:{row['key']}"] = drafted["id"]
    who.post(f"/placement/api/v1/offers/{drafted['id']}/publish", call)


def spoken(world: World, host: str) -> Json:
    """With whom the centre spoke, and when."""
    row = next(one for one in world.data["hosts"] if one["key"] == host)
    return {"spoken_with": row["person"], "at": world.now().isoformat()}


def play(world: World) -> None:
    """All of it, in order."""
    open_centre(world)
    world.say("the centre has its account, and every service knows the signing key")
    for row in world.data["hosts"]:
        world.ids[f"host:{row['key']}"] = register(world, row, "city", "centre_host")
    for row in world.data["schools"]:
        world.ids[f"school:{row['key']}"] = register(world, row, "school", "centre_school")
    several(partial(enter_host, world), world.data["hosts"])
    several(lambda row: vet(world, world.ids[f"host:{row['key']}"]), world.data["hosts"])
    several(partial(enter_school, world), world.data["schools"])
    hosts, schools = len(world.data["hosts"]), len(world.data["schools"])
    world.say(f"{schools} schools entered by letter and code, {hosts} hosts are vetted")
    open_campaign(world)
    for row in world.data["offers"]:
        publish_offer(world, row)
    number = sum(len(row["sessions"]) for row in world.data["offers"])
    world.say(f"the campaign is open; {len(world.data['offers'])} teams offer {number} sessions")
