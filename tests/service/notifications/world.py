"""A centre, two schools, two hosts and a post office; events arrive as the consumer brings them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis.act import Act
from chassis.context import Context
from chassis.contracts import faults, topic_of
from chassis.events.envelope import Received
from chassis.facts import derived_id, stamp
from chassis.http.app import create_app
from services.notifications.app import service
from services.notifications.deliveries.planning import plan_due
from services.notifications.deliveries.post import Post
from services.notifications.deliveries.sending import Sender, send_due
from tests.support.believing import Believing
from tests.support.house import context_of
from tests.support.notices import TITLE, example
from tests.support.post_office import PostOffice
from tests.support.stack import Servers


def an_id(name: str) -> str:
    """A readable name as an id."""
    return derived_id("test", name)


CENTRE, OTHER_CENTRE = an_id("centre"), an_id("other centre")
SCHOOL, OTHER_SCHOOL = an_id("school"), an_id("other school")
HOST, PHONE_HOST = an_id("host"), an_id("host with a telephone only")
CAMPAIGN, RUN, OFFER = an_id("campaign"), an_id("run"), an_id("offer")
TEACHER, OTHER_TEACHER = "teacher@school.example", "teacher@other.example"
TEAM, STAFF = "team@city.example", "staff@centre.example"
NUMBER = "+821012345678"


@dataclass
class World:
    """The service with a fresh database, and ways to act on it from outside."""

    context: Context
    client: FlaskClient
    office: PostOffice
    sequences: dict[str, int] = field(default_factory=dict)
    keys: Iterator[int] = field(default_factory=itertools.count)

    def event(
        self, type: str, key: str, correlation: str = "test", sequence: int = 0, **changes: Any
    ) -> Received:
        """An event with the contract's example as its data, changed where it matters."""
        data = {**example(type), **changes}
        assert faults(type, data) == []
        topic = topic_of(type)
        number = sequence or self.sequences.get(key, 0) + 1
        self.sequences[key] = number
        return Received(
            topic=topic.name,
            key=key,
            type=type,
            version=1,
            id=f"{key}:{number}",
            sequence=number,
            time=stamp(self.act().now),
            actor=topic.owner,
            correlation=correlation,
            service=topic.owner,
            data=data,
        )

    def arrive(self, event: Received) -> None:
        """Project the event and run its reactions, each in a transaction of its own."""
        for name, operation in service.projections.writes(event):
            self.context.database[name].bulk_write([operation])
        for reaction in service.reactions.handlers.get(event.type, ()):
            act = self.context.act(
                correlation=event.correlation,
                causation=event.id,
                seed=derived_id(event.id, reaction.__name__),
            )
            act.together(lambda inside, reaction=reaction: reaction(inside, event))  # type: ignore[misc]

    def happens(self, type: str, key: str, **changes: Any) -> Received:
        """An event happens and arrives."""
        event = self.event(type, key, **changes)
        self.arrive(event)
        return event

    def act(self) -> Act:
        """An act of the service itself."""
        return self.context.act()

    def later(self, **spans: float) -> Act:
        """An act of the service itself at a later time."""
        act = self.act()
        return replace(act, now=act.now + timedelta(**spans))

    def passes(self, **spans: float) -> None:
        """Time passes: whatever waits has waited so much longer."""
        span = int(timedelta(**spans).total_seconds() * 1000)
        for name, fields in (("notices", ("due_at", "created_at")), ("deliveries", ("due_at",))):
            older = {f"state.{one}": {"$subtract": [f"$state.{one}", span]} for one in fields}
            self.context.database[name].update_many({}, [{"$set": older}])

    def sender(self, name: str = "sender-1") -> Sender:
        """A sender of its own, as a process would have it."""
        return Sender(
            post=Post("127.0.0.1", self.office.port, "ieum@ieum.example"),
            name=name,
            address="http://localhost",
        )

    def plan(self) -> None:
        """Plan until nothing is due."""
        while plan_due(self.act()):
            pass

    def send(self) -> int:
        """Plan and send until nothing is due. How many were tried."""
        self.plan()
        sender, sent = self.sender(), 0
        while tried := send_due(self.act(), sender):
            sent += tried
        sender.post.close()
        return sent

    def contact(
        self,
        id: str,
        organisation: str,
        name: str,
        role: str,
        email: str | None = None,
        telephone: str | None = None,
        **changes: Any,
    ) -> None:
        """A contact as registration publishes it."""
        self.happens(
            "contact.changed",
            an_id(id),
            organisation=organisation,
            name=name,
            person=changes.pop("person", None),
            email=email,
            telephone=telephone,
            language=changes.pop("language", "ko"),
            roles=[role],
            centre=changes.pop("centre", None),
            centre_phone="+82310001004",
            **changes,
        )

    def booked(
        self, type: str, name: str = "booking", host: str = HOST, **changes: Any
    ) -> Received:
        """A booking's event in this world."""
        facts: dict[str, Any] = {
            "centre": CENTRE,
            "campaign": CAMPAIGN,
            "run": RUN,
            "placement": an_id("placement"),
            "host": host,
            "offer": OFFER,
            "school": SCHOOL,
            "group": an_id("group"),
            "people": 24,
            "preaccepted": False,
        }
        return self.happens(type, an_id(name), **{**facts, **changes})

    def placed(self, type: str, name: str = "placement", **changes: Any) -> Received:
        """A placement's event in this world."""
        stop = {
            "booking": an_id("booking"),
            "session": an_id("session"),
            "offer": OFFER,
            "host": HOST,
            "team": None,
            "start": "2024-11-05T01:00:00.000Z",
            "end": "2024-11-05T02:00:00.000Z",
            "accepted": True,
            "safe": True,
        }
        facts: dict[str, Any] = {
            "centre": CENTRE,
            "campaign": CAMPAIGN,
            "run": RUN,
            "school": SCHOOL,
            "group": an_id("group"),
            "applicant": None,
            "people": 24,
            "released": True,
            "confirm_by": "2024-09-26T09:00:00.000Z",
            "parts": [{"people": 24, "stops": [stop]}],
        }
        if type in ("placement.waitlisted", "placement.not_selected"):
            facts.update(parts=[], confirm_by=None)
        return self.happens(type, an_id(name), **{**facts, **changes})

    def surveyed(self, type: str, school: str = SCHOOL, **changes: Any) -> Received:
        """A survey's event in this world; its one group is the one that placements name."""
        data = example(type)
        facts: dict[str, Any] = {"centre": CENTRE, "campaign": CAMPAIGN, "school": school}
        if data.get("groups"):
            group = {**data["groups"][0], "id": an_id("group"), "people": 24}
            facts["groups"] = [{**group, "level": "middle", "grade": 2}]
        return self.happens(type, an_id(f"survey of {school}"), **{**facts, **changes})

    def ask(
        self, who: str, method: str, path: str, json: Any = None, key: str = ""
    ) -> TestResponse:
        """A request of `role:organisation` (empty: nobody), with a fresh key unless given."""
        headers = {"Accept-Language": "ko"}
        if who:
            headers["Authorization"] = f"Bearer {who}"
        if method != "GET":
            headers["Idempotency-Key"] = key or f"test-key-{next(self.keys)}"
        path = f"/notifications/api/v1{path}"
        return self.client.open(path, method=method, json=json, headers=headers)

    def do(self, who: str, method: str, path: str, json: Any = None, key: str = "") -> Any:
        """The same, expecting success; the answer's JSON."""
        found = self.ask(who, method, path, json, key)
        assert found.status_code in (200, 201), found.text
        return found.get_json()

    def deliveries(self, **wanted: Any) -> list[dict[str, Any]]:
        """Stored deliveries whose state matches."""
        filter = {f"state.{name}": value for name, value in wanted.items()}
        return list(self.context.database["deliveries"].find(filter))

    def told(self, delivery: str) -> list[str]:
        """The types of the events that a delivery has published or will."""
        row = self.context.database["deliveries"].find_one({"_id": delivery})
        return [entry["type"] for entry in row["outbox"]] if row else []


CENTRE_STAFF = f"centre:{CENTRE}"
TEACHER_OF_SCHOOL = f"school:{SCHOOL}"


def opened(servers: Servers, database: str) -> Context:
    """The service's context with an empty, prepared database."""
    return context_of(service, servers, database)


def emptied(context: Context) -> None:
    """Forget every document; collections and indexes stay, since making them is slow."""
    for name in context.database.list_collection_names():
        context.database[name].delete_many({})


def populated(context: Context, office: PostOffice) -> World:
    """The world with its contacts, relations, an offer's words and an open campaign."""
    app = create_app(service, context)
    app.extensions["ieum_verifier"] = Believing((CENTRE,))
    world = World(context, app.test_client(), office)
    for school in (SCHOOL, OTHER_SCHOOL):
        world.happens(
            "organisation.related",
            CENTRE,
            relation="centre_school",
            other=school,
            **{"from": "2024-03-01", "until": None},
        )
    world.contact("c1", SCHOOL, "너른뜰중학교", "school", email=TEACHER)
    world.contact("c2", OTHER_SCHOOL, "새솔중학교", "school", email=OTHER_TEACHER)
    world.contact("c3", HOST, "도시디자인담당관", "host", email=TEAM)
    world.contact("c4", PHONE_HOST, "한들목공방", "host", telephone=NUMBER)
    world.contact("c5", CENTRE, "한들시 진로직업체험지원센터", "centre", email=STAFF)
    # A change of an open campaign is known and told to nobody.
    world.happens(
        "campaign.changed",
        CAMPAIGN,
        centre=CENTRE,
        status="open",
        deadline="2030-09-13T09:00:00.000Z",
    )
    world.happens("campaign_label.changed", CAMPAIGN, name=TITLE)
    world.happens(
        "offer_label.changed",
        OFFER,
        kind="offer",
        title="도시의 얼굴을 디자인하기",
        team_name="도시브랜드팀",
        place="시청 본관 4층 디자인실",
        meeting_point="시청 본관 1층 안내대",
        telephone=None,
    )
    return world
