"""The lock of Kafka's jars."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.jars import Jar
from deploy.local.refusal import Refusal

CONTENT = b"a jar"


def _jar(content: bytes = CONTENT) -> Jar:
    return Jar("org.example", "thing", "1.0", hashlib.sha256(content).hexdigest())


def test_the_lock_names_every_jar_with_a_hash_and_no_address() -> None:
    locked = jars.locked()
    assert len(locked) > 40
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert "://" not in jars.LOCK.read_text(encoding="utf-8")


def test_a_jar_with_the_locked_contents_is_taken(tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.jar").write_bytes(CONTENT)
    assert jars.verify(tmp_path, [_jar()]) == []


def test_a_jar_that_is_not_there_is_named_as_missing(tmp_path: Path) -> None:
    assert jars.verify(tmp_path, [_jar()]) == [_jar()]


def test_a_tampered_jar_is_refused_in_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.jar").write_bytes(b"another jar")
    with pytest.raises(Refusal, match=r"thing-1\.0\.jar is not the file .* remove it"):
        jars.verify(tmp_path, [_jar()])


def test_what_arrives_with_wrong_contents_never_reaches_the_class_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deliver_something_else(wanted: list[Jar], arrived: Path) -> None:
        for jar in wanted:
            (arrived / jar.name).write_bytes(b"another jar")

    monkeypatch.setattr(jars, "_by_jgo", deliver_something_else)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    target = tmp_path / "kafka"
    target.mkdir()
    with pytest.raises(Refusal):
        jars.fetch([_jar()], target)
    assert list(target.iterdir()) == []


def test_the_systems_certificates_are_trusted_unless_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setattr(jars, "SYSTEM_CERTIFICATES", (str(tmp_path / "absent"), str(bundle)))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "named.pem")
    jars._trust_what_the_machine_trusts()
    assert os.environ["REQUESTS_CA_BUNDLE"] == "named.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    jars._trust_what_the_machine_trusts()
    assert os.environ["REQUESTS_CA_BUNDLE"] == str(bundle)


def test_an_unreachable_source_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_wanted: list[Jar], _arrived: Path) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(jars, "_by_jgo", fail)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    target = tmp_path / "kafka"
    target.mkdir()
    with pytest.raises(
        Refusal, match=r"could not be fetched .*no route to host.* check the network"
    ):
        jars.fetch([_jar()], target)


def test_a_disk_that_becomes_full_is_not_taken_for_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_wanted: list[Jar], _arrived: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(jars, "_by_jgo", fail)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    target = tmp_path / "kafka"
    target.mkdir()
    with pytest.raises(Refusal, match=r"disk became full .*make clean"):
        jars.fetch([_jar()], target)


def test_a_failure_without_words_is_still_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_wanted: list[Jar], _arrived: Path) -> None:
        raise RuntimeError

    monkeypatch.setattr(jars, "_by_jgo", fail)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    target = tmp_path / "kafka"
    target.mkdir()
    with pytest.raises(Refusal, match="no reason was given"):
        jars.fetch([_jar()], target)
