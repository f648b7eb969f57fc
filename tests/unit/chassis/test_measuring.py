"""What the background roles measure can be read over HTTP."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import pytest
import urllib3
from prometheus_client import Counter
from pymongo.errors import PyMongoError

from chassis import measuring
from chassis.context import Context
from chassis.service import Service
from chassis.settings import Settings, metrics_port
from deploy.local import ports
from tests.support.house import eventually

SERVICE = Service(name="placement", catalogue=Path())
PROOF = Counter("ieum_measuring_proof_total", "Counts in this test only.")


class Running:
    """As much of a context as the role asks for."""

    def __init__(self) -> None:
        self.settings = Settings(service="placement")
        self.beats = 0
        self.over = threading.Event()

    @property
    def database(self) -> object:
        """Away: what the roles have measured is shown all the same."""
        raise PyMongoError("away")

    def beat(self) -> None:
        self.beats += 1

    def stopping(self) -> bool:
        return self.over.is_set()

    def wait(self, seconds: float) -> bool:
        return self.over.wait(seconds)


@pytest.mark.parametrize("named", ["", "0"])
def test_without_a_port_there_is_no_such_role(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IEUM_METRICS_PORT", named)
    assert metrics_port() is None


def test_the_settings_show_the_port_and_the_shift_of_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IEUM_METRICS_PORT", "9000")
    shown = Settings(service="placement").model_dump()
    assert (shown["metrics_port"], shown["clock_shift"]) == (9000, 0)


def test_a_counter_of_a_background_role_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ports.choose(["metrics"], {})["metrics"]
    monkeypatch.setenv("IEUM_METRICS_PORT", str(chosen))
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    PROOF.inc()
    running = Running()
    role = threading.Thread(target=measuring.run, args=[cast(Context, running), SERVICE])
    role.start()
    try:
        retries = urllib3.Retry(total=20, backoff_factor=0.05)
        answer = urllib3.request("GET", f"http://127.0.0.1:{chosen}/metrics", retries=retries)
        assert "ieum_measuring_proof_total 1.0" in answer.data.decode()
        eventually(lambda: running.beats > 0, what="a beat")
    finally:
        running.over.set()
        role.join()
