"""What the broker refuses for good is set aside, and one aggregate's misfortune is its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chassis import verify
from chassis.cli import group
from chassis.context import Context
from chassis.documents import Aggregates
from chassis.events import relay
from chassis.events.broker import Publisher
from chassis.events.inbox import SKIPPED
from chassis.events.topics import MissingTopics
from tests.service.chassis.programmes import (
    Programme,
    change,
    contents,
    create,
    log,
    producer,
    programmes,
    published,
    relay_all,
)

TOO_SMALL = 300
"""Bytes: less than any event of the test with its headers, when the client's limit is this."""


def narrow(context: Context, id: str) -> Publisher:
    """A publisher whose client refuses the records of one aggregate as too large."""
    publisher = Publisher(context.settings)
    client = publisher._producer
    wide, send = client.config["max_request_size"], client.send

    def limited(topic: str, key: bytes, **rest: Any) -> Any:
        client.config["max_request_size"] = TOO_SMALL if key == id.encode() else wide
        return send(topic, key=key, **rest)

    client.send = limited
    return publisher


@pytest.fixture
def quarantined(context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """(An aggregate whose first event was refused with a second behind it, another one)."""
    settings = context.settings
    for name in ("mongo_uri", "database", "kafka_bootstrap", "secrets", "replica"):
        monkeypatch.setenv(f"IEUM_{name.upper()}", str(getattr(settings, name)))
    bad = create(context, 1)
    change(context, bad, 2)
    good = create(context, 1)
    refusing = narrow(context, bad)
    while rows := relay.pending(context.database, [programmes]):
        relay.publish(context.database, refusing, rows)
    yield bad, good
    context.database["programmes"].delete_many({})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group(producer()), [*arguments, "--json"])


def test_others_go_on_and_the_later_ones_of_the_aggregate_wait(
    context: Context, quarantined: tuple[str, str]
) -> None:
    bad, good = quarantined
    assert contents(context, good) == {1: {1}}
    assert contents(context, bad) == {}
    rows = json.loads(run("outbox", "list").output)
    assert [(row["id"], row["quarantined"]) for row in rows] == [
        (f"{bad}:1", "MessageSizeTooLargeError"),
        (f"{bad}:2", "no"),
    ]


def test_an_amended_one_is_published_as_it_is_and_the_others_follow(
    context: Context, quarantined: tuple[str, str]
) -> None:
    bad, _ = quarantined
    assert run("outbox", "amend", "programmes", f"{bad}:1").exit_code == 0
    relay_all(context)
    assert contents(context, bad) == {1: {1}, 2: {2}}


def test_one_that_is_too_large_is_published_with_other_data_that_fits_its_schema(
    context: Context, quarantined: tuple[str, str], tmp_path: Path
) -> None:
    bad, _ = quarantined
    file = tmp_path / "smaller.json"
    file.write_text(json.dumps({"rounds": "many"}))
    refused = run("outbox", "amend", "programmes", f"{bad}:1", "--data", str(file))
    assert refused.exit_code == 2
    assert "programme.published" in refused.output
    file.write_text(json.dumps({**published(7).data}))
    done = run("outbox", "amend", "programmes", f"{bad}:1", "--data", str(file))
    assert json.loads(done.output)["amended"] is True
    relay_all(context)
    assert contents(context, bad) == {1: {7}, 2: {2}}


def test_a_skipped_one_keeps_its_number_without_its_content_and_the_others_follow(
    context: Context, quarantined: tuple[str, str]
) -> None:
    bad, _ = quarantined
    assert run("outbox", "skip", "programmes", f"{bad}:1").exit_code == 0
    relay_all(context)
    records = [record for record in log(context) if record.key == bad.encode()]
    said = [(dict(one.headers)["ce_type"], dict(one.headers)["ce_sequence"]) for one in records]
    assert said == [(f"{SKIPPED}.v1".encode(), b"1"), (b"programme.published.v1", b"2")]
    assert records[0].value == b"{}"


def test_a_relay_that_begins_before_its_topics_are_there_sets_nothing_aside(
    context: Context,
) -> None:
    id = create(context, 1)
    absent = Aggregates("programmes", "registration.absent", Programme, programmes.owners)
    with pytest.raises(MissingTopics, match=r"registration\.absent"):
        relay.run(context, [absent])
    row = context.database["programmes"].find_one({"_id": id}) or {}
    assert [entry.get("quarantined") for entry in row["outbox"]] == [None]
    relay_all(context)
    assert contents(context, id) == {1: {1}}


def test_what_was_not_refused_cannot_be_amended_or_skipped(
    context: Context, quarantined: tuple[str, str]
) -> None:
    bad, good = quarantined
    for id in (f"{bad}:2", f"{good}:1"):
        assert run("outbox", "skip", "programmes", id).exit_code == 2


def test_status_and_verify_ask_for_a_look(context: Context, quarantined: tuple[str, str]) -> None:
    bad, _ = quarantined
    rows = json.loads(run("status").output)
    row = next(row for row in rows if row["what"] == "quarantined events")
    assert (row["value"], row["state"]) == (1, "look")
    bare = producer()
    bare.projections.all.clear()
    found = [fault for fault in verify.faults(context, bare) if bad in fault]
    assert len(found) == 1
    assert "was refused (MessageSizeTooLargeError)" in found[0]
