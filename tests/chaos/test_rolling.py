"""A rolling upgrade: the last commit's processes and this one's side by side on one system.

The schema is expanded by the new release before any of its processes starts; the old ones go on.
Both take requests, publish and consume; then the old ones end, and nothing is missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import urllib3
from pymongo import MongoClient

from demo.client import Person
from deploy.local import ports
from deploy.local.machine import ROOT, STORE
from deploy.local.plan import SERVICES, Plan
from deploy.local.state import Layout
from tests.support.house import eventually

LOGIN, PASSWORD = "rolling-centre", "correct horse battery"
ROUNDS = 15
READY_SECONDS = 120
SETTLED_SECONDS = 60


def last_commit() -> str:
    """The commit before this one; this one where the history ends here."""
    for name in ("HEAD~1", "HEAD"):
        found = subprocess.run(
            ["git", "rev-parse", name], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.strip()
    raise AssertionError("this is no git repository")


def export(commit: str, folder: Path) -> Path:
    """The tree of a commit, with the store of what was fetched before."""
    packed = subprocess.run(
        ["git", "archive", commit], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as tree:
        tree.extractall(folder, filter="data")
    (folder / ".local").mkdir()
    for name in ("jars", "lib", "numba"):
        if (STORE / name).exists():
            (folder / ".local" / name).symlink_to(STORE / name)
    return folder


@dataclass
class Town:
    """A system of the last commit, and where its processes are told how to reach each other."""

    tree: Path
    log: Path
    state: dict[str, Any]
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def settings(self, service: str) -> dict[str, str]:
        """The environment of a role of a service of this system."""
        layout = Layout("rolling", self.tree / ".local")
        plan = Plan(layout, Path(self.state["data"]), self.state["ports"], self.state["services"])
        return {**os.environ, **plan.settings(service)}

    def command(self, tree: Path, service: str, *arguments: str, stdin: str = "") -> str:
        """An operator's command of one of the two releases, to its good end."""
        done = subprocess.run(
            [sys.executable, "-m", f"services.{service}", *arguments],
            cwd=tree,
            env=self.settings(service),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout[-800:]}{done.stderr[-800:]}"
        return done.stdout

    def start_new(self, stack: ExitStack) -> dict[str, str]:
        """Worker and web of this commit beside the old ones; the addresses of the webs."""
        chosen = ports.choose(list(SERVICES), {})
        for service in SERVICES:
            own = {"IEUM_REPLICA": "new", "IEUM_PORT": str(chosen[service])}
            for role in ("worker", "web"):
                out = stack.enter_context((self.log / f"{service}-{role}.log").open("wb"))
                process = subprocess.Popen(
                    [sys.executable, "-m", f"services.{service}", role],
                    cwd=ROOT,
                    env={**self.settings(service), **own},
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
                stack.callback(_end, process)
        addresses = {one: f"http://127.0.0.1:{port}" for one, port in chosen.items()}
        eventually(lambda: _ready(f"{addresses['registration']}/health/ready"), READY_SECONDS)
        return addresses

    def end_old(self) -> None:
        """Web and worker of the last commit end; their supervisor is not to start them again."""
        os.kill(self.state["supervisor"]["pid"], 19)
        for name, process in self.state["children"].items():
            if name.endswith(("-web", "-worker")):
                os.killpg(process["pid"], 15)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ready(address: str) -> bool:
    try:
        return urllib3.request("GET", address, timeout=2.0, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


@contextmanager
def running(tree: Path) -> Iterator[dict[str, Any]]:
    """The system of a tree, by its own means."""

    def local(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploy.local", *arguments, "--name", "rolling"]
        return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)

    started = local("up", "--fresh")
    try:
        assert started.returncode == 0, started.stdout[-800:] + started.stderr[-800:]
        yield json.loads((tree / ".local/rolling/stack.json").read_text())
    finally:
        found = json.loads((tree / ".local/rolling/stack.json").read_text())
        os.kill(found["supervisor"]["pid"], 18)
        local("down")


def programmes(person: Person, names: list[str]) -> dict[str, int]:
    """Programmes made and amended by one person at one web; the sequence of each."""
    told = {}
    for name in names:
        body = {"name": name, "brand": "gogong", "level": "middle", "rounds": 1}
        made = person.post("/api/v1/programmes", body)
        again = person.put(f"/api/v1/programmes/{made['id']}", {**body, "rounds": 2})
        told[made["id"]] = again["sequence"]
    return told


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_releases_side_by_side_lose_and_double_nothing(tmp_path: Path) -> None:
    old = export(last_commit(), tmp_path / "old")
    with running(old) as state, ExitStack() as stack:
        town = Town(old, tmp_path, state)
        town.command(
            old,
            "registration",
            *("user", "create", "--login", LOGIN, "--password-file", "/dev/stdin"),
            *("--organisation-name", "Rolling", "--phone", "031-900-0000"),
            *("--email", "rolling@example.kr"),
            stdin=PASSWORD + "\n",
        )
        before = Person(state["addresses"]["registration"], LOGIN, PASSWORD).sign_in()
        told = programmes(before, [f"old {number}" for number in range(ROUNDS)])
        for service in SERVICES:
            town.command(ROOT, service, "migrate")
        addresses = town.start_new(stack)
        after = Person(addresses["registration"], LOGIN, PASSWORD).sign_in()
        for number in range(ROUNDS):
            told |= programmes(before, [f"both, old {number}"])
            told |= programmes(after, [f"both, new {number}"])
        body = {"name": "one key", "brand": "gogong", "level": "middle", "rounds": 1}
        first = before.post("/api/v1/programmes", body, key="one-key-at-both")
        assert after.post("/api/v1/programmes", body, key="one-key-at-both") == first
        town.end_old()
        told |= programmes(after, [f"new {number}" for number in range(ROUNDS)])
        client: MongoClient[dict[str, Any]] = stack.enter_context(
            MongoClient(state["addresses"]["mongo"], timeoutMS=10_000)
        )

        def reached() -> bool:
            wanted = {"group": "placement-project", "topic": "registration.programmes"}
            rows = client["placement"]["guards"].find(wanted)
            found = {row["key"]: row["sequence"] for row in rows}
            return {id: found.get(id) for id in told} == told

        eventually(reached, SETTLED_SECONDS, "every event to have its effect in placement")
        for service in SERVICES:
            town.command(ROOT, service, "verify")
            assert client[service]["parked"].count_documents({}) == 0
            assert client[service]["dead_letters"].count_documents({}) == 0
