"""Contacts in MongoDB."""

from collections.abc import Iterable

from chassis.act import Act
from chassis.documents import Aggregates, Owners, Page, Stored
from services.registration.contacts.model import Contact, Status

contacts: Aggregates[Contact] = Aggregates(
    "contacts",
    "registration.contacts",
    Contact,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[[("state.organisation", 1)]],
)


def of_organisation(act: Act, organisation: str) -> list[Stored[Contact]]:
    """The contacts of an organisation that are in use, within scope."""
    wanted = {"state.organisation": organisation, "state.status": Status.ACTIVE.value}
    return list(contacts.each(act, wanted))


def page(act: Act, limit: int, after: str | None) -> Page[Contact]:
    """A page of the contacts within scope that are in use."""
    return contacts.find(act, {"state.status": Status.ACTIVE.value}, limit=limit, after=after)


def all_of_them(act: Act) -> Iterable[Stored[Contact]]:
    """Every contact in use, for sending all of them again."""
    return contacts.each(act, {"state.status": Status.ACTIVE.value})
