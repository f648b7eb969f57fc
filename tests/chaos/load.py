"""Clients that write over HTTP while everything breaks, and note what was acknowledged."""

from __future__ import annotations

import json
import os
import random
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

AMENDMENTS = 2
SAME_KEY = 0.05
OTHER_BODY = 0.01


@dataclass
class Acknowledged:
    """The answers that clients got, each written to its file before the next request."""

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def note(self, answer: dict[str, Any]) -> None:
        """Append one acknowledgement."""
        os.write(self._file, json.dumps(answer).encode() + b"\n")

    def last(self) -> dict[str, int]:
        """By aggregate: the highest sequence that a client was told."""
        found: dict[str, int] = {}
        for line in self.path.read_text().splitlines():
            row = json.loads(line)
            found[row["id"]] = max(found.get(row["id"], 0), row["sequence"])
        return found


class Client(threading.Thread):
    """One centre's clerk: publishes programmes and amends each, until told to stop."""

    def __init__(self, origin: str, sign_in: dict[str, str], told: Acknowledged, seed: int) -> None:
        super().__init__(daemon=True)
        self._origin = origin
        self._sign_in = sign_in
        self._told = told
        self._chance = random.Random(seed)
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=8), retries=False)
        self._token = ""
        self.stop = threading.Event()

    def run(self) -> None:
        """Write until stopped; what was begun is finished, so that its outcome is known."""
        while not self.stop.is_set():
            made = self._command("POST", "/api/v1/programmes", 1)
            for number in range(AMENDMENTS):
                self._command("PUT", f"/api/v1/programmes/{made['id']}", number + 2)

    def _command(self, method: str, path: str, rounds: int) -> dict[str, Any]:
        """One command, sent with the same key until it is answered."""
        key = uuid.UUID(int=self._chance.getrandbits(128)).hex
        answer = self._until_answered(method, path, rounds, key)
        self._told.note({"id": answer["id"], "sequence": answer["sequence"]})
        self._told.counts["acknowledged"] += 1
        if self._chance.random() < SAME_KEY:
            self._told.counts["same key"] += 1
            again = self._until_answered(method, path, rounds, key)
            if again != answer:
                self._told.wrong.append(f"I8: {path} with one key: {answer} and {again}")
        if self._chance.random() < OTHER_BODY:
            self._told.counts["other body"] += 1
            status, _ = self._asked(method, path, rounds + 50, key)
            if status == 200 or status == 201:
                self._told.wrong.append(f"I8: {path}: a key was taken for another body")
        return answer

    def _until_answered(self, method: str, path: str, rounds: int, key: str) -> dict[str, Any]:
        while True:
            status, found = self._asked(method, path, rounds, key)
            if status in (200, 201):
                return found
            self._told.counts[f"answered {status}" if status else "not answered"] += 1
            if status == 401:
                self._token = ""
            elif status in (409, 412, 422):
                self._told.wrong.append(f"I8: {method} {path}: {status} {found.get('code')}")
                raise SystemExit(1)
            threading.Event().wait(0.2)

    def _asked(self, method: str, path: str, rounds: int, key: str) -> tuple[int, dict[str, Any]]:
        """(Status, body); status 0 if there was no answer."""
        body = {"name": "chaos", "brand": "gogong", "level": "middle", "rounds": rounds}
        try:
            if not self._token:
                signed = self._pool.request("POST", f"{self._origin}/session", json=self._sign_in)
                self._token = signed.json()["token"] if signed.status == 200 else ""
            answer = self._pool.request(
                method,
                self._origin + path,
                json=body,
                headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": key},
            )
            return answer.status, answer.json()
        except (urllib3.exceptions.HTTPError, ValueError):
            return 0, {}
