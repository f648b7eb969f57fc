"""The process that owns a stack: starts everything in order, restarts what dies, stops in order.

Started detached by `stack.Stack`; talks to it through `stack.json` and signals only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import urllib3

from deploy.local import broker, database, forking, jars, state
from deploy.local.children import Child
from deploy.local.plan import Plan, addresses
from deploy.local.processes import Identity, end, marked
from deploy.local.refusal import Refusal, of_machine
from deploy.local.state import Layout, State

START_LIMIT = 180.0
GRACE_SERVICES, GRACE_SERVERS = 30.0, 20.0
USERS_GONE_LIMIT = 15.0


class Stopped(Exception):
    """Somebody asked the stack to stop while it was still starting."""


class Supervisor:
    """Runs one plan until it is told to stop."""

    def __init__(self, plan: Plan, *, follow: bool) -> None:
        self.plan = plan
        self.follow = follow
        self.layout = plan.layout
        self.children: list[Child] = []
        self.stop = threading.Event()
        own = Identity.of(os.getpid())
        if own is None:
            raise RuntimeError("this process is not in /proc")
        self.state = State(
            phase="starting",
            supervisor=own,
            data=str(plan.data),
            services=plan.services,
            addresses=addresses(plan.ports),
            ports=plan.ports,
        )

    def run(self) -> int:
        """Start, watch, stop; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self.stop.set())
        self._write()
        code = 0
        try:
            self._start()
            self.state.phase = "ready"
            self._say("ready")
            self._watch()
        except Stopped:
            self._say("asked to stop while starting")
        except Refusal as refusal:
            self.state.failure = str(refusal)
            code = 2
        except OSError as error:
            self.state.failure = str(of_machine(error))
            code = 2
        self.state.phase = "stopping"
        self._write()
        self._stop()
        if code:
            self.state.phase = "failed"
            self._write()
        else:
            self.layout.file.unlink(missing_ok=True)
        return code

    def _start(self) -> None:
        plan = self.plan
        for service in plan.services:
            shutil.rmtree(plan.metrics(service), ignore_errors=True)
            plan.metrics(service).mkdir(parents=True)
        class_path = jars.class_path(self._say)
        mongo, kafka = plan.database(), plan.broker(class_path)
        self._run(mongo)
        self._run(kafka)
        if plan.services:
            self._run(plan.mail())
            self._run(plan.proxy())
            self._once([plan.make_secrets()])
            forking.prepare()
        self._until("the database", mongo, lambda: database.writable(plan.ports["mongo"]))
        self._once([plan.role(service, "migrate") for service in plan.services])
        # HTTP never needs the broker, so it comes up while that is still on its way.
        webs = [plan.web(service) for service in plan.services]
        for web in webs:
            self._run(web)
        self._until("the broker", kafka, lambda: broker.answers(plan.ports["kafka"]))
        if not plan.services:
            return
        self._once([plan.role(plan.services[0], "topics")])
        workers = [plan.role(service, "worker") for service in plan.services]
        for worker in workers:
            self._run(worker)
        for service, web in zip(plan.services, webs, strict=True):
            self._until(service, web, partial(_healthy, plan.health(service)))
        proxy, mail = self._named("proxy"), self._named("mail")
        self._until("the proxy", proxy, lambda: 0 < _status(self._address("public")) < 500)
        self._until("the mailbox", mail, lambda: _status(self._address("mail")) == 200)

    def _address(self, name: str) -> str:
        return self.state.addresses[name] + "/"

    def _named(self, name: str) -> Child:
        return next(child for child in self.children if child.name == name)

    def _run(self, child: Child) -> None:
        """Start a child that is to stay."""
        if self.stop.is_set():
            raise Stopped
        child.start()
        self.children.append(child)
        self._say(f"starting {child.name}")

    def _once(self, jobs: list[Child]) -> None:
        """Run jobs side by side to their end; each must succeed."""
        if not jobs:
            return
        for job in jobs:
            job.start()
        limit = time.monotonic() + START_LIMIT
        for job in jobs:
            process = job.process
            if process is None:
                continue
            while process.poll() is None:
                if self.stop.is_set() or time.monotonic() > limit:
                    job.end(1)
                    if self.stop.is_set():
                        raise Stopped
                self.stop.wait(0.03)
            if process.returncode != 0:
                raise Refusal(
                    f"{job.name} ended with code {process.returncode} "
                    f"({job.last_words()}): see {job.log}."
                )
            self._say(f"done: {job.name}")

    def _until(self, what: str, child: Child, ready: Callable[[], bool]) -> None:
        """Wait for something to be ready; a child that keeps dying will not become it."""
        limit = time.monotonic() + START_LIMIT
        while not ready():
            if self.stop.is_set():
                raise Stopped
            for one in self.children:
                one.watch()
            if child.starts > 4 or time.monotonic() > limit:
                raise Refusal(
                    f"{what[0].upper()}{what[1:]} did not become ready "
                    f"({child.last_words()}): see {child.log}."
                )
            self.stop.wait(0.05)
        self._say(f"{what} is ready")

    def _watch(self) -> None:
        """Restart what dies until told to stop, or until nobody is left who wants the stack."""
        wanted = time.monotonic()
        while not self.stop.wait(0.1):
            changed = [child.watch() for child in self.children]
            if any(changed):
                self._write()
            now = time.monotonic()
            if not self.follow or self.layout.keep.exists() or state.live_users(self.layout):
                wanted = now
            elif now - wanted > USERS_GONE_LIMIT:
                return

    def _stop(self) -> None:
        """Stop from the outside inwards, so that nothing loses what it stands on while it ends."""
        groups: list[tuple[Callable[[str], bool], float]] = [
            (lambda name: name == "proxy", 5.0),
            (lambda name: name.endswith("-web"), GRACE_SERVICES),
            (lambda name: name.endswith("-worker"), GRACE_SERVICES),
            (lambda name: name == "mail", 5.0),
            (lambda name: name == "kafka", GRACE_SERVERS),
            (lambda name: name == "mongo", GRACE_SERVERS),
        ]
        for belongs, grace in groups:
            group = [child for child in self.children if belongs(child.name)]
            if group:
                with ThreadPoolExecutor(len(group)) as pool:
                    list(pool.map(lambda child, grace=grace: child.end(grace), group))
        end(marked(self.layout.directory), 2)

    def _say(self, line: str) -> None:
        self.state.progress.append(line)
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
        sys.stderr.flush()
        self._write()

    def _write(self) -> None:
        self.state.children = {
            child.name: child.identity for child in self.children if child.identity is not None
        }
        self.state.write(self.layout.file)


def _healthy(address: str) -> bool:
    """Tell whether a service says that it can work."""
    return _status(address) == 200


def _status(address: str) -> int:
    """Return the status with which a GET is answered, 0 if it is not."""
    try:
        return urllib3.request("GET", address, timeout=2.0, retries=False).status
    except urllib3.exceptions.HTTPError:
        return 0


def main(arguments: list[str]) -> int:
    """Run a supervisor: NAME, DATA, FOLLOW (0 or 1), SERVICES with commas, and NAME=PORT pairs."""
    name, data, follow, services, *pairs = arguments
    layout = Layout(name)
    lock = (layout.directory / "supervisor.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 3
    ports = {key: int(port) for key, _, port in (pair.partition("=") for pair in pairs)}
    chosen = services.split(",") if services else []
    with lock:
        return Supervisor(Plan(layout, Path(data), ports, chosen), follow=follow == "1").run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
