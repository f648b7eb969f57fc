"""An act: who does something, when, why, and on which database.

Every operation takes an act first. HTTP requests, reactions, timers and operators' commands are
equal entrances: each makes an act and calls the same operation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import pymongo
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.clock import now
from chassis.facts import derived_id, fresh_id
from chassis.scope import Centre, Link, Office, Party, Scope, System
from chassis.secrets import Keys
from chassis.vouching import Vouch

R = TypeVar("R")
Documents = Database[dict[str, Any]]

TRANSACTION_SECONDS = 5.0
"""Longer transactions block others' documents after a crash (reliability: 7 s against 90 s)."""


@dataclass(frozen=True, slots=True)
class Command:
    """An unsafe request: its idempotency key, what it said, and the version it relied on."""

    key: str
    body_hash: str
    route: str
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, when, and in which context. `now` is aware UTC, cut to milliseconds."""

    database: Documents
    scope: Scope
    actor: str
    now: datetime
    correlation: str
    causation: str | None = None
    traceparent: str | None = None
    session: ClientSession | None = None
    command: Command | None = None
    seed: str | None = None
    keys: Keys | None = None
    vouch: Vouch | None = None
    """Whether the actor was shut out, where a request leaves that to its first question."""

    def unvouched(self) -> Vouch | None:
        """What the act's first question has to bring along; None where that is settled."""
        return self.vouch if self.vouch is not None and self.vouch.open else None

    def vouched(self) -> None:
        """Ask now, if it was not asked yet, whether the actor was shut out."""
        if self.vouch is not None:
            self.vouch.settle()

    def tenant(self) -> str:
        """The organisation on whose behalf the act is done; part of every derived id."""
        match self.scope:
            case Centre(id) | Party(id) | Office(id, _):
                return id
            case Link(ids):
                return ids[0] if ids else ""
            case _:
                return ""

    def new_id(self, kind: str) -> str:
        """An id for a new aggregate, the same each time this very act is repeated."""
        if self.command is not None:
            return derived_id(self.tenant(), self.command.route, self.command.key, kind)
        if self.seed is not None:
            return derived_id(self.seed, kind)
        return fresh_id()

    def together(self, work: Callable[["Act"], R]) -> R:
        """Run `work` in one short transaction, retried by the driver on transient errors.

        The driver's own limit does not bound `with_transaction`, hence `pymongo.timeout`.
        An act that already has a session joins it.
        """
        if self.session is not None:
            return work(self)
        with (
            pymongo.timeout(TRANSACTION_SECONDS),
            self.database.client.start_session() as session,
        ):
            return session.with_transaction(
                lambda s: work(replace(self, session=s)),
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern("majority"),
            )


def system_act(
    database: Documents,
    actor: str,
    correlation: str | None = None,
    causation: str | None = None,
    seed: str | None = None,
    session: ClientSession | None = None,
    keys: Keys | None = None,
) -> Act:
    """An act of the service itself."""
    return Act(
        database=database,
        scope=System(),
        actor=actor,
        now=now(),
        correlation=correlation or fresh_id(),
        causation=causation,
        seed=seed,
        session=session,
        keys=keys,
    )


def collection(act: Act, name: str) -> Collection[dict[str, Any]]:
    """A collection of the act's database. Pass `session=act.session` in every call on it."""
    act.vouched()
    return act.database[name]
