"""How ports are chosen, and what is said when one is taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.refusal import Refusal


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_every_name_gets_a_free_port_of_its_own() -> None:
    chosen = ports.choose(["kafka", "mongo", "proxy"], {})
    assert len(set(chosen.values())) == 3
    assert all(ports.is_free(port) for port in chosen.values())


def test_a_preferred_port_that_is_taken_is_replaced(taken: int) -> None:
    assert ports.choose(["proxy"], {"proxy": taken})["proxy"] != taken


def test_a_configured_port_that_is_taken_is_refused_with_its_holder_and_the_way_out(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IEUM_LOCAL_PORT_PROXY", str(taken))
    with pytest.raises(Refusal) as refused:
        ports.choose(["proxy"], {"proxy": 8080})
    sentence = str(refused.value)
    assert f"Port {taken} for proxy is taken by" in sentence
    assert f"(process {os.getpid()})" in sentence
    assert "choose another port with IEUM_LOCAL_PORT_PROXY" in sentence


@pytest.mark.parametrize("value", ["", "eighty", "0", "70000", "-1"])
def test_a_configured_port_that_is_no_port_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IEUM_LOCAL_PORT_PROXY", value)
    with pytest.raises(Refusal, match="is not a port number"):
        ports.choose(["proxy"], {})
