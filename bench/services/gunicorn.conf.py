"""The deployed configuration of gunicorn, and a word from each worker that it can answer."""

import os
import runpy
from pathlib import Path
from typing import Any

_deployed = runpy.run_path("deploy/gunicorn.conf.py")
globals().update({name: value for name, value in _deployed.items() if not name.startswith("_")})


def post_worker_init(worker: Any) -> None:
    """As deployed; then the benchmark may begin."""
    _deployed["post_worker_init"](worker)
    Path(os.environ["BENCH_READY"], str(os.getpid())).touch()
