"""What a command answers stands alone on its standard output; what it logs goes to the other."""

import json
import os
import subprocess
import sys

from chassis.context import Context
from deploy.local.machine import ROOT


def test_a_program_can_read_the_answer_of_a_command_that_also_logs(context: Context) -> None:
    settings = context.settings
    own = {
        f"IEUM_{name.upper()}": str(getattr(settings, name))
        for name in ("mongo_uri", "database", "kafka_bootstrap", "secrets", "public_address")
    }
    done = subprocess.run(
        [sys.executable, "-m", f"services.{settings.service}", "recover", "--json"],
        cwd=ROOT,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"read", "unknown", "moved", "lost", "undone"} == set(json.loads(done.stdout))
    assert json.loads(done.stderr.splitlines()[-1])["event"] == "recovered"
