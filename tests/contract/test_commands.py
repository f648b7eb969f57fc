"""Operators' commands of every service: each answers a program too, and its help shows the call."""

import importlib
import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from chassis.cli import background, group
from chassis.context import Context
from chassis.contracts import SERVICES
from chassis.events import roles
from chassis.events.broker import Record
from chassis.service import Service
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

PROCESSES = {"worker", "web"}
COMMON = {
    "migrate",
    "config",
    "topics",
    "status",
    "verify",
    "dead-letters list",
    "dead-letters waiting",
    "dead-letters show",
    "dead-letters replay",
    "dead-letters discard",
    "outbox list",
    "outbox amend",
    "outbox skip",
    "rebuild",
    "republish",
    "offsets rewind",
    "recover",
    "user create",
}
OWN = {"registration": {"keys rotate", "keys revoke", "contacts-again"}}


def service_of(name: str) -> Service:
    found: Service = importlib.import_module(f"services.{name}.app").service
    return found


def commands_of(service: Service) -> dict[str, click.Command]:
    """Every command that is no process, by the words that call it."""
    found = {}
    for name, command in group(service).commands.items():
        if isinstance(command, click.Group):
            found.update({f"{name} {one}": inner for one, inner in command.commands.items()})
        elif name not in PROCESSES | set(background(service)):
            found[name] = command
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_the_commands_of_the_house(name: str) -> None:
    assert COMMON | OWN.get(name, set()) <= set(commands_of(service_of(name)))


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_answers_a_program_and_its_help_teaches(name: str) -> None:
    program = f"python -m services.{name} "
    for path, command in commands_of(service_of(name)).items():
        assert any("--json" in one.opts for one in command.params), f"{path} has no --json"
        shown = CliRunner().invoke(group(service_of(name)), [*path.split(), "--help"]).output
        calls = [
            line.strip().removeprefix(program) for line in shown.splitlines() if program in line
        ]
        assert len(calls) > 0, f"{path} shows no example"
        assert command.help, path
        context = click.Context(command, resilient_parsing=True)
        for call in calls:
            typed = shlex.split(call.partition("  #")[0])
            if typed[: len(path.split())] == path.split():
                command.make_parser(context).parse_args(typed[len(path.split()) :])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"registration"}))
def test_where_no_accounts_are_kept_the_command_says_where_they_are(name: str) -> None:
    called = ["user", "create", "--login", "somebody", "--role", "centre"]
    done = CliRunner().invoke(group(service_of(name)), called)
    assert done.exit_code == 2
    assert "python -m services.registration user create" in done.output


@pytest.fixture(scope="module", params=SERVICES)
def living(request: pytest.FixtureRequest, servers: Servers) -> Iterator[tuple[Context, Service]]:
    service = service_of(request.param)
    with fresh_database(servers) as database:
        yield context_of(service, servers, database), service


@pytest.fixture
def call(living: tuple[Context, Service], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call a command with --json; the result and the JSON that it answered."""
    context, service = living
    for name in ("mongo_uri", "database", "kafka_bootstrap", "secrets", "replica"):
        monkeypatch.setenv(f"IEUM_{name.upper()}", str(getattr(context.settings, name)))
    commands = group(service)

    def called(*words: str) -> tuple[Result, Any]:
        done = CliRunner().invoke(commands, [*words, "--json"])
        assert not isinstance(done.exception, Exception), (words, done.exception)
        return done, json.loads(done.stdout)

    return called


def test_what_only_looks_answers_json_on_an_empty_service(call: Any) -> None:
    for words in (
        ("migrate",),
        ("config",),
        ("topics", "--mine"),
        ("dead-letters", "list"),
        ("dead-letters", "waiting"),
        ("outbox", "list"),
        ("republish", "--key", "nothing"),
    ):
        done, _ = call(*words)
        assert done.exit_code == 0, (words, done.output)
    assert call("status")[0].exit_code == 0


def test_a_dead_letter_is_listed_shown_tried_again_and_passed_over(
    living: tuple[Context, Service], call: Any
) -> None:
    context, service = living
    follower = roles.projector(replace(context), service)
    topic = sorted(follower.topics)[0]
    follower._prepare()
    follower._places = {(topic, 0): 0}
    headers = [("ce_sequence", b"1"), ("ce_type", b"nobody.knows.v1"), ("ce_id", b"k:1")]
    follower.apply([Record(topic, 0, 0, b"k", b"{}", [*headers, ("ce_time", b"now")])])
    _, (letter,) = call("dead-letters", "list")
    assert call("status")[0].exit_code == 1
    assert call("dead-letters", "show", letter["id"])[1]["value"] == "{}"
    (behind,) = call("dead-letters", "waiting")[1]
    assert (behind["key"], behind["behind"]) == (letter["key"], "a dead letter")
    assert call("dead-letters", "replay", letter["id"])[0].exit_code == 1
    call("dead-letters", "discard", letter["id"], "--reason", "a test")
    assert call("dead-letters", "list")[1] == []
    assert call("offsets", "rewind", topic)[1]["partitions"] > 0
