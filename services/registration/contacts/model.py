"""Contacts: how a person or an office is reached, by telephone or by e-mail.

Many hosts have a telephone and no e-mail, so one of the two is required and never both. What is
personal (name, address, number) stands in the document only as sealed text; the open words exist
while an operation runs, and in the sealed event for notifications.
"""

import re
from enum import StrEnum

import phonenumbers
from pydantic import BaseModel, ConfigDict

from chassis.errors import FieldError, Invalid, Refused
from chassis.facts import Event

_EMAIL = re.compile(r"^[^@\s<>\"']+@[^@\s<>\"']+\.[^@\s.<>\"']+$")


class Duty(StrEnum):
    """In which roles a contact is written to."""

    SCHOOL = "school"
    HOST = "host"
    CENTRE = "centre"
    OFFICE = "office"


class Status(StrEnum):
    """A removed contact keeps its id, and nothing that could reach anyone."""

    ACTIVE = "active"
    REMOVED = "removed"


class Reach(BaseModel):
    """The open words of a contact: in memory and in the sealed event only."""

    model_config = ConfigDict(frozen=True)

    person: str | None = None
    email: str | None = None
    telephone: str | None = None


class Contact(BaseModel):
    """The state of a contact. `sealed` holds the parts of `Reach` encrypted for this record."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    centre: str | None = None
    post: str | None = None
    duties: tuple[Duty, ...]
    language: str = "ko"
    sealed: dict[str, bytes] = {}
    status: Status = Status.ACTIVE


class Naming(BaseModel):
    """What the event needs of others: the organisation's name and the centre's number."""

    model_config = ConfigDict(frozen=True)

    name: str
    centre_phone: str | None = None


def telephone_number(text: str) -> str:
    """A telephone number as it is stored: E.164, read as Korean unless it says otherwise.

    Raises ValueError for what nobody can dial.
    """
    try:
        number = phonenumbers.parse(text, "KR")
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("not a telephone number")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def reach(person: str | None, email: str | None, telephone: str | None) -> Reach:
    """The checked and normalised ways to reach someone. Raises Invalid with all that is wrong."""
    errors: list[FieldError] = []
    email = (email or "").strip() or None
    telephone = (telephone or "").strip() or None
    person = (person or "").strip() or None
    if email is None and telephone is None:
        errors.append(FieldError("/telephone", "telephone_or_email"))
    if email is not None and not _EMAIL.match(email):
        errors.append(FieldError("/email", "email_shape"))
    if telephone is not None:
        try:
            telephone = telephone_number(telephone)
        except ValueError:
            errors.append(FieldError("/telephone", "telephone_shape"))
    if errors:
        raise Invalid(errors)
    return Reach(person=person, email=email, telephone=telephone)


def changed(state: Contact, reach: Reach, naming: Naming) -> Event:
    """The sealed event that tells notifications everything about a contact."""
    return Event(
        "contact.changed",
        {
            "organisation": state.organisation,
            "name": naming.name,
            "person": reach.person,
            "email": reach.email,
            "telephone": reach.telephone,
            "language": state.language,
            "roles": [duty.value for duty in state.duties],
            "centre": state.centre,
            "centre_phone": naming.centre_phone,
        },
    )


def remove(state: Contact) -> tuple[Contact, list[Event]]:
    """The contact without anything personal. Removing it twice is refused."""
    if state.status is Status.REMOVED:
        raise Refused("contact_removed")
    gone = state.model_copy(update={"status": Status.REMOVED, "sealed": {}})
    return gone, [Event("contact.removed", {})]
