"""The sender: leases due deliveries, hands them to the mail server, writes down what came of it.

Every attempt is in the ledger before it begins and is completed after it. A sender that dies in
between leaves an attempt whose outcome is unknown; the next one sends the same delivery with the
same Message-ID, so that a mailbox recognises it.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from chassis import metrics
from chassis.act import Act
from chassis.clock import now
from chassis.documents import Changed, New, Stored
from chassis.facts import fresh_id
from chassis.language import UnknownKey
from chassis.logs import logger, trace
from services.notifications.deliveries import doors, store
from services.notifications.deliveries.model import LEASE, Delivery, mail_id, tried
from services.notifications.deliveries.planning import new_delivery
from services.notifications.deliveries.post import Answer, Away, Letter, Post, compose
from services.notifications.messages import operations as messages
from services.notifications.messages.model import Message
from services.notifications.messages.rendering import by_telephone, render
from services.notifications.recipients import operations as recipients
from services.notifications.recipients.model import Recipient
from services.notifications.recipients.operations import Addresses

BATCH = 200
ROUND_SECONDS = 5.0
"""After so long no other batch is begun: what waits to be planned gets its turn."""

CHUNK = 50
"""After so many the results are written. A crash can send twice as many again, no more."""

SERVICE = "notifications"


@dataclass(frozen=True, slots=True)
class Sender:
    """What a batch needs beside the act."""

    post: Post
    name: str
    """Which copy of the role this is; stands in the ledger."""
    address: str
    """The public address that links start with."""
    links: bytes | None = None
    """The key of signed links; without it a letter's link leads through the sign-in page."""
    beat: Callable[[], None] = lambda: None
    """Tells the parent process that the sender is alive."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    delivery: Stored[Delivery]
    attempt: str
    message: Message
    recipient: Recipient | None
    addresses: Addresses | None


_Letter = tuple[str, bytes] | Answer
"""Where an e-mail goes and its bytes, or why there is none."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one lease holds and was not handed over yet, with the lease's name and begin."""

    by: str
    began: float
    rest: list[_Prepared]

    def chunk(self) -> "_Chunk":
        """Take the next few."""
        rows = self.rest[:CHUNK]
        del self.rest[:CHUNK]
        return _Chunk(self, rows)

    def is_late(self) -> bool:
        """Whether to go on could outlast the lease."""
        return time.monotonic() - self.began > LEASE.total_seconds() / 2


@dataclass(frozen=True, slots=True)
class _Chunk:
    batch: _Batch
    rows: list[_Prepared]


@dataclass(frozen=True, slots=True)
class _Handed:
    """A chunk with the answers it got; fewer than letters if the server went away."""

    chunk: _Chunk
    answers: list[Answer]
    away: Away | None


def send_due(act: Act, sender: Sender) -> int:
    """Send what is due, for some seconds at the most. Returns how many were tried.

    While one chunk is handed over, the last one's results are recorded and the next is leased and
    read. Raises Away, with everything unsent given back, if nobody listens. A slow server gets
    less than a batch: what would outlast the lease is given back too.
    """
    ends = time.monotonic() + ROUND_SECONDS
    sender.post.ready()
    tried = 0
    with ThreadPoolExecutor(max_workers=1) as hand:
        handing: Future[_Handed] | None = None
        following = _next(act, sender, None, ends)
        while following is not None:
            sender.beat()
            done = handing.result() if handing else None
            if done and (done.away or following.batch.is_late()):
                _give_back(act, following.batch.by, [*following.rows, *following.batch.rest])
                break
            handing = hand.submit(_hand_over, sender, following)
            tried += len(following.rows)
            if done:
                _record(act, done)
            following = _next(act, sender, following.batch, ends)
        last = handing.result() if handing else None
    if last is not None:
        _record(act, last)
        if last.away:
            _give_back(act, last.chunk.batch.by, last.chunk.rows[len(last.answers) :])
            raise last.away
    return tried


def _next(act: Act, sender: Sender, batch: _Batch | None, ends: float) -> _Chunk | None:
    """The next chunk, of a new batch when the last one is used up; None if nothing is due."""
    if batch is not None:
        if batch.rest:
            return batch.chunk()
        if time.monotonic() > ends:
            return None
        act = replace(act, now=now())
    by, began = fresh_id(), time.monotonic()
    held, before = store.lease(act, by, BATCH)
    return _Batch(by, began, _prepare(act, sender, held, before)).chunk() if held else None


def _hand_over(sender: Sender, chunk: _Chunk) -> _Handed:
    """Give letters to the mail server, as many as it takes before it goes away.

    A server needs time to take a letter in; the next one is written meanwhile.
    """
    post, answers = sender.post, list[Answer]()
    letters = (_written(sender, one) for one in chunk.rows)
    letter = next(letters, None)
    while letter is not None:
        try:
            refused = letter if isinstance(letter, Answer) else post.begin(*letter)
            letter = next(letters, None)
            answers.append(refused or post.end())
        except Away as away:
            return _Handed(chunk, answers, away)
    return _Handed(chunk, answers, None)


def _prepare(
    act: Act, sender: Sender, held: list[Stored[Delivery]], before: list[str]
) -> list[_Prepared]:
    """Read what the letters say and where they go, and open the ledger for each.

    `before` are those that a former sender may have begun.
    """
    told = messages.messages(act, (one.state.message for one in held))
    contacts = recipients.contacts(act, {one.state.recipient for one in held})
    opened = recipients.addresses(act, contacts)
    prepared = [
        _Prepared(
            delivery=one,
            attempt=fresh_id(),
            message=told[one.state.message].state,
            recipient=contacts.get(one.state.recipient),
            addresses=opened.get(one.state.recipient),
        )
        for one in held
    ]
    store.abandon_attempts(act, before)
    store.begin_attempts(act, (_row(act, sender, one) for one in prepared))
    return prepared


def _row(act: Act, sender: Sender, one: _Prepared) -> dict[str, object]:
    state = one.delivery.state
    return {
        "_id": one.attempt,
        "delivery": one.delivery.id,
        "message": state.message,
        "centre": state.centre,
        "parties": [state.organisation],
        "channel": state.channel,
        "number": state.tries + 1,
        "sender": sender.name,
        "began": act.now,
        "ended": None,
        "outcome": "begun",
        "code": None,
    }


def _written(sender: Sender, one: _Prepared) -> _Letter:
    """Address and e-mail, or our own refusal: the contact is gone, or a word is missing.

    One message that cannot be written must not keep the others from being sent.
    """
    if one.addresses is None or one.addresses.email is None or one.recipient is None:
        return Answer("refused", "no_address")
    state, to = one.delivery.state, one.addresses.email
    door = doors.written(sender.links, one.message, state.recipient, one.addresses, state.due_at)
    try:
        rendered = render(
            one.message,
            state.language,
            sender.address,
            person=one.addresses.person,
            secret={**(one.addresses.secret or {}), **door},
        )
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is wrong with it alone
        missing = str(error) if isinstance(error, UnknownKey) else type(error).__name__
        logger().error("message_unwritable", message=state.message, missing=missing)
        return Answer("refused", "unwritable")
    letter = Letter(
        message_id=mail_id(one.delivery.id, sender.post.domain),
        sender=sender.post.sender,
        sender_name=one.message.common["centre"] or sender.post.sender,
        to=to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        language=state.language,
        list_id=f"<{state.intent.replace('_', '-')}.{sender.post.domain}>",
        at=now(),
    )
    return to, compose(letter)


def _record(act: Act, handed: _Handed) -> None:
    """Write results, ledger and events down; what another sender settled meanwhile stays."""
    answers = handed.answers
    if not answers:
        return
    chunk = handed.chunk.rows[: len(answers)]
    act = replace(act, now=now())
    changes: list[Changed[Delivery]] = []
    bounced: list[_Prepared] = []
    for one, answer in zip(chunk, answers, strict=True):
        state, events = tried(one.delivery.state, answer.outcome, answer.code, act.now)
        correlation = state.correlation
        changes.append(Changed(one.delivery, state, events, correlation=correlation))
        metrics.SENT.labels(SERVICE, state.channel, answer.outcome).inc()
        if answer.outcome == "accepted":
            waited = (act.now - one.delivery.state.due_at).total_seconds()
            metrics.DELIVERY.labels(SERVICE, state.channel).observe(max(0.0, waited))
        else:
            logger().warning(
                "mail_refused", delivery=one.delivery.id, outcome=answer.outcome, code=answer.code
            )
        if answer.outcome == "unknown_address":
            bounced.append(one)
    saved = store.DELIVERIES.save_many(act, changes)
    store.end_attempts(
        act,
        (
            (one.attempt, {"outcome": answer.outcome, "code": answer.code})
            for one, answer in zip(chunk, answers, strict=True)
        ),
    )
    refused = [one.delivery.id for one, answer in zip(chunk, answers, strict=True) if answer.code]
    if refused:
        # What may be tried again must not wait for a lease that nobody needs any more.
        store.release(act, handed.chunk.batch.by, refused)
    _after_bounce(act, [one for one in bounced if one.delivery.id in saved])
    ids = (one.delivery.state.correlation for one in chunk)
    trace("mail_sent", ids, tried=len(chunk), saved=len(saved))


def _after_bounce(act: Act, bounced: list[_Prepared]) -> None:
    """An address that nobody reads: the next message takes another way, and this one a call."""
    recipients.mark_bounced(act, [one.delivery.state.recipient for one in bounced])
    calls: list[New[Delivery]] = []
    for one in bounced:
        state, recipient = one.delivery.state, one.recipient
        reachable = recipient is not None and recipient.telephone is not None
        if reachable and state.centre is not None and by_telephone(state.intent):
            calls.append(
                new_delivery(
                    act,
                    state.message,
                    one.message,
                    state.recipient,
                    "telephone",
                    state.language,
                )
            )
    store.DELIVERIES.create_many(act, calls)


def _give_back(act: Act, by: str, rest: list[_Prepared]) -> None:
    """Not tried, or cut short: the ledger says so, and the deliveries are free again at once."""
    if not rest:
        return
    act = replace(act, now=now())
    away = {"outcome": "unavailable", "code": None}
    store.end_attempts(act, ((one.attempt, away) for one in rest))
    store.release(act, by, [one.delivery.id for one in rest])
