"""From what happened to what is to be told: notices are taken up here, and messages read."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.act import Act
from chassis.documents import New, Receipt, Stored
from chassis.errors import FieldError, Invalid
from chassis.facts import derived_id
from services.notifications.directory import operations as directory
from services.notifications.messages import store
from services.notifications.messages.model import Called, Message, Notice, next_look
from services.notifications.messages.planning import Planned

BATCH = 500
AUDIENCES = ("schools", "schools_unanswered")


def take_up(
    act: Act, cause: str, planned: Iterable[Planned], gather: timedelta, at: datetime | None = None
) -> int:
    """Keep what an event gives to tell until its time. Returns how many notices are new.

    `cause` is the event's id: the same event cannot be taken up twice. What belongs to a bundle
    waits for `gather`, so that its fellows can join it.
    """
    rows: list[New[Notice]] = []
    for one in planned:
        begin = at or act.now
        notice = Notice(
            intent=one.intent,
            audience=one.audience,
            organisation=one.organisation,
            role=one.role,
            facts=one.facts,
            centre=one.centre,
            campaign=one.campaign,
            bundle=one.bundle,
            once=one.once,
            due_at=begin + gather if one.bundle else begin,
            created_at=act.now,
            correlation=act.correlation,
            event=cause,
        )
        id = derived_id("notice", cause, one.intent, one.organisation or "", one.role)
        rows.append(New(id, notice))
    there = store.present(act, store.NOTICES, (row.id for row in rows))
    return len(store.NOTICES.create_many(act, (row for row in rows if row.id not in there)))


def due(act: Act, limit: int = BATCH) -> list[Stored[Notice]]:
    """Notices whose time has come, with the fellows of their bundles."""
    found = store.due(act, limit)
    bundles = sorted({one.state.bundle for one in found if one.state.bundle})
    single = [one for one in found if one.state.bundle is None]
    return [*single, *store.bundled(act, bundles)] if bundles else single


def expand(act: Act, parent: Stored[Notice]) -> int:
    """One notice for a whole audience becomes one for each organisation of it.

    The children's ids follow from the parent's, so that an interrupted expansion is finished by
    running it again, and doubles nothing.
    """
    notice = parent.state
    if notice.centre is None:
        store.settle(act, [(parent.id, "dropped", None)])
        return 0
    unanswered = notice.campaign if notice.audience == "schools_unanswered" else None
    schools = directory.schools(act, notice.centre, unanswered)
    for start in range(0, len(schools), BATCH):
        store.NOTICES.create_many(
            act,
            [
                New(
                    derived_id("notice", parent.id, school),
                    notice.model_copy(update={"audience": "organisation", "organisation": school}),
                )
                for school in schools[start : start + BATCH]
            ],
        )
    store.settle(act, [(parent.id, "planned", None)])
    return len(schools)


def put_off(act: Act, notices: Sequence[Stored[Notice]]) -> None:
    """Look at these again later: a name is still on its way."""
    store.put_off(act, [(one.id, next_look(one.state, act.now)) for one in notices])


def settle(act: Act, settled: Sequence[tuple[str, str, str | None]]) -> int:
    """Close notices: (id, planned or dropped, message). Returns how many were still waiting."""
    return store.settle(act, settled)


def told_before(act: Act, ids: Iterable[str]) -> set[str]:
    """Which of these messages exist already."""
    return store.present(act, store.MESSAGES, ids)


def keep(act: Act, messages: Iterable[tuple[str, Message]]) -> None:
    """Store new messages."""
    store.MESSAGES.create_many(act, [New(id, state) for id, state in messages])


def messages(act: Act, ids: Iterable[str]) -> dict[str, Stored[Message]]:
    """Messages by id, within the act's scope."""
    return store.by_id(act, ids)


def called(act: Act, pattern: str, intents: Sequence[str], most: int) -> list[Called]:
    """Messages whose recipient's or campaign's name fits a pattern, or of these kinds; newest
    first."""
    return store.called(act, pattern, intents, most)


def message(act: Act, id: str) -> Stored[Message]:
    """One message, ready for the act's command. Raises NotFound out of scope."""
    return store.MESSAGES.load(act, id)


def save(act: Act, stored: Stored[Message], state: Message, extra: dict[str, Any]) -> Receipt:
    """Change a message; `extra` is what the receipt tells besides."""
    return store.MESSAGES.save(act, stored, state, extra=extra)


def inbox(act: Act, limit: int, after: str | None) -> tuple[list[Stored[Message]], str | None]:
    """The own organisation's messages, newest first."""
    try:
        return store.inbox(act, act.tenant(), limit, after)
    except ValueError as error:
        raise Invalid([FieldError("/cursor", "wrong", {"reason": "cursor"})]) from error
