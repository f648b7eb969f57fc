"""Registration with all its roles on the real broker: what time and events set going."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from chassis import clock, timers
from chassis.context import Context
from chassis.events import relay, roles
from chassis.events.broker import Publisher
from chassis.http.app import create_app
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.app import service
from services.registration.contacts.model import Reach
from services.registration.keys import operations as keys
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Details, Kind
from tests.service.registration.conftest import PASSWORD, Caller, Registration
from tests.service.registration.test_campaigns import day, plan, programme
from tests.support.house import context_of, eventually
from tests.support.stack import Servers


def relaying(context: Context) -> None:
    """The role `relay` without its end, which ends the whole process."""
    publisher = Publisher(context.settings)
    told = [one for one in service.aggregates if one.topic is not None]
    while not context.wait(0.05):
        if rows := relay.pending(context.database, told):
            relay.publish(context.database, publisher, rows)


@pytest.fixture
def living(servers: Servers, database: str) -> Iterator[Registration]:
    """Registration with relay, projections, reactions and timers running."""
    context = context_of(service, servers, database)
    running: list[Callable[[Context], None]] = [
        relaying,
        lambda context: roles.run_project(context, service),
        lambda context: roles.run_react(context, service),
        lambda context: timers.run(context, service),
    ]
    threads = [Thread(target=run, args=(context,), daemon=True) for run in running]
    for thread in threads:
        thread.start()
    yield Registration(context, create_app(service, context))
    context.stop()
    for thread in threads:
        thread.join(10)
    context.database.client.drop_database(context.database.name)


def first_account(living: Registration) -> Caller:
    """The centre's account, signed in once its key has come back from the broker."""
    act = living.act()
    centre = organisations.found_centre(act, Details(kinds=(Kind.CENTRE,), name="고양진로센터")).id
    holder = NewHolder("goyang", PASSWORD, Reach(email="goyang@example.kr"))
    accounts.create_user(act, centre, Role.CENTRE, "coordinator", holder)
    keys.ensure(act)
    client = living.app.test_client()
    answer = client.post("/session", json={"login": "goyang", "password": PASSWORD})
    found: dict[str, Any] = answer.get_json()
    caller = Caller(client, found["token"], found["account"], found["organisation"])
    eventually(
        lambda: caller.call("GET", "/api/v1/campaigns").status_code == 200,
        what="the key to come back from the broker",
    )
    return caller


def test_a_campaign_lives_by_its_due_times_and_a_shut_out_account_by_its_event(
    living: Registration,
) -> None:
    centre = first_account(living)
    begin = clock.now()
    body = plan(
        programme(centre),
        opens_at=(begin + timedelta(seconds=4)).isoformat(),
        deadline=(begin + timedelta(seconds=8)).isoformat(),
        window={"first": day(30), "last": day(80)},
    )
    id = centre.done("POST", "/api/v1/campaigns", body)["id"]
    centre.done("POST", f"/api/v1/campaigns/{id}/announce")

    def told() -> list[str]:
        rows = living.context.database["published"].find({"key": id}).sort("sequence", 1)
        return [row["type"] for row in rows if row["topic"] == "registration.campaigns"]

    eventually(lambda: "campaign.closed" in told(), 60, "the campaign to be closed")
    assert told() == [
        "campaign.announced",
        "campaign.opened",
        "campaign.closing",
        "campaign.closed",
    ]
    accounts.suspend(living.act(), centre.account)
    sessions = living.context.database["sessions"]
    eventually(
        lambda: sessions.count_documents({"account": centre.account}) == 0,
        what="the sessions to end by the event",
    )
    eventually(
        lambda: centre.call("GET", "/api/v1/campaigns").status_code == 401,
        what="the token to be refused",
    )
