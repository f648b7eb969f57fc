"""What Compose gives to whom: rights, secrets, networks."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from chassis import away
from chassis.contracts import SERVICES, consumed_by, owned_by, topics
from deploy.compose import mongo_setup, secrets
from deploy.compose.rights import Right, rights

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


def _names(service: str, operation: str) -> set[str]:
    return {
        right.name
        for right in rights(topics().values())
        if (right.principal, right.operation, right.resource) == (service, operation, "TOPIC")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_writes_its_own_topics_and_no_other(service: str) -> None:
    assert _names(service, "WRITE") == {topic.name for topic in owned_by(service)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_what_it_consumes_and_what_it_owns(service: str) -> None:
    expected = {topic.name for topic in [*owned_by(service), *consumed_by(service)]}
    assert _names(service, "READ") == expected


def test_a_sealed_topic_is_read_by_its_owner_and_the_one_it_is_sealed_for_only() -> None:
    for topic in topics().values():
        if topic.sealed_for:
            readers = {s for s in SERVICES if topic.name in _names(s, "READ")}
            assert readers == {topic.owner, topic.sealed_for}


def test_nobody_may_make_or_alter_topics() -> None:
    operations = {right.operation for right in rights(topics().values())}
    assert operations <= {"READ", "WRITE", "DESCRIBE", "DELETE"}
    assert {r.resource for r in rights(topics().values()) if r.operation == "DELETE"} == {"GROUP"}


def test_groups_belong_to_the_service_whose_name_they_begin_with() -> None:
    groups = {right for right in rights(topics().values()) if right.resource == "GROUP"}
    assert {(r.principal, r.name, r.pattern) for r in groups} == {
        (service, f"{service}-", "PREFIXED") for service in SERVICES
    }
    assert Right("placement", "READ", "GROUP", "placement-", "PREFIXED") in groups


def test_no_service_is_given_another_services_secret(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        owner = name.rpartition("-")[0]
        if owner not in SERVICES:
            continue
        for secret in one["secrets"]:
            foreign = [s for s in SERVICES if s != owner and s in secret]
            assert not foreign or secret.endswith(".pub.pem"), (name, secret)
        assert ("root_private.pem" in one["secrets"]) == (owner == "registration")


def test_every_secret_that_is_mounted_is_made(compose: dict[str, Any], tmp_path: Path) -> None:
    secrets.make(tmp_path / "secrets")
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert set(compose["secrets"]) == made


def test_secrets_are_made_once_and_their_directory_is_closed(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    assert secrets.make(directory)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert secrets.make(directory) == []
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_database_of_compose_quotes_no_operation_in_its_log(compose: dict[str, Any]) -> None:
    command = compose["services"]["mongo"]["command"]
    assert command[command.index("--slowms") + 1] == "2147483647"


def test_every_container_is_hardened_and_has_time_to_stop(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in one["security_opt"], name
        assert one["stop_grace_period"] == "35s", name


def test_what_serves_comes_back_after_a_reboot_and_what_prepares_tries_again_if_it_failed(
    compose: dict[str, Any],
) -> None:
    for name, one in compose["services"].items():
        prepares = name.endswith(("-setup", "-migrate"))
        assert one["restart"] == ("on-failure:5" if prepares else "unless-stopped"), name


def test_the_databases_setup_waits_until_the_server_is_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its replica set, then without its root user, then no primary, then ready."""
    answers: list[Exception | bool] = [
        OperationFailure("not running with --replSet", 76),
        OperationFailure("Authentication failed.", 18),
        ServerSelectionTimeoutError("mongo:27017: connection refused"),
        False,
        True,
    ]

    def prepare(_client: Any) -> bool:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    (tmp_path / "mongo_root").write_text("secret", encoding="ascii")
    monkeypatch.setattr(mongo_setup, "SECRETS", tmp_path)
    monkeypatch.setattr(mongo_setup, "prepare", prepare)
    monkeypatch.setattr(away, "AGAIN_SECONDS", 0.0)
    mongo_setup.main()
    assert answers == []
    said = capsys.readouterr()
    assert "is ready" in said.out
    assert '"waits_for": "database"' in said.err
    assert "secret" not in said.out + said.err


def test_broker_and_database_are_reachable_from_inside_only(compose: dict[str, Any]) -> None:
    for name in ("kafka", "mongo"):
        assert "ports" not in compose["services"][name]
        assert compose["services"][name]["networks"] == ["back"]
    assert compose["networks"]["back"]["internal"] is True


def test_an_image_gets_only_its_own_service() -> None:
    copied: dict[str, list[str]] = {}
    stage = ""
    for line in (ROOT / "deploy" / "Dockerfile").read_text("utf-8").splitlines():
        if line.startswith("FROM "):
            stage = line.split()[-1]
        elif line.startswith("COPY services"):
            copied.setdefault(stage, []).append(line.split()[1])
    # What the kernels' stage compiles is copied from it, not the code that it was compiled from.
    assert set(copied) == {"service", "kernels"}
    assert copied["service"] == ["services/__init__.py", "services/${SERVICE}"]
