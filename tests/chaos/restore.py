"""A database back at what it was two minutes ago, while the log went on (F15).

As the runbook says: web and worker stop, the backup is put back, `recover` runs, and they start
again. Their supervisor is asleep meanwhile, so that nobody starts them too early.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pymongo
import urllib3
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from deploy.local.processes import wait_gone
from deploy.local.stack import Stack
from tests.chaos.faults import Must
from tests.chaos.invariants import Client
from tests.chaos.load import Told
from tests.chaos.pause import Pause
from tests.chaos.twins import Twin
from tests.support.house import eventually

AGE_SECONDS = 120.0
"""How old the backup is when it is put back."""
SILENCE_SECONDS = 60.0
OTHERS_SECONDS = 9.0
"""Until faults that have begun are over."""
LONG_SECONDS = 120
SLICE = 2000
RAW: Any = CodecOptions(document_class=RawBSONDocument)


@dataclass
class Restore:
    """Backup and restore of one service's database under load."""

    stack: Stack
    client: Client
    service: str
    told: Told
    pause: Pause
    twins: Sequence[Twin]
    calm: Callable[[bool], None]
    """Whether other faults are to wait."""
    alone: threading.Lock
    """Held by whoever cannot bear another fault of its kind beside it."""
    lost: list[str]
    """Grows by the ids of what was created after the backup, as `recover` names them."""
    saw: Counter[str] = field(default_factory=Counter)
    _backup: dict[str, list[RawBSONDocument]] | None = None

    def musts(self, due: float) -> list[Must]:
        """The backup, and two minutes later the way back to it."""
        return [
            Must(due, f"F15 backup of {self.service}", self.back_up, late=False),
            Must(due + AGE_SECONDS, f"F15 restore of {self.service}", self.restore, late=False),
        ]

    def back_up(self) -> None:
        """Every document of the database as of one moment."""
        self.told.mark("backup", self.service)
        database = self._database()
        with (
            pymongo.timeout(LONG_SECONDS),
            self.client.start_session(snapshot=True) as session,
        ):
            self._backup = {
                name: list(database[name].find({}, session=session))
                for name in database.list_collection_names()
            }

    def restore(self) -> None:
        """Put the backup back, recover, and let everybody go on."""
        if self._backup is None:
            raise LookupError("there is no backup yet")
        with self.alone:
            self.calm(True)
            try:
                threading.Event().wait(OTHERS_SECONDS)
                with self.pause.silence(SILENCE_SECONDS):
                    self._go_back(self._backup)
                    eventually(self._ready, 90, f"{self.service} to be ready after its restore")
            finally:
                self.calm(False)

    def _go_back(self, backup: dict[str, list[RawBSONDocument]]) -> None:
        eventually(self._servers_answer, 60, "database and broker")
        found = self.stack.status()
        assert found is not None
        self.told.mark("restored", self.service)
        found.supervisor.send(signal.SIGSTOP)
        try:
            for twin in self.twins:
                twin.rest()
            own = [
                one
                for name, one in self.stack.processes.items()
                if name in (f"{self.service}-web", f"{self.service}-worker")
            ]
            for one in own:
                with suppress(ProcessLookupError):
                    os.killpg(one.pid, signal.SIGKILL)
            wait_gone(own, 10)
            self._write(backup)
            self._recover()
        finally:
            found.supervisor.send(signal.SIGCONT)
            for twin in self.twins:
                twin.go_on()

    def _write(self, backup: dict[str, list[RawBSONDocument]]) -> None:
        database = self._database()
        with pymongo.timeout(LONG_SECONDS):
            for name in database.list_collection_names():
                database[name].delete_many({})
                rows = backup.get(name, [])
                for start in range(0, len(rows), SLICE):
                    database[name].insert_many(rows[start : start + SLICE])

    def _database(self) -> Any:
        """With its documents as bytes, which are only carried from here to there."""
        return self.client.get_database(self.service, codec_options=RAW)

    def _recover(self) -> None:
        done = self.stack.command(self.service, "recover", "--json")
        if done.returncode:
            raise RuntimeError(f"recover: {done.stderr[-300:]}")
        said: dict[str, Any] = json.loads(done.stdout)
        self.lost += said["lost"]
        self.saw["restored"] += 1
        self.saw["unknown to a restored database"] += said["unknown"]
        self.saw["lost with what was not in the backup"] += len(said["lost"])

    def _servers_answer(self) -> bool:
        processes = self.stack.processes
        if not {"mongo", "kafka"} <= set(processes):
            return False
        with suppress(pymongo.errors.PyMongoError):
            self.client.admin.command("ping")
            return True
        return False

    def _ready(self) -> bool:
        address = self.stack.addresses[self.service]
        prefix = "" if self.service == "registration" else f"/{self.service}"
        with suppress(urllib3.exceptions.HTTPError):
            path = f"{address}{prefix}/health/ready"
            return urllib3.request("GET", path, timeout=2.0, retries=False).status == 200
        return False
