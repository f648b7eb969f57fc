"""The environment: what it is made from, and what is said when it cannot be made."""

from __future__ import annotations

import ast
import errno
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import environment


def test_only_the_standard_library_is_used_and_python_3_7_can_read_it() -> None:
    source = Path(environment.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names


def test_the_lock_names_uv_with_hashes() -> None:
    lines = environment.entry("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert any("--hash=sha256:" in line for line in lines[1:])


def test_no_lock_holds_an_address() -> None:
    for lock in environment.REQUIREMENTS.parent.glob("*.txt"):
        assert "://" not in lock.read_text(encoding="utf-8"), lock.name


def test_an_environment_is_current_until_the_lock_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, stamp, python = tmp_path / "dev.txt", tmp_path / "stamp", tmp_path / "python"
    lock.write_text("a==1\n", encoding="utf-8")
    python.touch()
    monkeypatch.setattr(environment, "REQUIREMENTS", lock)
    monkeypatch.setattr(environment, "STAMP", stamp)
    monkeypatch.setattr(environment, "PYTHON", python)
    assert not environment.is_current()
    stamp.write_text(environment.fingerprint(), encoding="ascii")
    assert environment.is_current()
    lock.write_text("a==2\n", encoding="utf-8")
    assert not environment.is_current()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "error: Hash mismatch for `flask==3.1.3`",
            "is not the one that requirements/dev.txt names",
        ),
        ("ERROR: Could not find a version that satisfies a==1", "check the network and pip's"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk became full"),
        ("", "no reason was given"),
    ],
)
def test_a_failed_installation_is_explained_in_one_sentence(output: str, sentence: str) -> None:
    explanation = environment.explain(output)
    assert sentence in explanation
    assert "\n" not in explanation


def test_pips_configuration_is_told_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "global.index-url='http://mirror.example/simple'\n:env:.find-links='/wheels'\n"
    answer: Callable[..., tuple[int, str]] = lambda *_arguments: (0, listed)  # noqa: E731
    monkeypatch.setattr(environment, "run", answer)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    settings = environment.uv_settings()
    assert settings["UV_DEFAULT_INDEX"] == "http://mirror.example/simple"
    assert settings["UV_FIND_LINKS"] == "/wheels"


def test_an_old_python_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert environment.main() == 2
    error = capsys.readouterr().err
    assert "Python 3.11 or newer is needed" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/tree/.local"), "/tree/.local"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_what_the_machine_refuses_is_said_in_one_sentence(
    refused: OSError,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> None:
        raise refused

    monkeypatch.setattr(environment, "check", refuse)
    assert environment.main() == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
