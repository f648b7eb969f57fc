"""What `make` says when the machine lacks what a target needs: one sentence with the way out."""

from __future__ import annotations

import os
import subprocess

import pytest

from deploy.local.machine import ROOT


@pytest.mark.parametrize(
    ("target", "setting", "way"),
    [
        ("docker", "COMPOSE=absent-docker compose", "install Docker Engine"),
        ("environment", "PYTHON=", "make PYTHON=/path/to/python3"),
    ],
)
def test_a_missing_tool_is_named_with_the_way_out(target: str, setting: str, way: str) -> None:
    # The tests themselves may run below a make, whose own lines would then say its depth.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", target, setting],
        cwd=ROOT,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said, *rest = done.stderr.splitlines()
    assert way in said
    assert all(line.startswith("make: ***") for line in rest)


def test_every_target_is_listed_with_what_it_does() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in ("demo", "test", "check", "up", "down", "lint", "chaos", "bench-engine"):
        assert f"make {target} " in shown
