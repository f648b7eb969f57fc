"""The administrator's pages: what waits, how far each group is, the last backup, and no names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis import backups, standing
from chassis.context import Context
from chassis.events import roles
from chassis.events.broker import BrokerAway
from chassis.http.app import create_app
from services.placement.app import service
from tests.support.believing import Believing
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database

TOPIC = "registration.accounts"


@pytest.fixture(scope="module")
def context(servers: Servers) -> Iterator[Context]:
    with fresh_database(servers) as database:
        yield context_of(service, servers, database)


def client_of(context: Context) -> FlaskClient:
    app: Flask = create_app(service, context)
    app.extensions["ieum_verifier"] = Believing()
    return app.test_client()


def read(context: Context, path: str) -> str:
    found = client_of(context).get(
        f"{context.settings.mount}{path}", headers={"Authorization": "Bearer admin"}
    )
    assert found.status_code == 200, found.text
    return found.text


def test_the_lag_is_told_by_group_and_partition(context: Context) -> None:
    group = roles.projector(context, service).group
    places = [{"group": group, "topic": TOPIC, "partition": part, "next": 0} for part in range(2)]
    context.database["offsets"].insert_many(places)
    text = read(context, "/system/lag")
    assert TOPIC in text
    assert group in text


def test_a_broker_that_is_away_is_said_in_a_sentence(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*asked: object) -> None:
        raise BrokerAway("TimeoutError")

    monkeypatch.setattr(standing, "lags", gone)
    assert "브로커가 답하지 않습니다" in read(context, "/system/lag")


def test_keys_that_wait_are_shown_with_the_reason(context: Context) -> None:
    rows = [("gap", 7), ("gap", 8)]
    context.database["parked"].insert_many(
        {"_id": f"g|{n}", "group": "g", "topic": TOPIC, "key": "k-1", "sequence": n, "why": why}
        for why, n in rows
    )
    text = read(context, "/system")
    assert "기다리는 열쇠 1개" in text
    assert "앞 순번이 아직 안 옴" in text


def test_the_last_backup_and_what_it_held_are_on_the_page(context: Context, tmp_path: Path) -> None:
    assert "적힌 백업이 없습니다" in read(context, "/system")
    file = tmp_path / "placement.archive.gz"
    file.write_bytes(b"a backup" * 1000)
    row = backups.note(context, file)
    assert not backups.is_old(backups.last(context))
    text = read(context, "/system")
    assert "placement.archive.gz" in text
    assert row["sha256"] in text
    assert "적힌 백업이 없습니다" not in text


def test_each_service_says_whether_it_is_ready(context: Context) -> None:
    assert 'id="health-placement"' in read(context, "/system/health")
    context.database["house"].update_one(
        {"_id": "recover"}, {"$set": {"needed": True}}, upsert=True
    )
    assert "recover first" in read(context, "/system/health")
