"""A person at the public interface: signs in, asks, and does things with one effect each."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import urllib3

R = TypeVar("R")
Json = dict[str, Any]
POOL = urllib3.PoolManager(maxsize=32, timeout=urllib3.Timeout(connect=3, read=30), retries=False)
RENEW_SECONDS = 480
BUSY_TRIES = 20
REQUESTS: list[float] = []
"""How long each request took, in seconds."""


class Answered(Exception):
    """The service answered with a problem: its status and what it says."""

    def __init__(self, status: int, problem: Json, what: str) -> None:
        errors = "; ".join(
            f"{one['pointer']}: {one['detail']}" for one in problem.get("errors", [])
        )
        super().__init__(f"{what}: {status} {problem.get('code')}: {problem.get('title')} {errors}")
        self.status = status
        self.problem = problem


class NeverHappened(Exception):
    """What the story waits for did not come about in time."""


@dataclass
class Person:
    """Somebody with (or without) an account."""

    origin: str
    login: str = ""
    password: str = field(default="", repr=False)
    organisation: str = ""
    token: str = field(default="", repr=False)
    signed_in_at: float = 0.0

    def sign_in(self) -> "Person":
        """Sign in and keep the token."""
        found = self._send("POST", "/session", {"login": self.login, "password": self.password})
        self.token = found["token"]
        self.organisation = found["organisation"]
        self.signed_in_at = time.monotonic()
        return self

    def get(self, path: str, **query: Any) -> Json:
        """Read."""
        self._renew()
        return self._send("GET", path, None, query=query)

    def all(self, path: str, **query: Any) -> list[Json]:
        """Read every page of a list."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            page = self.get(path, **query, limit=100, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("next")
            if not cursor:
                return items

    def post(
        self,
        path: str,
        body: Json | None = None,
        key: str | None = None,
        correlation: str | None = None,
    ) -> Json:
        """Do something, with one effect however often it is sent under one key.

        `correlation` names the act in the logs of all services.
        """
        return self._do("POST", path, body, key, correlation=correlation)

    def put(
        self, path: str, body: Json, key: str | None = None, version: int | None = None
    ) -> Json:
        """Replace something."""
        return self._do("PUT", path, body, key, version)

    def patch(self, path: str, body: Json) -> Json:
        """Change something."""
        return self._do("PATCH", path, body, None)

    def _do(
        self,
        method: str,
        path: str,
        body: Json | None,
        key: str | None,
        version: int | None = None,
        correlation: str | None = None,
    ) -> Json:
        self._renew()
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if correlation is not None:
            headers["X-Correlation-Id"] = correlation
        return self._send(method, path, body or {}, headers=headers)

    def _renew(self) -> None:
        if self.token and time.monotonic() - self.signed_in_at > RENEW_SECONDS:
            self.sign_in()

    def _send(
        self,
        method: str,
        path: str,
        body: Json | None,
        headers: dict[str, str] | None = None,
        query: Json | None = None,
    ) -> Json:
        sent = {"Accept-Language": "ko", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        for _ in range(BUSY_TRIES):
            started = time.perf_counter()
            answer = POOL.request(
                method,
                self.origin + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=sent,
                fields=query or None if body is None else None,
            )
            REQUESTS.append(time.perf_counter() - started)
            if answer.status != 503 or "Idempotency-Key" not in sent:
                break
            # Nothing was changed, says the answer; the same key makes asking again safe.
            time.sleep(1)
        found: Json = {}
        if "json" in answer.headers.get("Content-Type", ""):
            found = json.loads(answer.data)
        if answer.status >= 400:
            raise Answered(answer.status, found, f"{method} {path}")
        return found


def refused(act: Callable[[], Any], status: int) -> Json:
    """The problem with which an act is refused. It is a mistake of the story if it is not."""
    try:
        act()
    except Answered as answered:
        if answered.status != status:
            raise
        return answered.problem
    raise NeverHappened(f"an act was to be refused with {status}, and it was not")


def wait_for(ask: Callable[[], R | None], what: str, seconds: float = 60.0) -> R:
    """Ask until the answer is true. What one service does reaches another by events."""
    end = time.monotonic() + seconds
    found: R | None = None
    while time.monotonic() < end:
        try:
            found = ask()
            if found:
                return found
        except Answered as answered:
            # Not there yet, or the key that signs tokens has not arrived yet.
            if answered.status not in (401, 404, 409, 503):
                raise
        time.sleep(0.1)
    raise NeverHappened(f"waited {seconds:.0f} s for {what}; last answer: {str(found)[:400]}")
