"""From another service's outbox through the real broker to a mailbox, once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import BaseModel
from pymongo.errors import PyMongoError

from chassis.context import Context
from chassis.documents import Aggregates, Owners
from chassis.events import recover, relay, roles
from chassis.events.broker import Publisher
from chassis.events.consumer import Twin
from chassis.facts import Event, fresh_id
from chassis.service import Service
from services.notifications.app import service
from services.notifications.deliveries import role
from tests.support.house import context_of, eventually
from tests.support.notices import example
from tests.support.post_office import PostOffice
from tests.support.stack import Servers


class Anything(BaseModel):
    status: str = "there"


def owned(_: Anything) -> Owners:
    return Owners()


CONTACTS = Aggregates("told_contacts", "registration.contacts", Anything, owned)
CAMPAIGNS = Aggregates("told_campaigns", "registration.campaigns", Anything, owned)
TITLES = Aggregates("told_titles", "registration.titles", Anything, owned)
SURVEYS = Aggregates("told_surveys", "registration.surveys", Anything, owned)
PRODUCER = Service(
    "registration", Path("catalogue"), aggregates=[CONTACTS, CAMPAIGNS, TITLES, SURVEYS]
)


@pytest.fixture
def registration(servers: Servers, database: str) -> Context:
    return context_of(PRODUCER, servers, database)


@pytest.fixture
def notifications(servers: Servers, database: str, office: PostOffice) -> Iterator[Context]:
    context = context_of(service, servers, database)
    settings = context.settings.model_copy(
        update={"smtp_port": office.port, "smtp_from": "ieum@ieum.example"}
    )
    opened = Context(settings=settings, database=context.database, keys=context.keys)
    yield opened
    opened.stop()


def publish(context: Context) -> None:
    publisher = Publisher(context.settings)
    while rows := relay.pending(context.database, PRODUCER.aggregates):
        relay.publish(context.database, publisher, rows)


def told(context: Context, aggregates: Aggregates[Any], type: str, **changes: Any) -> str:
    id = fresh_id()
    event = Event(type, {**example(type), **changes})
    aggregates.create(context.act(correlation="from-edge-to-mailbox"), id, Anything(), [event])
    return id


def titled(context: Context, campaign: str) -> None:
    """What the campaign is called, under its own id in a topic of its own."""
    event = Event("campaign_label.changed", example("campaign_label.changed"))
    TITLES.create(context.act(), campaign, Anything(), [event])


@contextmanager
def working(context: Context) -> Iterator[None]:
    """The roles of the service, each started again when it ends, as the worker would."""

    def keep(run: Callable[[], None]) -> None:
        while not context.stopping():
            try:
                run()
            except (Twin, PyMongoError):
                context.wait(0.2)

    roles_of_the_service: list[Callable[[], None]] = [
        lambda: roles.projector(context, service).run(),
        lambda: roles.reactor(context, service).run(),
        lambda: role.run(context),
    ]
    threads = [Thread(target=keep, args=(run,), daemon=True) for run in roles_of_the_service]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        context.stop()
        for thread in threads:
            thread.join(30)


@pytest.mark.timeout(240)
def test_a_sealed_contact_and_a_survey_become_one_email_however_often_they_are_published(
    registration: Context, notifications: Context, office: PostOffice
) -> None:
    centre, school, campaign = fresh_id(), fresh_id(), fresh_id()
    address = f"{school}@school.example"
    common = {"person": None, "telephone": None, "language": "ko", "centre": centre}
    told(
        registration,
        CONTACTS,
        "contact.changed",
        organisation=school,
        name="너른뜰중학교",
        email=address,
        roles=["school"],
        centre_phone=None,
        **common,
    )
    told(
        registration,
        CONTACTS,
        "contact.changed",
        organisation=centre,
        name="한들시 진로직업체험지원센터",
        email="staff@centre.example",
        roles=["centre"],
        centre_phone=None,
        **common,
    )
    campaign = told(registration, CAMPAIGNS, "campaign.changed", centre=centre, status="open")
    titled(registration, campaign)
    told(registration, SURVEYS, "survey.submitted", centre=centre, campaign=campaign, school=school)
    publish(registration)
    recover.republish(registration)
    with working(notifications):
        eventually(lambda: office.mails(address), 90, "the receipt")
        told(
            registration,
            SURVEYS,
            "survey.withdrawn",
            centre=centre,
            campaign=campaign,
            school=school,
        )
        publish(registration)
        eventually(lambda: len(office.mails(address)) == 2, 90, "the second receipt")
    sent = notifications.database["deliveries"].find_one({"state.organisation": school})
    assert sent is not None
    assert sent["state"]["correlation"] == "from-edge-to-mailbox"
    assert len({mail["Message-ID"] for mail in office.mails(address)}) == 2
