"""Python processes by fork, from one that has imported the libraries of the services already.

A start needs ten processes of the services, and each would spend seconds of a small machine on the
same imports. Only libraries are imported beforehand, never the project's own modules: a process
that is started again runs the code as it stands then. What reads its settings when it is imported
(`prometheus_client`), or makes threads (`numpy`), is left to the child.
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from deploy.local.machine import ROOT

LIBRARIES = (
    "argon2",
    "click",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "flask",
    "flask_openapi3",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "joserfc.jwt",
    "kafka",
    "kafka.admin",
    "phonenumbers",
    "pydantic.json_schema",
    "pydantic_settings",
    "pymongo",
    "structlog",
    "yaml",
)


def prepare() -> None:
    """Import the libraries; what is imported stays shared with the children."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


class Forked:
    """A forked process, with what is asked of a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code if it has ended, None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for its end and return the exit code."""
        return self._wait(0)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            done, status = os.waitpid(self.pid, options)
            if done:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def run(name: str, arguments: list[str], environment: dict[str, str], log: int) -> Forked:
    """Start `python -m <arguments>` as a fork; `log` is the descriptor its output goes to."""
    pid = os.fork()
    if pid == 0:
        _become(name, arguments, environment, log)
    return Forked(pid)


def _become(name: str, arguments: list[str], environment: dict[str, str], log: int) -> NoReturn:
    """Be the child; never return to the parent's code."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _keep_only(log)
        _call_it(name)
        os.chdir(ROOT)
        os.environ.clear()
        os.environ.update(environment)
        module, *rest = arguments
        sys.argv = [module, *rest]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    except BaseException:  # noqa: BLE001 - a process of its own says what ended it, as python does
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _keep_only(log: int) -> None:
    """Give the child its own three streams, and nothing else that the parent has open.

    The parent's lock is among it, which a child must not hold. The numbers stay taken, so that no
    object of the parent, when it is collected here, closes a file of the child's.
    """
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(empty, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for entry in Path("/proc/self/fd").iterdir():
        number = int(entry.name)
        if number > 2 and number != empty:
            with suppress(OSError):
                os.dup2(empty, number)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115


def _call_it(name: str) -> None:
    """Show the child's name in lists of processes."""
    Path("/proc/self/comm").write_text(name[:15], encoding="utf-8")
