"""What is known of a stack on disk: `stack.json`, written by its supervisor, read by everyone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local.machine import STORE
from deploy.local.processes import Identity


@dataclass(frozen=True)
class Layout:
    """Where a stack named `name` keeps what it has."""

    name: str
    store: Path = STORE

    @property
    def directory(self) -> Path:
        """The stack's own directory; the mark of its processes as well."""
        return self.store / self.name

    @property
    def log(self) -> Path:
        """One file a process: `.local/log` for the stack people run, else beside its data."""
        return self.store / "log" if self.name == "run" else self.directory / "log"

    @property
    def file(self) -> Path:
        """The file of `State`."""
        return self.directory / "stack.json"

    @property
    def users(self) -> Path:
        """One empty file, `pid-started`, for each process for which the stack is kept running."""
        return self.directory / "users"

    @property
    def keep(self) -> Path:
        """Present while the stack is to outlive those users."""
        return self.directory / "keep"


@dataclass
class State:
    """A stack as its supervisor sees it. `phase` is starting, ready, stopping or failed."""

    phase: str
    supervisor: Identity
    data: str
    services: list[str]
    addresses: dict[str, str]
    ports: dict[str, int]
    children: dict[str, Identity] = field(default_factory=dict)
    progress: list[str] = field(default_factory=list)
    failure: str = ""

    def write(self, file: Path) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")
        new.replace(file)


def read(file: Path) -> State | None:
    """Return the state on disk, None if there is none or it cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        found["supervisor"] = Identity(**found["supervisor"])
        found["children"] = {name: Identity(**one) for name, one in found["children"].items()}
        return State(**found)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running(layout: Layout) -> State | None:
    """Return the state of a stack whose supervisor lives; a dead one's file counts for nothing."""
    state = read(layout.file)
    return state if state is not None and state.supervisor.alive() else None


def live_users(layout: Layout) -> list[Identity]:
    """Return the running processes for which the stack is kept; forget those that are gone."""
    live = []
    for file in layout.users.glob("*-*"):
        pid, _, started = file.name.partition("-")
        identity = Identity(int(pid), int(started))
        if identity.alive():
            live.append(identity)
        else:
            file.unlink(missing_ok=True)
    return live
