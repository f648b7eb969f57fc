"""Finding a message by whom it went to, by its campaign, or by what kind of message it is."""

from collections.abc import Iterable
from dataclasses import dataclass

from chassis.act import Act
from chassis.korean import found, pattern, plain
from services.notifications.deliveries import store
from services.notifications.messages import operations as messages
from services.notifications.messages.model import Called

MOST, QUERY_MOST = 20, 40


@dataclass(frozen=True, slots=True)
class Told:
    """A message, and how the worst of its deliveries stands (None: it has none)."""

    message: Called
    status: str | None


def find(act: Act, query: str, kinds: Iterable[tuple[str, str]]) -> tuple[list[Told], bool]:
    """The newest messages within scope that the query fits, and whether there are more.

    `kinds` are the intents with their titles in the reader's language. Organisations and campaigns
    are found by the names under which they were told; names of persons are sealed and not looked
    at.
    """
    wanted = plain(query[:QUERY_MOST])
    if not wanted:
        return [], False
    intents = [intent for intent, title in kinds if found(wanted, plain(title)) is not None]
    rows = messages.called(act, pattern(wanted), intents, MOST + 1)
    status = store.worst(act, [one.id for one in rows[:MOST]])
    return [Told(one, status.get(one.id)) for one in rows[:MOST]], len(rows) > MOST
