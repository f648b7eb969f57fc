"""Notices become messages and deliveries: in batches, each written by one transaction.

Nothing is sent here. A batch that is interrupted leaves nothing behind, and one that is run by
two senders at once is done by one of them: a notice leaves `waiting` in the same transaction.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from chassis.act import Act
from chassis.documents import New, Stored
from chassis.errors import Conflict
from chassis.logs import trace
from services.notifications.deliveries import store
from services.notifications.deliveries.model import Channel, Delivery, begin, delivery_id, nobody
from services.notifications.directory import operations as directory
from services.notifications.messages import operations as messages
from services.notifications.messages.model import (
    Item,
    Message,
    Notice,
    intent_of,
    message_id,
    out_of_patience,
)
from services.notifications.messages.rendering import by_telephone, only_by_telephone
from services.notifications.messages.resolving import Names, Needs, NotYet, complete
from services.notifications.recipients import operations as recipients
from services.notifications.recipients.model import (
    Recipient,
    addressed,
    channel_for,
    language_for,
    not_before,
)

BATCH = 500


@dataclass(slots=True)
class _Batch:
    """What one transaction writes."""

    messages: list[tuple[str, Message]] = field(default_factory=list)
    deliveries: list[New[Delivery]] = field(default_factory=list)
    settled: list[tuple[str, str, str | None]] = field(default_factory=list)
    put_off: list[Stored[Notice]] = field(default_factory=list)


def plan_due(act: Act, limit: int = BATCH) -> int:
    """Plan what is due. Returns how many notices were looked at; 0 means nothing is due."""
    found = messages.due(act, limit)
    for one in found:
        if one.state.audience in messages.AUDIENCES:
            messages.expand(act, one)
    notices = [one for one in found if one.state.audience not in messages.AUDIENCES]
    if notices:
        batch = _planned(act, notices)
        # Everything is read and thought out before, so that the transaction is short.
        with suppress(Conflict):
            act.together(lambda inside: _write(inside, batch))
            ids = (one.state.correlation for one in batch.deliveries)
            trace("deliveries_planned", ids, deliveries=len(batch.deliveries))
    return len(found)


def _planned(act: Act, notices: Sequence[Stored[Notice]]) -> _Batch:
    needs = Needs()
    for one in notices:
        needs.add(one.state)
    known = recipients.known(act, needs.organisations)
    invited = recipients.contacts(act, _invited(notices))
    found = directory.look_up(act, needs.campaigns, needs.groups, needs.offers)
    names = Names(
        organisations={id: name for id in needs.organisations if (name := known.name(id))},
        campaigns=found.campaigns,
        groups=found.groups,
        offers=found.offers,
        titles=found.titles,
    )
    batch = _Batch()
    planned: set[str] = set()
    for gathered in _gathered(notices):
        _plan_message(act, gathered, known, invited, names, batch, planned)
    return batch


def _write(act: Act, batch: _Batch) -> None:
    """Settle the notices first: whoever else planned one of them meanwhile has won."""
    settled = _without_what_was_told(act, batch)
    if messages.settle(act, settled) != len(settled):
        raise Conflict("notices")
    fresh = {message for id, status, message in settled if status == "planned"}
    messages.keep(act, [one for one in batch.messages if one[0] in fresh])
    store.DELIVERIES.create_many(
        act, [one for one in batch.deliveries if one.state.message in fresh]
    )
    messages.put_off(act, batch.put_off)


def _invited(notices: Iterable[Stored[Notice]]) -> list[str]:
    return [one.state.facts["contact"] for one in notices if one.state.audience == "invited"]


def _gathered(notices: Sequence[Stored[Notice]]) -> list[list[Stored[Notice]]]:
    """Notices that become one message each: alone, or with their bundle."""
    found: dict[str, list[Stored[Notice]]] = {}
    for one in notices:
        found.setdefault(one.state.bundle or one.id, []).append(one)
    return list(found.values())


def _plan_message(
    act: Act,
    gathered: list[Stored[Notice]],
    known: recipients.Known,
    invited: dict[str, Recipient],
    names: Names,
    batch: _Batch,
    planned: set[str],
) -> None:
    first = gathered[0].state
    organisation = first.organisation
    if organisation is None:
        batch.settled.extend((one.id, "dropped", None) for one in gathered)
        return
    id = message_id(gathered[0].id, first, organisation)
    if id in planned:
        batch.settled.extend((one.id, "dropped", id) for one in gathered)
        return
    general = any(out_of_patience(one.state, act.now) for one in gathered)
    if first.audience == "invited":
        contact = first.facts["contact"]
        listeners = [(contact, invited[contact])] if contact in invited else []
    else:
        listeners = addressed(known.contacts[organisation], first.role, first.centre)
    try:
        items = [
            Item(intent=one.state.intent, facts=complete(one.state, names, general))
            for one in gathered
        ]
        if not general and not listeners:
            raise NotYet("contact")
        if not general and first.centre is not None and first.centre not in names.organisations:
            raise NotYet("centre")
    except NotYet:
        batch.put_off.extend(gathered)
        return
    planned.add(id)
    message = _message(act, gathered, organisation, items, known, names, listeners)
    batch.messages.append((id, message))
    batch.deliveries.extend(_deliveries(act, id, message, listeners, known))
    batch.settled.extend((one.id, "planned", id) for one in gathered)


def _message(
    act: Act,
    gathered: list[Stored[Notice]],
    organisation: str,
    items: list[Item],
    known: recipients.Known,
    names: Names,
    listeners: Sequence[tuple[str, Recipient]],
) -> Message:
    first = gathered[0].state
    own = next((one.name for _, one in listeners), None)
    centre = first.centre
    return Message(
        intent=intent_of([one.state for one in gathered]),
        organisation=organisation,
        role=first.role,
        centre=centre or directory.centre_of(act, organisation),
        campaign=first.campaign,
        items=items,
        common={
            "centre": names.organisations.get(centre) if centre else None,
            "campaign": names.titles.get(first.campaign or ""),
            "phone": known.centre_phone(centre, organisation) if centre else None,
            "organisation": names.organisations.get(organisation) or own,
        },
        correlation=first.correlation,
        in_inbox=first.audience != "invited",
    )


def _deliveries(
    act: Act,
    id: str,
    message: Message,
    listeners: Sequence[tuple[str, Recipient]],
    known: recipients.Known,
) -> list[New[Delivery]]:
    """One delivery for each contact, by the channel that reaches it; a failed one for nobody."""
    preferences = known.preferences.get(message.organisation)
    callable_ = by_telephone(message.intent) and message.centre is not None
    rows: dict[str, New[Delivery]] = {}
    wants_call = only_by_telephone(message.intent)
    for contact, recipient in listeners:
        channel = channel_for(recipient, preferences, callable_)
        if wants_call:
            channel = "telephone" if recipient.telephone is not None else "inbox"
        # The inbox is the organisation's, so that two contacts there are one reader.
        listener = message.organisation if channel == "inbox" else contact
        language = language_for(recipient, preferences)
        row = new_delivery(act, id, message, listener, channel, language)
        if preferences and channel != "inbox":
            due = not_before(act.now, preferences.quiet)
            row = New(row.id, row.state.model_copy(update={"due_at": due}), row.events)
        rows[row.id] = New(row.id, row.state, row.events, correlation=message.correlation)
    if rows:
        return list(rows.values())
    row = new_delivery(act, id, message, message.organisation, "inbox", "ko")
    failed, events = nobody(row.state)
    return [New(row.id, failed, events, correlation=message.correlation)]


def new_delivery(
    act: Act, id: str, message: Message, recipient: str, channel: Channel, language: str
) -> New[Delivery]:
    """A planned delivery of a message to a contact, due now."""
    state, events = begin(
        message=id,
        intent=message.intent,
        recipient=recipient,
        organisation=message.organisation,
        channel=channel,
        language="en" if language == "en" else "ko",
        centre=message.centre,
        campaign=message.campaign,
        correlation=message.correlation,
        due_at=act.now,
    )
    return New(delivery_id(id, recipient, channel), state, events, correlation=message.correlation)


def _without_what_was_told(act: Act, batch: _Batch) -> list[tuple[str, str, str | None]]:
    """A correction exists at most once: what came after it was told adds nothing to it."""
    told = messages.told_before(act, (id for id, _ in batch.messages))
    return [
        (id, "dropped" if message in told else status, message)
        for id, status, message in batch.settled
    ]
