"""What the machine lacks is found elsewhere or said in one sentence."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local import machine
from deploy.local.refusal import Refusal
from deploy.local.stack import Stack

Usage = namedtuple("Usage", "total used free")


def test_a_machine_without_libcurl_gets_the_one_in_the_pycurl_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", absent)
    monkeypatch.setattr(machine, "STORE", tmp_path)
    directories = machine.libraries()["LD_LIBRARY_PATH"].split(os.pathsep)
    assert (Path(directories[0]) / "libcurl.so.4").resolve().parent == Path(directories[1])


def test_a_full_disk_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 10**12, 5 * 1024**2))
    with pytest.raises(Refusal, match=r"Only 5 MB are free .*make clean"):
        machine.check(tmp_path)


def test_another_system_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(Refusal, match=r"this is Darwin .*make up"):
        machine.check()


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 1),
        ("no version at all", 0),
    ],
)
def test_javas_version_is_read_from_what_it_says(told: str, version: int, tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{told}' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    assert machine._java_version(str(java)) == version


def test_without_a_java_of_its_own_the_machine_gets_the_one_in_the_wheel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert machine.java().name == "java"
    assert machine._java_version(str(machine.java())) >= machine.MINIMUM_JAVA


@pytest.mark.parametrize(
    ("refused", "way"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/tree/.local/x"), "/tree/.local/x"),
    ],
)
def test_what_the_machine_refuses_at_the_start_is_one_sentence(
    refused: OSError, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise refused

    monkeypatch.setattr(machine, "check", refuse)
    with pytest.raises(Refusal, match=way) as said:
        Stack("never-started").start()
    assert "\n" not in str(said.value)


def test_what_all_stacks_share_is_prepared_by_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def prepare(_one: int) -> None:
        nonlocal inside, most
        with machine.alone(tmp_path / "shared"):
            inside += 1
            most = max(most, inside)
            (tmp_path / "shared" / "made").write_text("half", encoding="ascii")
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(prepare, range(200)))
    assert most == 1
