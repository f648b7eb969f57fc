"""The end-to-end test is the demonstration: a campaign through the public interfaces alone."""

import subprocess
import sys

import pytest

from deploy.local.machine import ROOT


@pytest.mark.timeout(420)
def test_the_city_campaign_is_played_and_everything_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--once", "--stack", "e2e"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "everything holds" in done.stdout
