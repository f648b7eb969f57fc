"""A small world for tests of the placement service: two centres, two hosts, two schools.

Events of registration are fed straight into the projections; HTTP goes through the real app with
a verifier that reads role and organisation out of the token.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis.context import Context
from chassis.contracts import faults, topic_of
from chassis.events.envelope import Received
from chassis.facts import derived_id
from chassis.http.app import create_app
from services.placement.app import service
from tests.support.believing import Believing
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

NOW = "2024-09-01T00:00:00.000Z"


def an_id(name: str) -> str:
    """A readable name as an id."""
    return derived_id("test", name)


CENTRE, OTHER_CENTRE = an_id("centre"), an_id("other centre")
HOST, OTHER_HOST = an_id("host"), an_id("other host")
SCHOOL, OTHER_SCHOOL = an_id("school"), an_id("other school")
CAMPAIGN, OTHER_CAMPAIGN = an_id("campaign"), an_id("other campaign")


@dataclass
class World:
    """The service with a fresh database, and ways to act on it from outside."""

    context: Context
    client: FlaskClient
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    keys: Iterator[int] = field(default_factory=itertools.count)

    def told(self, type: str, key: str, data: dict[str, Any], sequence: int | None = None) -> None:
        """An event of registration arrives and is projected."""
        assert faults(type, data) == []
        topic = topic_of(type)
        number = sequence or self.sequences.get((topic.name, key), 0) + 1
        self.sequences[topic.name, key] = number
        event = Received(
            topic=topic.name,
            key=key,
            type=type,
            version=1,
            id=f"{key}:{number}",
            sequence=number,
            time=NOW,
            actor="registration",
            correlation="test",
            service=topic.owner,
            data=data,
        )
        for name, operation in service.projections.writes(event):
            self.context.database[name].bulk_write([operation])

    def ask(
        self, who: str, method: str, path: str, json: Any = None, key: str = ""
    ) -> TestResponse:
        """A request of `role:organisation` (empty: nobody), with a fresh key unless given."""
        headers = {"Accept-Language": "ko"}
        if who:
            headers["Authorization"] = f"Bearer {who}"
        if method != "GET":
            headers["Idempotency-Key"] = key or f"test-key-{next(self.keys)}"
        return self.client.open(f"/placement{path}", method=method, json=json, headers=headers)

    def do(self, who: str, method: str, path: str, json: Any = None, key: str = "") -> Any:
        """The same, expecting success; the answer's JSON."""
        found = self.ask(who, method, path, json, key)
        assert found.status_code in (200, 201), found.text
        return found.get_json()

    def approve(self, host: str = HOST, centre: str = CENTRE) -> None:
        """Vet a host to the end."""
        for status in ("found", "contacted", "visited", "approved"):
            self.do(f"centre:{centre}", "POST", f"/api/v1/hosts/{host}/vetting", {"status": status})

    def publish(self, who: str = f"centre:{CENTRE}", **changes: Any) -> str:
        """An offer drafted and published; its id."""
        made = self.do(who, "POST", "/api/v1/offers", offer(**changes))
        self.do(who, "POST", f"/api/v1/offers/{made['id']}/publish", {})
        return str(made["id"])

    def sessions(self, offer: str) -> list[dict[str, Any]]:
        """The sessions of an offer."""
        found = self.do(f"centre:{CENTRE}", "GET", f"/api/v1/offers/{offer}")
        return list(found["sessions"])


def app_on(servers: Servers, database: str) -> Flask:
    """The app on a database."""
    app = create_app(service, context_of(service, servers, database))
    app.extensions["ieum_verifier"] = Believing((CENTRE,))
    return app


@contextmanager
def prepared(servers: Servers) -> Iterator[Flask]:
    """The app on a database of its own: made once for a module, since its indexes take a while."""
    with fresh_database(servers) as database:
        yield app_on(servers, database)


def world(servers: Servers, database: str) -> World:
    """The service on a database of this test alone."""
    return peopled(app_on(servers, database))


def peopled(app: Flask) -> World:
    """An emptied database with two centres, their hosts and schools, and a campaign of each."""
    context: Context = app.extensions["ieum"]
    for name in context.database.list_collection_names():
        context.database[name].delete_many({})
    made = World(context, app.test_client())
    for id, kinds, district in (
        (CENTRE, ["career_centre"], "41280"),
        (OTHER_CENTRE, ["career_centre"], "11500"),
        (HOST, ["city"], "41281"),
        (OTHER_HOST, ["company"], "41285"),
        (SCHOOL, ["school"], "41281"),
        (OTHER_SCHOOL, ["school"], "41287"),
    ):
        made.told(
            "organisation.registered",
            id,
            {
                "kinds": kinds,
                "parent": None,
                "level": "middle" if kinds == ["school"] else None,
                "school_code": None,
                "district": district,
                "status": "active",
            },
        )
    for centre, relation, other in (
        (CENTRE, "centre_host", HOST),
        (CENTRE, "centre_host", OTHER_HOST),
        (CENTRE, "centre_school", SCHOOL),
        (CENTRE, "centre_school", OTHER_SCHOOL),
        (OTHER_CENTRE, "centre_host", HOST),
    ):
        made.told(
            "organisation.related",
            centre,
            {"relation": relation, "other": other, "from": "2024-01-01", "until": None},
        )
    made.told("campaign.announced", CAMPAIGN, campaign())
    made.told("campaign.announced", OTHER_CAMPAIGN, campaign(centre=OTHER_CENTRE))
    return made


def campaign(**changes: Any) -> dict[str, Any]:
    """A campaign as its events tell it."""
    return {
        "centre": CENTRE,
        "programme": an_id("programme"),
        "kind": "groups",
        "status": "announced",
        "opens_at": "2024-09-01T00:00:00.000Z",
        "deadline": "2024-09-20T09:00:00.000Z",
        "hosts_reply_by": "2024-09-27T09:00:00.000Z",
        "schools_confirm_by": "2024-10-02T09:00:00.000Z",
        "hosts_release_at": None,
        "schools_release_at": None,
        "window": {"first": "2024-10-07", "last": "2024-11-29"},
        "unusable_dates": ["2024-11-14"],
        "caps": {"schools": 6, "students": 320},
        "stages": ["placed", "rank", "leximin", "travel", "lottery"],
        "mode": "max",
        "fields": ["broadcasting", "drones", "environment", "sports", "design"],
        "rules_hash": "ab" * 32,
        **changes,
    }


def offer(**changes: Any) -> dict[str, Any]:
    """An offer as a centre sends it for a host."""
    return {
        "host": HOST,
        "campaign": CAMPAIGN,
        "title": "드론 조종과 정비",
        "team_name": "드론산업팀",
        "field": "drones",
        "kind": "visit",
        "levels": ["middle", "high"],
        "place": "고양드론앵커센터",
        "place_code": "41281",
        "minimum": 8,
        "maximum": 30,
        "travel_minutes": {"41281": 15, "41287": 40},
        "slots": [
            {"start": "2024-11-06T10:00:00+09:00", "end": "2024-11-06T12:00:00+09:00"},
            {"start": "2024-11-13T10:00:00+09:00", "end": "2024-11-13T12:00:00+09:00"},
        ],
        **changes,
    }


def group(name: str = "group", **changes: Any) -> dict[str, Any]:
    """A group as `survey.submitted` tells it."""
    people = changes.get("people", 24)
    return {
        "id": an_id(name),
        "level": "middle",
        "grade": 2,
        "people": people,
        "fields": ["drones", "sports"],
        "kinds": [],
        "dates": [{"date": "2024-11-06", "from": None, "to": None}],
        "first": "field",
        "stops": 1,
        "place": "on_site",
        "travel_limit": None,
        "bus": False,
        "lunch": False,
        "smallest": people,
        "split": None,
        "blackout": [],
        "weekdays": [1, 2, 3, 4, 5],
        "wants": 1,
        "order": [],
        **changes,
    }


def survey(*groups: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A survey as `survey.submitted` tells it."""
    return {
        "centre": CENTRE,
        "campaign": CAMPAIGN,
        "school": SCHOOL,
        "submitted_at": "2024-09-10T00:00:00.000Z",
        "late": False,
        "groups": list(groups),
        **changes,
    }
