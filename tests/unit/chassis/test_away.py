"""A server that is away is told apart from a fault of ours, waited for, and said in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError, SaslAuthenticationFailedError, TopicAlreadyExistsError
from pymongo.errors import (
    AutoReconnect,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from chassis import away, cli, logs
from chassis.events.broker import BrokerAway
from chassis.events.topics import MissingTopics

AWAY: list[tuple[Exception, away.Server]] = [
    (ServerSelectionTimeoutError("no answer"), "database"),
    (AutoReconnect("closed"), "database"),
    (NotPrimaryError("not primary"), "database"),
    (OperationFailure("Authentication failed.", away.NOT_LET_IN), "database"),
    (BrokerAway("TimeoutError"), "broker"),
    (KafkaTimeoutError("no answer"), "broker"),
    (SaslAuthenticationFailedError("not known yet"), "broker"),
]
OURS = [
    DuplicateKeyError("twice"),
    OperationFailure("BadValue", 2),
    TopicAlreadyExistsError("there"),
    KeyError("state"),
]


class Started:
    """Work that fails with these errors in turn and succeeds when none is left."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture
def no_rest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(away, "AGAIN_SECONDS", 0.0)
    yield


@pytest.mark.parametrize(("error", "server"), AWAY)
def test_an_absent_server_is_known_by_its_error(error: Exception, server: away.Server) -> None:
    assert away.away(error) == server
    said = away.sentence(server, error)
    assert type(error).__name__ in said
    assert "\n" not in said


@pytest.mark.parametrize("error", OURS)
def test_a_fault_of_ours_is_no_absence(error: Exception) -> None:
    assert away.away(error) is None


@pytest.mark.usefixtures("no_rest")
def test_work_is_done_as_soon_as_both_servers_are_there() -> None:
    assert away.patient(Started(*(error for error, _ in AWAY)), 60) == "done"


@pytest.mark.usefixtures("no_rest")
def test_patience_ends_with_the_servers_own_error_and_a_fault_is_raised_at_once() -> None:
    with pytest.raises(ServerSelectionTimeoutError):
        away.patient(Started(ServerSelectionTimeoutError("no answer")), 0)
    with pytest.raises(KeyError):
        away.patient(Started(KeyError("state")), 60)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ServerSelectionTimeoutError("mongo:27017: no answer"),
            {"event": "role_waits", "waits_for": "database", "level": "warning"},
        ),
        (
            MissingTopics("topics are missing: run `topics` first"),
            {"event": "role_failed", "why": "topics are missing: run `topics` first"},
        ),
    ],
)
def test_a_role_that_cannot_begin_says_for_what_it_waits_without_a_trace(
    error: Exception, said: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("placement", "relay")
    cli._tell_end(error)
    line = json.loads(capsys.readouterr().err)
    assert said.items() <= line.items()
    assert "exception" not in line
