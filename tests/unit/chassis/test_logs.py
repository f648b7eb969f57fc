"""Every line is one JSON object that says who wrote it, and one id finds the steps of an act."""

from __future__ import annotations

import io
import json
from threading import Thread
from typing import Any

import pytest

from chassis import logs


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().err.splitlines()]


def test_a_line_names_service_and_role_whichever_thread_writes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("placement", "web")
    thread = Thread(target=lambda: logs.logger().info("request", status=200))
    thread.start()
    thread.join()
    (line,) = lines(capsys)
    assert (line["service"], line["role"], line["status"]) == ("placement", "web", 200)


def test_a_batch_names_each_act_once_in_lines_that_no_container_engine_cuts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("registration", "relay")
    acts = [f"0192f0c1-0000-7000-8000-{number:012}" for number in range(250)]
    logs.trace("published", [*acts, *acts, ""], events=500)
    said = lines(capsys)
    assert [one for line in said for one in line["correlations"]] == acts
    assert all(len(json.dumps(line)) < 16_000 for line in said)
    assert {line["event"] for line in said} == {"published"}


def test_a_line_goes_to_the_standard_error_of_its_moment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = io.StringIO()
    with monkeypatch.context() as replaced:
        replaced.setattr("sys.stderr", before)
        logs.configure("placement", "relay")
        logs.logger().info("first")
    before.close()
    logs.logger().info("second")
    assert [line["event"] for line in lines(capsys)] == ["second"]


def test_a_batch_without_any_act_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("registration", "relay")
    logs.trace("published", ["", ""], events=2)
    assert lines(capsys) == []
