"""What the centre does with deliveries: look at them, send again, close a telephone task."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from chassis import audit, vault
from chassis.act import Act
from chassis.documents import Changed, New, Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound, Refused
from chassis.facts import fresh_id
from chassis.scope import Link, Party
from services.notifications.deliveries import store
from services.notifications.deliveries.model import Call, Delivery, again, called
from services.notifications.deliveries.planning import new_delivery
from services.notifications.messages import operations as messages
from services.notifications.messages.model import Message
from services.notifications.messages.rendering import Script, by_telephone, script
from services.notifications.recipients import operations as recipients
from services.notifications.recipients.model import (
    Recipient,
    addressed,
    channel_for,
    language_for,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A delivery with what may be shown of its contact."""

    delivery: Stored[Delivery]
    organisation: str | None
    address: str | None
    """Masked."""


@dataclass(frozen=True, slots=True)
class Task:
    """A telephone task ready to be called: the number in clear, and what to say."""

    shown: Shown
    telephone: str | None
    person: str | None
    script: Script


def deliveries(
    act: Act,
    status: str | None,
    channel: str | None,
    limit: int,
    after: str | None,
    organisation: str | None = None,
    message: str | None = None,
) -> tuple[list[Shown], str | None]:
    """Deliveries of the centre (to one organisation, of one message), what went wrong first."""
    wanted: dict[str, Any] = {}
    if message is not None:
        wanted["state.message"] = message
    if organisation is not None:
        wanted["state.organisation"] = organisation
    if status is not None:
        wanted["state.status"] = status
    if channel is not None:
        wanted["state.channel"] = channel
    try:
        found, following = store.page(act, wanted, limit, after)
    except ValueError as error:
        raise Invalid([FieldError("/cursor", "wrong", {"reason": "cursor"})]) from error
    return _shown(act, found), following


def tasks(act: Act, limit: int, after: str | None) -> tuple[list[Shown], str | None]:
    """Open telephone tasks of the centre; numbers are masked in the list."""
    return deliveries(act, "open", "telephone", limit, after)


def task(act: Act, id: str) -> Task:
    """One telephone task with number and script. Raises NotFound for what is no task."""
    stored = store.DELIVERIES.get(act, id)
    if stored.state.channel != "telephone":
        raise NotFound()
    message = messages.messages(act, [stored.state.message])[stored.state.message].state
    contacts = _readers(act, [stored])
    audit.read_personal_data(act, "recipients", list(contacts), "telephone_task")
    opened = recipients.addresses(act, contacts).get(stored.state.recipient)
    return Task(
        shown=_shown(act, [stored])[0],
        telephone=opened.telephone if opened else None,
        person=opened.person if opened else None,
        script=script(message, stored.state.language, opened.secret if opened else None),
    )


def close_task(
    act: Act, id: str, outcome: Call, spoken_with: str | None, note: str | None
) -> Receipt:
    """Record what came of a call. Whom one spoke with is personal and stored sealed."""
    stored = store.DELIVERIES.load(act, id)
    spoken = (spoken_with or "").strip() or None
    state, events = called(stored.state, outcome, spoken is not None, act.now)
    state = state.model_copy(
        update={
            "spoken_with": vault.seal(act, id, "spoken_with", spoken),
            "note": vault.seal(act, id, "note", (note or "").strip() or None),
        }
    )

    def write(act: Act) -> Receipt:
        store.begin_attempts(act, [_call_row(act, stored, outcome)])
        return store.DELIVERIES.save(act, stored, state, events)

    return act.together(write)


def send_again(act: Act, message: str) -> Receipt:
    """Try again what did not arrive, and reach contacts that are known only now.

    Who has the message already does not get it a second time.
    """
    stored = messages.message(act, message)

    def write(act: Act) -> Receipt:
        found = store.of_message(act, message)
        organisation = stored.state.organisation
        contacts = recipients.known(replace(act, scope=Party(organisation)), [organisation])
        failed = [one for one in found if one.state.status in ("failed", "bounced")]
        fresh = _missing(act, message, stored.state, found, contacts)
        renewed = [one for one in failed if _reachable(one.state, contacts)]
        if not renewed and not fresh:
            raise Refused("nothing_to_send_again")
        store.DELIVERIES.save_many(
            act, [Changed(one, again(one.state, act.now)) for one in renewed]
        )
        store.DELIVERIES.create_many(act, fresh)
        state = stored.state.model_copy(update={"again": stored.state.again + 1})
        extra = {"deliveries": len(renewed) + len(fresh)}
        return messages.save(act, stored, state, extra)

    return act.together(write)


def ledger(act: Act, message: str) -> list[dict[str, Any]]:
    """Every attempt of one message, oldest first. Raises NotFound out of scope."""
    if message not in messages.messages(act, [message]):
        raise NotFound()
    return store.attempts(act, message)


def _readers(act: Act, deliveries: Iterable[Stored[Delivery]]) -> dict[str, Recipient]:
    """The contacts of deliveries that the caller was allowed to see.

    A contact belongs to its organisation and not to the centre; the scope names exactly those
    that the deliveries name.
    """
    ids = tuple({one.state.recipient for one in deliveries})
    return recipients.contacts(replace(act, scope=Link(ids)), ids)


def _call_row(act: Act, stored: Stored[Delivery], outcome: Call) -> dict[str, Any]:
    state = stored.state
    return {
        "_id": fresh_id(),
        "delivery": stored.id,
        "message": state.message,
        "centre": state.centre,
        "parties": [state.organisation],
        "channel": state.channel,
        "number": state.tries + 1,
        "sender": act.actor,
        "began": act.now,
        "ended": act.now,
        "outcome": outcome,
        "code": None,
    }


def _reachable(state: Delivery, contacts: recipients.Known) -> bool:
    """Whether the delivery's contact still exists and can be reached by its channel."""
    known = dict(contacts.contacts.get(state.organisation, []))
    contact = known.get(state.recipient)
    if contact is None or contact.removed:
        return False
    if state.channel == "telephone":
        return contact.telephone is not None
    return contact.email is not None


def _missing(
    act: Act,
    id: str,
    message: Message,
    found: list[Stored[Delivery]],
    contacts: recipients.Known,
) -> list[New[Delivery]]:
    """Deliveries to contacts that no delivery of the message has tried yet."""
    tried = {one.state.recipient for one in found}
    known = contacts.contacts.get(message.organisation, [])
    listeners: list[tuple[str, Recipient]] = [
        (contact, one)
        for contact, one in addressed(known, message.role, message.centre)
        if contact not in tried
    ]
    preferences = contacts.preferences.get(message.organisation)
    callable_ = by_telephone(message.intent) and message.centre is not None
    rows: list[New[Delivery]] = []
    for contact, one in listeners:
        channel = channel_for(one, preferences, callable_)
        if channel == "inbox":
            continue
        language = language_for(one, preferences)
        rows.append(new_delivery(act, id, message, contact, channel, language))
    return rows


def _shown(act: Act, found: list[Stored[Delivery]]) -> list[Shown]:
    contacts = _readers(act, found)
    told = messages.messages(act, {one.state.message for one in found})
    shown = []
    for one in found:
        contact = contacts.get(one.state.recipient)
        masked = None
        if contact is not None:
            by_mail = one.state.channel == "email"
            masked = contact.email_masked if by_mail else contact.telephone_masked
        message = told.get(one.state.message)
        name = message.state.common["organisation"] if message else None
        shown.append(Shown(one, name, masked))
    return shown
