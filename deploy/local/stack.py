"""Start, find and stop a stack: broker, database and, unless told otherwise, everything else.

    from deploy.local.stack import Stack

    with Stack() as stack:                        # stops at the end, or when this process is gone
        stack.addresses["public"]                 # http://127.0.0.1:8080, the one origin
        stack.addresses["mail"]                   # http://127.0.0.1:8025, the mailbox's page
        stack.mails(), stack.mails(to=…)          # every caught mail, whole, newest first
        stack.addresses["kafka"], stack.addresses["mongo"], stack.addresses["smtp"]

    stack = Stack()
    stack.start(fresh=True, progress=print)       # new, empty data; stays until stop()
    stack.command("registration", "user", "create", …)   # an operator's command, to its end
    stack.stop()

    with Stack("test", services=[]) as servers:   # broker and database only, for tests
        ...

A stack that runs already is found and used, never started a second time; `fresh=True` replaces it
by one with new data. Stacks of different names stand side by side: `.local/<name>/` holds the state
(`stack.json`), `.local/<name>/data/` the data, and `.local/log/` (stack "run") or
`.local/<name>/log/` one log file a process. Whatever stands in the way is raised as `Refusal`,
whose text is one sentence for a person. The caller needs `deploy.local` on its path, nothing else.

`deploy.compose.stack.ComposeStack` is the same for Docker Compose.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import urllib3

from deploy.local import machine, ports, state
from deploy.local.machine import ROOT
from deploy.local.plan import PREFERRED_PORTS, SERVICES, Plan, port_names
from deploy.local.processes import MARK, Identity, end, marked
from deploy.local.refusal import Refusal, of_machine
from deploy.local.state import Layout, State

Progress = Callable[[str], None]
STOP_LIMIT = 120.0
START_LIMIT = 300.0
OLD_LOG_BYTES = 20 * 1024**2


def _silent(_line: str) -> None:
    return None


class Stack:
    """A handle on the stack called `name`; making one starts nothing."""

    def __init__(self, name: str = "run", *, services: Sequence[str] = SERVICES) -> None:
        self.layout = Layout(name)
        self.services = list(services)
        self._state: State | None = None

    def __enter__(self) -> Stack:
        return self.start(follow=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def addresses(self) -> dict[str, str]:
        """What to connect to: public, mail, smtp, kafka, mongo, and each service by its name."""
        return dict(self._found().addresses)

    @property
    def mail_api(self) -> str:
        """Address of the list of all caught mails as JSON."""
        return self.addresses["mail"] + "/api/messages"

    @property
    def processes(self) -> dict[str, Identity]:
        """The running processes by name, read anew: a restart changes them."""
        found = state.running(self.layout)
        return {} if found is None else dict(found.children)

    @property
    def data(self) -> Path:
        """The directory of this run's data."""
        return Path(self._found().data)

    def _found(self) -> State:
        if self._state is None:
            self._state = state.running(self.layout)
        if self._state is None:
            raise Refusal(f"No stack called {self.layout.name} is running: start it first.")
        return self._state

    def start(
        self,
        *,
        fresh: bool = False,
        throwaway: bool = False,
        follow: bool = False,
        progress: Progress = _silent,
    ) -> Stack:
        """Start the stack or find the running one; returns when it is ready.

        `fresh`: begin with empty data, also if that means replacing a running stack.
        `throwaway`: what an earlier run left is of no use; begin empty unless it runs.
        `follow`: keep it for this process; when no process is left that asked so, it stops, even if
        they were killed. A stack started without `follow` stays until `stop`.
        """
        try:
            return self._start(fresh, throwaway, follow, progress)
        except OSError as error:
            raise of_machine(error) from None

    def _start(self, fresh: bool, throwaway: bool, follow: bool, progress: Progress) -> Stack:
        machine.check()
        with self._lock():
            found = state.running(self.layout)
            if found is not None and (fresh or found.phase == "stopping"):
                progress("stopping the running stack")
                self._stop()
                found = None
            if follow:
                self._register()
            if found is not None:
                if not follow:
                    self.layout.keep.touch()
                absent = set(self.services) - set(found.services)
                if absent:
                    raise Refusal(
                        f"The running stack {self.layout.name} lacks {', '.join(sorted(absent))}: "
                        "stop it (`python -m deploy.local down`) and start again."
                    )
                progress(f"found the running stack (process {found.supervisor.pid})")
            else:
                self._launch(fresh=fresh or throwaway, follow=follow, progress=progress)
        self._state = self._wait(progress)
        return self

    def _launch(self, *, fresh: bool, follow: bool, progress: Progress) -> None:
        """Start a supervisor and wait until it has put down its state."""
        directory = self.layout.directory
        end(marked(directory), 5)
        if follow:
            self.layout.keep.unlink(missing_ok=True)
        data = self._data_directory(fresh=fresh)
        self._prepare_logs(fresh=fresh)
        names = port_names(self.services)
        preferred = PREFERRED_PORTS if self.layout.name == "run" else {}
        chosen = ports.choose(names, preferred)
        for name in sorted(set(names) & set(preferred)):
            if (
                chosen[name] != preferred[name]
                and f"IEUM_LOCAL_PORT_{name.upper()}" not in os.environ
            ):
                progress(
                    f"port {preferred[name]} is taken{ports.holder(preferred[name])}, {name} uses "
                    f"{chosen[name]} (choose with IEUM_LOCAL_PORT_{name.upper()})"
                )
        self.layout.file.unlink(missing_ok=True)
        arguments = [self.layout.name, str(data), str(int(follow)), ",".join(self.services)]
        with (self.layout.log / "stack.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.supervisor", *arguments]
                + [f"{name}={port}" for name, port in chosen.items()],
                # A forked child shows the environment of the process it was forked from.
                env={**os.environ, MARK: str(directory)},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        limit = time.monotonic() + 30
        while state.running(self.layout) is None:
            failed = state.read(self.layout.file)
            if failed is not None and failed.failure:
                raise Refusal(failed.failure)
            if process.poll() is not None or time.monotonic() > limit:
                raise Refusal(f"The stack's supervisor ended: see {self.layout.log / 'stack.log'}.")
            time.sleep(0.05)

    def _wait(self, progress: Progress) -> State:
        """Follow the start to its end."""
        found = state.read(self.layout.file)
        told = len(found.progress) if found is not None and found.phase == "ready" else 0
        limit = time.monotonic() + START_LIMIT
        while time.monotonic() < limit:
            found = state.read(self.layout.file)
            if found is None:
                raise Refusal(f"The stack {self.layout.name} was stopped while it started.")
            for line in found.progress[told:]:
                progress(line)
            told = len(found.progress)
            if found.failure and found.phase == "failed":
                raise Refusal(found.failure)
            if not found.supervisor.alive():
                raise Refusal(f"The stack's supervisor ended: see {self.layout.log / 'stack.log'}.")
            if found.phase == "ready":
                return found
            time.sleep(0.05)
        raise Refusal(f"The stack is not ready after {START_LIMIT:.0f} s: see {self.layout.log}.")

    def stop(self) -> None:
        """Stop the stack and whatever an earlier one left behind; nothing that it did not start."""
        with self._lock():
            self._stop()

    def release(self) -> None:
        """End what `start(follow=True)` asked for: stop, unless somebody else still uses it."""
        own = Identity.of(os.getpid())
        if own is not None:
            self._user(own).unlink(missing_ok=True)
        with self._lock():
            if not self.layout.keep.exists() and not state.live_users(self.layout):
                self._stop()

    def _stop(self) -> None:
        found = state.running(self.layout)
        if found is not None:
            end([found.supervisor], STOP_LIMIT)
        end(marked(self.layout.directory), 10)
        self.layout.keep.unlink(missing_ok=True)
        self._state = None

    def status(self) -> State | None:
        """Return the running stack's state, None if none runs."""
        return state.running(self.layout)

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Return every caught mail whole, newest first; `to` narrows to a recipient."""
        fields = {"to": to} if to else None
        found = urllib3.request("GET", self.mail_api, fields=fields, timeout=30.0, retries=3)
        mails: list[dict[str, Any]] = found.json()
        return mails

    def logs_with(self, text: str) -> set[str]:
        """The names of the processes whose logs hold a text, an act's correlation id say."""
        return {
            file.stem
            for file in self.layout.log.glob("*.log")
            if text in file.read_text(encoding="utf-8", errors="replace")
        }

    def command(
        self, service: str, *arguments: str, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run an operator's command, `python -m services.<service> <arguments>`, to its end.

        A file that it is to read can be given as `stdin` and named `/dev/stdin`.
        """
        found = self._found()
        plan = Plan(self.layout, Path(found.data), found.ports, found.services)
        return subprocess.run(
            [sys.executable, "-m", f"services.{service}", *arguments],
            env={**os.environ, **plan.settings(service)},
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def _user(self, process: Identity) -> Path:
        return self.layout.users / f"{process.pid}-{process.started}"

    def _register(self) -> None:
        own = Identity.of(os.getpid())
        if own is not None:
            self.layout.users.mkdir(exist_ok=True)
            self._user(own).touch()

    def _data_directory(self, *, fresh: bool) -> Path:
        """Return the newest data directory, or a new one from which all older ones are removed."""
        base = self.layout.directory / "data"
        base.mkdir(parents=True, exist_ok=True)
        existing = sorted(path for path in base.iterdir() if path.is_dir())
        if existing and not fresh:
            return existing[-1]
        for old in existing:
            shutil.rmtree(old, ignore_errors=True)
        new = base / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        new.mkdir()
        return new

    def _prepare_logs(self, *, fresh: bool) -> None:
        self.layout.log.mkdir(parents=True, exist_ok=True)
        for file in self.layout.log.glob("*.log"):
            if fresh or file.stat().st_size > OLD_LOG_BYTES:
                file.unlink()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one process at a time start or stop this stack."""
        self.layout.directory.mkdir(parents=True, exist_ok=True)
        with (self.layout.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
