"""A service's database goes back in time while the log goes on; no number gets two contents."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner

from chassis.cli import group
from chassis.context import Context
from chassis.events import numbers, recover, relay
from chassis.events.recover import RecoverFirst
from chassis.http.app import create_app
from chassis.leases import Lease
from tests.service.chassis.programmes import (
    back_up,
    begin_here,
    change,
    contents,
    create,
    producer,
    programmes,
    publisher,
    relay_all,
    restore,
)
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database


@pytest.fixture(scope="module")
def prepared(servers: Servers) -> Iterator[Context]:
    with fresh_database(servers) as database:
        yield context_of(producer(), servers, database)


@pytest.fixture
def registration(prepared: Context) -> Context:
    """A context whose archive begins here: the test broker's topics have others' messages too."""
    known_so_far(prepared)
    begin_here(prepared)
    return replace(prepared)


def known_so_far(context: Context) -> None:
    ends = recover._ends(context)
    checked = {recover._written(place): end for place, end in ends.items()}
    context.database["house"].update_one(
        {"_id": "recover"}, {"$set": {"needed": False, "checked": checked}}, upsert=True
    )


def test_after_a_restore_no_number_gets_two_contents(registration: Context) -> None:
    id = create(registration, 1)
    relay_all(registration)
    backup = back_up(registration)
    change(registration, id, 2, 3)
    relay_all(registration)
    restore(registration, backup)
    done = recover.recover(registration, [programmes])
    change(registration, id, 4, 5)
    relay_all(registration)
    assert done["moved"] == 1
    assert contents(registration, id) == {1: {1}, 2: {2}, 3: {3}, 4: {4}, 5: {5}}


def test_what_waited_in_the_backups_outbox_is_not_published_under_a_second_number(
    registration: Context,
) -> None:
    id = create(registration, 1)
    change(registration, id, 2)
    backup = back_up(registration)
    relay_all(registration)
    restore(registration, backup)
    recover.recover(registration, [programmes])
    relay_all(registration)
    change(registration, id, 3)
    relay_all(registration)
    assert contents(registration, id) == {1: {1}, 2: {2}, 3: {3}}


def test_what_waited_unpublished_is_published_after_the_recovery(registration: Context) -> None:
    id, other = create(registration, 1), create(registration, 1)
    relay_all(registration)
    change(registration, id, 2)
    backup = back_up(registration)
    change(registration, other, 2)
    rows = [
        row for row in relay.pending(registration.database, [programmes]) if row["_id"] == other
    ]

    relay.publish(registration.database, publisher(registration.settings), rows)
    restore(registration, backup)
    recover.recover(registration, [programmes])
    relay_all(registration)
    assert contents(registration, id) == {1: {1}, 2: {2}}


def test_a_request_accepted_before_the_recovery_is_published_behind_the_lost_ones(
    registration: Context,
) -> None:
    id = create(registration, 1)
    relay_all(registration)
    backup = back_up(registration)
    change(registration, id, 2, 3)
    relay_all(registration)
    restore(registration, backup)
    change(registration, id, 9)
    recover.recover(registration, [programmes])
    relay_all(registration)
    assert contents(registration, id) == {1: {1}, 2: {2}, 3: {3}, 4: {9}}


def test_what_was_created_after_the_backup_is_reported_by_id(registration: Context) -> None:
    backup = back_up(registration)
    id = create(registration, 1)
    relay_all(registration)
    restore(registration, backup)
    done = recover.recover(registration, [programmes])
    assert id in done["lost"]


def test_a_lost_aggregate_created_again_under_its_id_goes_on_behind_its_own_past(
    registration: Context,
) -> None:
    backup = back_up(registration)
    id = create(registration, 1)
    change(registration, id, 2)
    relay_all(registration)
    restore(registration, backup)
    recover.recover(registration, [programmes])
    create(registration, 7, id)
    relay_all(registration)
    change(registration, id, 8)
    relay_all(registration)
    assert contents(registration, id) == {1: {1}, 2: {2}, 3: {7}, 4: {8}}


def test_a_recovery_cut_short_after_the_archive_is_finished_by_the_next(
    registration: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = create(registration, 1)
    relay_all(registration)
    backup = back_up(registration)
    change(registration, id, 2)
    relay_all(registration)
    restore(registration, backup)

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(numbers, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            recover.recover(registration, [programmes])
    assert recover.flagged(registration)
    recover.recover(registration, [programmes])
    assert not recover.flagged(registration)
    change(registration, id, 3)
    relay_all(registration)
    assert contents(registration, id) == {1: {1}, 2: {2}, 3: {3}}


def test_a_version_known_from_before_the_restore_never_holds_again(registration: Context) -> None:
    id = create(registration, 1)
    relay_all(registration)
    backup = back_up(registration)
    change(registration, id, 2, 3)
    relay_all(registration)
    seen = programmes.get(registration.act(), id).version
    restore(registration, backup)
    recover.recover(registration, [programmes])
    assert programmes.get(registration.act(), id).version > seen + 1000


def test_the_relay_of_a_restored_database_ends_and_the_service_is_not_ready_until_recovered(
    registration: Context,
) -> None:
    id = create(registration, 1)
    relay_all(registration)
    backup = back_up(registration)
    change(registration, id, 2)
    relay_all(registration)
    restore(registration, backup)
    change(registration, id, 9)
    checking = registration.settings.model_copy(update={"recover_check": True})
    registration.settings = checking
    web = create_app(producer(), registration).test_client()
    assert web.get("/health/ready").status_code == 200
    with pytest.raises(RecoverFirst):
        relay.run(registration, [programmes])
    with pytest.raises(RecoverFirst):
        relay.run(registration, [programmes])
    assert web.get("/health/ready").status_code == 503
    assert contents(registration, id) == {1: {1}, 2: {2}}
    recover.recover(registration, [programmes])
    assert web.get("/health/ready").status_code == 200


def test_the_check_tells_by_its_exit_code_and_costs_nothing_in_normal_life(
    registration: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = registration.settings
    for name in ("mongo_uri", "database", "kafka_bootstrap", "secrets", "replica"):
        monkeypatch.setenv(f"IEUM_{name.upper()}", str(getattr(settings, name)))
    commands = group(producer())
    id = create(registration, 1)
    relay_all(registration)
    backup = back_up(registration)
    change(registration, id, 2)
    assert CliRunner().invoke(commands, ["recover", "--check"]).exit_code == 0
    relay_all(registration)
    restore(registration, backup)
    assert CliRunner().invoke(commands, ["recover", "--check"]).exit_code == 1
    done = CliRunner().invoke(commands, ["recover", "--json"])
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(commands, ["recover", "--check"]).exit_code == 0


def test_nothing_is_recovered_while_the_relay_runs(
    registration: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recover, "PATIENCE_SECONDS", 0.5)
    assert Lease(registration.database, "relay", "another machine", 60).take()
    with pytest.raises(RecoverFirst):
        recover.recover(registration, [programmes])
