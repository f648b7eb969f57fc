"""Contacts: reached by telephone or e-mail, sealed at rest, told to notifications alone."""

from typing import Any

import orjson

from chassis.events import sealing
from chassis.events.envelope import Received
from chassis.secrets import load
from services.registration.reactions import tell_contacts_again
from tests.service.registration.conftest import Caller, Registration
from tests.service.registration.test_organisations import registered

HOST = {
    "kinds": ["city"],
    "name": "드론산업팀",
    "level": None,
    "school_code": None,
    "relation": {"relation": "centre_host"},
}


def added(centre: Caller, organisation: str, **change: Any) -> str:
    body = {"person": "박바다", "telephone": "031-900-3333", "roles": ["host"], **change}
    path = f"/api/v1/organisations/{organisation}/contacts"
    return str(centre.done("POST", path, body)["id"])


def last(registration: Registration, contact: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The last outbox entry of a contact, and its data as notifications opens it."""
    keys = load(registration.context.settings.secrets, "notifications")
    document = registration.context.database["contacts"].find_one({"_id": contact})
    assert document is not None
    entry = document["outbox"][-1]
    return entry, sealing.unseal(keys, orjson.loads(entry["data"]))


def test_a_host_with_a_telephone_and_no_email_can_be_recorded(registration: Registration) -> None:
    centre = registration.user("centre")
    host = registered(centre, **HOST)
    contact = added(centre, host)
    entry, data = last(registration, contact)
    assert data == {
        "organisation": host,
        "name": "드론산업팀",
        "person": "박바다",
        "email": None,
        "telephone": "+82319003333",
        "language": "ko",
        "roles": ["host"],
        "centre": centre.organisation,
        "centre_phone": "031-900-0000",
    }
    assert b"+8231" not in entry["data"]
    shown = centre.done("GET", f"/api/v1/organisations/{host}/contacts")["items"]
    assert [row["telephone"] for row in shown] == ["+82319003333"]


def test_reading_a_contact_is_put_on_record_before_it_is_answered(
    registration: Registration,
) -> None:
    centre = registration.user("centre")
    host = registered(centre, **HOST)
    contact = added(centre, host)
    centre.done("GET", f"/api/v1/organisations/{host}/contacts")
    row = registration.context.database["access"].find_one({"what": "contacts"})
    assert row is not None
    assert (row["actor"], row["ids"]) == (centre.account, [contact])


def test_without_telephone_and_email_nothing_is_recorded(registration: Registration) -> None:
    centre = registration.user("centre")
    host = registered(centre, **HOST)
    path = f"/api/v1/organisations/{host}/contacts"
    problem = centre.refused(422, "POST", path, {"person": "박바다", "roles": ["host"]})
    assert problem["errors"][0]["code"] == "telephone_or_email"
    wrong = {"telephone": "call me", "email": "at home", "roles": ["host"]}
    problem = centre.refused(422, "POST", path, wrong)
    assert {row["code"] for row in problem["errors"]} == {"telephone_shape", "email_shape"}


def test_a_renamed_organisation_tells_its_contacts_again(registration: Registration) -> None:
    centre = registration.user("centre")
    host = registered(centre, **HOST)
    contact = added(centre, host)
    body = {"kinds": ["city"], "name": "드론·항공산업팀"}
    centre.done("PUT", f"/api/v1/organisations/{host}", body)
    event = Received(
        topic="registration.organisations",
        key=host,
        type="organisation.changed",
        version=1,
        id=f"{host}:2",
        sequence=2,
        time="2024-09-01T00:00:00.000Z",
        actor="centre",
        correlation="test",
        service="registration",
        data={},
    )
    tell_contacts_again(registration.act(), event)
    assert last(registration, contact)[1]["name"] == "드론·항공산업팀"


def test_a_removed_contact_is_forgotten_for_good(registration: Registration) -> None:
    centre, other = registration.user("centre"), registration.user("other")
    host = registered(centre, **HOST)
    contact = added(centre, host)
    other.refused(404, "DELETE", f"/api/v1/contacts/{contact}")
    centre.done("DELETE", f"/api/v1/contacts/{contact}")
    assert centre.done("GET", f"/api/v1/organisations/{host}/contacts")["items"] == []
    assert registration.context.database["vault"].find_one({"_id": contact}) is None
    assert registration.outbox("contacts", contact)[-1] == "contact.removed"
