"""A campaign that has closed, and the service's own events brought to effect without a broker.

The pump takes what stands in the outboxes, calls the reactions as the role `react` would (each in
a transaction of its own), and remembers what was told.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from flask import Flask

from chassis.act import system_act
from chassis.clock import now
from chassis.events.envelope import Received
from chassis.facts import stamp
from chassis.timers import call_due
from services.placement.app import service
from services.placement.repairs.previews import preview_next
from services.placement.runs.solving import work
from tests.service.placement.world import (
    CAMPAIGN,
    CENTRE,
    HOST,
    OTHER_HOST,
    SCHOOL,
    World,
    an_id,
    campaign,
    group,
    peopled,
    survey,
)

STAFF = f"centre:{CENTRE}"
DAY = "2027-05-12"
FIELDS = ["drones", "sports"]
AGGREGATES = ("runs", "bookings", "placements", "repairs", "releases")


@dataclass
class Told:
    """What was published, in order."""

    events: list[Received] = field(default_factory=list)

    def types(self, key: str | None = None) -> list[str]:
        """The types of what was told (about one aggregate)."""
        return [event.type for event in self.events if key in (None, event.key)]

    def last(self, type: str) -> Received:
        """The latest event of a type."""
        return next(event for event in reversed(self.events) if event.type == type)


@dataclass
class Story:
    """The world after the survey's deadline."""

    world: World
    told: Told = field(default_factory=Told)

    def pump(self) -> None:
        """Bring everything in the outboxes to effect, until nothing is left."""
        while self._pump_once():
            pass

    def _pump_once(self) -> bool:
        database = self.world.context.database
        found = False
        for name in AGGREGATES:
            for row in list(database[name].find({"outbox.0": {"$exists": True}})):
                for entry in row["outbox"]:
                    self._effect(row["_id"], entry)
                    found = True
                ids = [entry["id"] for entry in row["outbox"]]
                database[name].update_one(
                    {"_id": row["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}}
                )
        return found

    def _effect(self, key: str, entry: dict[str, Any]) -> None:
        event = Received(
            topic=entry["topic"],
            key=key,
            type=entry["type"],
            version=1,
            id=entry["id"],
            sequence=entry["sequence"],
            time=entry["time"],
            actor=entry["actor"],
            correlation=entry["correlation"],
            service="placement",
            data=orjson.loads(bytes(entry["data"])),
        )
        self.told.events.append(event)
        for number, react in enumerate(service.reactions.handlers.get(event.type, [])):
            act = system_act(
                self.world.context.database,
                "placement",
                causation=event.id,
                seed=f"{event.id}|{number}",
            )
            act.together(lambda inner, react=react, event=event: react(inner, event))  # type: ignore[misc]

    def tick(self) -> None:
        """Call the timers that are due, and bring what they tell to effect."""
        rested: dict[tuple[str, str], float] = {}
        while call_due(self.world.context, service, rested):
            pass
        self.pump()

    def solve(self) -> bool:
        """One look of the solver."""
        done = work(self.world.context, "solver")
        self.pump()
        return done

    def preview(self) -> bool:
        """One look of the solver at the repairs."""
        return preview_next(self.world.context.act())

    def start(self, **more: Any) -> str:
        """A run that was started."""
        body = {"campaign": CAMPAIGN, "time_limit": 20, **more}
        return str(self.world.do(STAFF, "POST", "/api/v1/runs", body)["id"])

    def solved(self) -> str:
        """A run with its result."""
        run = self.start()
        while self.run(run)["status"] in ("waiting", "solving"):
            self.solve()
        return run

    def run(self, id: str) -> dict[str, Any]:
        """The run as its centre sees it."""
        return dict(self.world.do(STAFF, "GET", f"/api/v1/runs/{id}"))

    def to_hosts(self, run: str, seconds: float = 3600) -> None:
        """The first release, finished."""
        self._release(run, {"stage": "hosts", "answer_by": self.later(seconds)})

    def to_schools(self, run: str, seconds: float = 3600, **more: Any) -> None:
        """The second release, finished."""
        self._release(run, {"stage": "schools", "answer_by": self.later(seconds), **more})

    def _release(self, run: str, body: dict[str, Any]) -> None:
        self.world.do(STAFF, "POST", f"/api/v1/runs/{run}/release", body)
        stage = body["stage"]
        while not (self.run(run)[stage] or {}).get("finished"):
            self.tick()
        self.pump()

    def later(self, seconds: float) -> str:
        """So many seconds from now, as a request carries it."""
        return stamp(now() + timedelta(seconds=seconds))

    def bookings(self, who: str = STAFF, **query: str) -> list[dict[str, Any]]:
        """The bookings that somebody sees."""
        return self._all("bookings", who, query)

    def placements(self, who: str = STAFF, **query: str) -> list[dict[str, Any]]:
        """The placements that somebody sees."""
        return self._all("placements", who, query)

    def repairs(self) -> list[dict[str, Any]]:
        """The repairs of the centre."""
        return self._all("repairs", STAFF, {})

    def _all(self, what: str, who: str, query: dict[str, str]) -> list[dict[str, Any]]:
        asked = "&".join(f"{name}={value}" for name, value in {"limit": "100", **query}.items())
        return list(self.world.do(who, "GET", f"/api/v1/{what}?{asked}")["items"])

    def placement_of(self, name: str) -> dict[str, Any]:
        """The placement of a group by its name in the test."""
        return next(row for row in self.placements() if row["group"] == an_id(name))

    def accept(self, *bookings: str) -> None:
        """Hosts accept."""
        for id in bookings:
            host = next(row["host"] for row in self.bookings() if row["id"] == id)
            self.world.do(f"host:{host}", "POST", f"/api/v1/bookings/{id}/accept", {})
        self.pump()

    def accept_all(self) -> None:
        """Every host accepts what it was asked."""
        self.accept(*(row["id"] for row in self.bookings(status="asked")))


def slot(hours: str, day: str = DAY) -> dict[str, str]:
    """A slot such as "10-12" of a day, in Korean time."""
    begins, ends = hours.split("-")
    return {"start": f"{day}T{begins}:00:00+09:00", "end": f"{day}T{ends}:00:00+09:00"}


def manifest(*told: tuple[str, int], kind: str = "surveys") -> dict[str, Any]:
    """The manifest of these surveys (or applications) with their sequences."""
    buckets: dict[str, list[str]] = {}
    for id, sequence in told:
        bucket = hashlib.sha256(id.encode()).hexdigest()[:2]
        buckets.setdefault(bucket, []).append(f"{id}:{sequence}\n")
    return {
        "kinds": {
            **{"surveys": {}, "needs": {}, "applications": {}},
            kind: {
                bucket: {"count": len(lines), "sha256": _digest(lines)}
                for bucket, lines in buckets.items()
            },
        }
    }


def _digest(lines: list[str]) -> str:
    digest = hashlib.sha256("".join(sorted(lines)).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def rules(**changes: Any) -> dict[str, Any]:
    """The campaign of the tests: in the future, for middle schools."""
    return campaign(
        window={"first": "2027-05-01", "last": "2027-05-31"}, unusable_dates=[], **changes
    )


def story(
    app: Flask,
    offers: list[dict[str, Any]],
    schools: dict[str, list[dict[str, Any]]],
    untold: int = 0,
    **changes: Any,
) -> Story:
    """Offers are published, schools have answered, the campaign has closed.

    `untold`: so many surveys are in the manifest but have not arrived yet.
    """
    made = peopled(app)
    made.told("campaign.changed", CAMPAIGN, rules(**changes))
    for host in (HOST, OTHER_HOST):
        made.approve(host)
    for found in offers:
        made.publish(**found)
    lines = []
    for school, groups in schools.items():
        id = an_id(f"survey of {school}")
        made.told("survey.submitted", id, survey(*groups, school=school))
        lines.append((id, 1))
    lines += [(an_id(f"untold survey {number}"), 1) for number in range(untold)]
    closed = {**rules(**changes), "status": "closed", "manifest": manifest(*lines)}
    made.told("campaign.closed", CAMPAIGN, closed)
    return Story(made)


def visitor(name: str, people: int = 20, **changes: Any) -> dict[str, Any]:
    """A group that wishes for the offers of these tests."""
    dates = [{"date": DAY, "from": None, "to": None}]
    return group(name, people=people, fields=FIELDS, dates=dates, **changes)


def one_of_each(**changes: Any) -> list[dict[str, Any]]:
    """Two teams of two hosts with one session each, at different hours of the day."""
    drones: dict[str, Any] = {
        "field": "drones",
        "slots": [slot("10-12")],
        "lead_days": 0,
        **changes,
    }
    sports: dict[str, Any] = {
        "host": OTHER_HOST,
        "team_name": "체육정책팀",
        "field": "sports",
        "slots": [slot("13-15")],
        **changes,
    }
    return [drones, sports]


__all__ = ["SCHOOL", "STAFF", "Story", "one_of_each", "slot", "story", "visitor"]
