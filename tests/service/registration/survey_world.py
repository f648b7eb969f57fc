"""A centre with a campaign that is open, and schools that answer it over HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from chassis.clock import now
from chassis.facts import KST, in_ms
from chassis.http.app import create_app
from services.registration.accounts.model import Role
from services.registration.app import service
from services.registration.campaigns.days import holidays_between
from tests.service.registration.conftest import Caller, Registration
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

_NUMBERS = count(1)
SESSIONS = [f"0192f0c1-0000-7000-8000-0000000003{n:02d}" for n in range(20)]


@dataclass
class World:
    """The service, the centre's caller, and the campaign that its schools answer."""

    registration: Registration
    centre: Caller
    campaign: str
    first: date
    last: date

    def day(self, place: int = 0) -> str:
        """A school day inside the window that is no holiday."""
        closed = holidays_between(self.first, self.last)
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days)]
        return [day.isoformat() for day in days if day.isoweekday() <= 5 and day not in closed][
            place
        ]

    def school(self, name: str | None = None, related: bool = True) -> Caller:
        """A school with a signed-in teacher."""
        number = next(_NUMBERS)
        body: dict[str, Any] = {
            "kinds": ["school"],
            "name": name or f"학교 {number}",
            "level": "middle",
            "school_code": f"J10-{number:07d}",
        }
        if related:
            body["relation"] = {"relation": "centre_school"}
        made = self.centre.done("POST", "/api/v1/organisations", body)
        return self.registration.user(f"teacher{number}", Role.SCHOOL, made["id"])

    def group(self, **changes: Any) -> dict[str, Any]:
        """A group that may be submitted as it is."""
        return {
            "level": "middle",
            "grade": 2,
            "class_name": "2학년 4반",
            "people": 25,
            "fields": ["broadcasting"],
            "dates": [{"date": self.day(), "from": "10:00", "to": "12:00"}],
            **changes,
        }

    def draft(self, school: Caller, *groups: dict[str, Any], **options: Any) -> Any:
        """Save a draft; the receipt."""
        body = {"groups": list(groups or (self.group(),))}
        return school.done("PUT", f"/api/v1/campaigns/{self.campaign}/survey", body, **options)

    def submitted(self, school: Caller, *groups: dict[str, Any]) -> str:
        """Save and submit; the survey's id."""
        survey: str = self.draft(school, *groups)["id"]
        school.done("POST", f"/api/v1/surveys/{survey}/submit", {})
        return survey

    def set_deadline(self, at: datetime) -> None:
        """Move the deadline as a test needs it, past what the rules would allow."""
        self.set_campaign(**{"state.deadline": in_ms(at)})

    def set_campaign(self, **fields: Any) -> None:
        """Write fields of the campaign past its rules; its version tells readers of the change."""
        self.registration.context.database["campaigns"].update_one(
            {"_id": self.campaign}, {"$set": fields, "$inc": {"version": 1}}
        )

    def close(self) -> None:
        """Let the deadline have passed a second ago."""
        self.set_deadline(now() - timedelta(seconds=1))


@contextmanager
def one_registration(servers: Servers) -> Iterator[Registration]:
    """One service and database for the tests of a module: each test makes a world of its own."""
    with fresh_database(servers) as name:
        context = context_of(service, servers, name)
        yield Registration(context, create_app(service, context))
        context.database.client.drop_database(context.database.name)


def world(
    registration: Registration,
    kind: str = "groups",
    fields: Sequence[str] = ("broadcasting", "drones", "sports"),
) -> World:
    """A world with a campaign for grades 1 and 2 of middle schools."""
    number = next(_NUMBERS)
    centre = registration.user(f"centre{number}", name=f"한들시 센터 {number}")
    programme = centre.done(
        "POST",
        "/api/v1/programmes",
        {
            "name": "시청 속 직업 탐험",
            "brand": "city_hall",
            "level": "middle",
            "grades": [1, 2],
            "kind": kind,
        },
    )["id"]
    moment = now()
    first = moment.astimezone(KST).date() + timedelta(days=30)
    last = first + timedelta(days=28)
    campaign = centre.done(
        "POST",
        "/api/v1/campaigns",
        {
            "programme": programme,
            "name": "가을 사업",
            "kind": kind,
            "opens_at": (moment - timedelta(hours=1)).isoformat(),
            "deadline": (moment + timedelta(hours=1)).isoformat(),
            "hosts_reply_by": (moment + timedelta(days=5)).isoformat(),
            "schools_confirm_by": (moment + timedelta(days=9)).isoformat(),
            "window": {"first": first.isoformat(), "last": last.isoformat()},
            "fields": list(fields),
        },
    )["id"]
    centre.done("POST", f"/api/v1/campaigns/{campaign}/announce", {})
    return World(registration, centre, campaign, first, last)
