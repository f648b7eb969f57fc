"""What an operator does about dead letters after the faults: replay, discard, and look again."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from chassis.context import open_context
from chassis.events import dead_letters, inbox, roles
from chassis.events.consumer import Follower
from tests.chaos.injections import NEXT_VERSION, Injections, settings_of, until

TOPIC = "registration.programmes"
CONSUMERS = ("placement", "notifications")
PARKED_SECONDS = 60


@contextmanager
def next_release() -> Iterator[None]:
    """This process knows the schema that those of the stack do not know yet."""
    own = vars(inbox)
    known = own["faults_for_readers"]

    def faults(kind: str, data: dict[str, Any], version: int) -> Any:
        return known(kind, data, 1 if version == NEXT_VERSION else version)

    own["faults_for_readers"] = faults
    try:
        yield
    finally:
        own["faults_for_readers"] = known


def mend(injections: Injections) -> list[str]:
    """Replay what was too early, discard what is poison; followers run. What went wrong."""
    wrong: list[str] = []
    for service in CONSUMERS:
        for follower in _followers(injections, service):
            wrong += _mend(injections, follower)
    return wrong


def _mend(injections: Injections, follower: Follower) -> Iterator[str]:
    parked = follower.context.database["parked"]
    programmes = injections.client["registration"]["programmes"]
    for id in injections.poisoned + injections.early:
        wanted = {"group": follower.group, "key": id}
        if parked.count_documents(wanted) or programmes.count_documents({"_id": id}):
            # A restore may have taken it away before it was published.
            try:
                until(partial(_are_parked, parked, wanted), PARKED_SECONDS)
            except TimeoutError:
                yield f"I7: {follower.group} has not parked {id} in time"
    for row in dead_letters.listed(follower):
        if row["key"] in injections.early:
            with next_release():
                done = dead_letters.replay(follower, row["id"])
            if not done:
                yield f"I7: {follower.group} did not replay {row['id']}"
            injections.saw["parked and replayed"] += done
        else:
            dead_letters.discard(follower, row["id"], "broken on purpose", "chaos")
            injections.saw["parked and drained"] += row["key"] in injections.poisoned
    left = parked.count_documents({"group": follower.group})
    if left:
        yield f"I7: {follower.group} has {left} parked after the last replay and discard"


def _are_parked(parked: Any, wanted: dict[str, Any]) -> bool:
    return bool(parked.count_documents(wanted) == 3)


def bury(injections: Injections) -> None:
    """Discard what came without a key since: a send without an answer may have arrived late."""
    for service in CONSUMERS:
        for follower in _followers(injections, service):
            for row in dead_letters.listed(follower):
                if row["sequence"] is None:
                    dead_letters.discard(follower, row["id"], "without a key", "chaos")


def _followers(injections: Injections, service: str) -> list[Follower]:
    """The groups of a service that follow the topic."""
    context = open_context(settings_of(injections.stack, service))
    own = importlib.import_module(f"services.{service}.app").service
    return [one for one in roles.followers(context, own) if TOPIC in one.topics]
