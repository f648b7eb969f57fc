"""Where promtool comes from, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.alerts.__main__ import promtool
from deploy.local.refusal import Refusal


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_machines_own_tool_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = executable(tmp_path / "bin" / "promtool", "exit 0")
    monkeypatch.setenv("PATH", str(own.parent))
    assert promtool(tmp_path / "store") == own


def test_a_missing_tool_is_fetched_once_and_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin = tmp_path / "bin"
    executable(bin / "apt-get", f'echo "$@" >> {tmp_path}/asked; : > prometheus_1.deb')
    executable(bin / "dpkg-deb", '/bin/mkdir -p "$3/usr/bin"; : > "$3/usr/bin/promtool"')
    monkeypatch.setenv("PATH", str(bin))
    for _ in range(2):
        assert promtool(tmp_path / "store").is_file()
    assert (tmp_path / "asked").read_text() == "-qq download prometheus\n"


def test_where_it_cannot_be_fetched_the_way_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "bin" / "apt-get", "exit 100")
    executable(tmp_path / "bin" / "dpkg-deb", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(Refusal, match="apt-get install prometheus"):
        promtool(tmp_path / "store")
