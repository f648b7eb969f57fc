"""Clients that act over HTTP while everything breaks, and note what was acknowledged.

Each is one person with one sign-in: a clerk publishes programmes, a school drafts and amends its
surveys, a host offers, withdraws, accepts and declines. What was begun is asked with the same key
until it is answered, so that its outcome is known.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from demo.client import Json
from demo.world import PASSWORD, World
from tests.chaos import story
from tests.chaos.pause import Pause

THINK_SECONDS = 0.5
SAME_KEY = 0.05
OTHER_BODY = 0.01
SIGN_IN_AGAIN = 0.01
PATIENCE_SECONDS = 90.0
DONE = (200, 201)


@dataclass
class Told:
    """The answers that clients got, each in its file before the next request."""

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    failures: list[tuple[float, int, str]] = field(default_factory=list)
    """When, status and route of each answer of 500 and more."""

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def note(self, topic: str, answer: Json) -> None:
        """Append one acknowledgement."""
        row = {"topic": topic, "id": answer["id"], "sequence": answer["sequence"]}
        os.write(self._file, json.dumps(row).encode() + b"\n")
        self.counts["acknowledged"] += 1

    def mark(self, what: str, service: str) -> None:
        """Append that a service's database was copied (`backup`) or put back (`restored`)."""
        os.write(self._file, json.dumps({what: service}).encode() + b"\n")

    def last(self) -> dict[tuple[str, str], int]:
        """By topic and aggregate: the highest sequence that a client was told.

        What a service told between its backup and its restore is the stated loss, and left out.
        """
        rows = [json.loads(line) for line in self.path.read_text().splitlines()]
        found: dict[tuple[str, str], int] = {}
        since: dict[str, dict[tuple[str, str], int]] = {}
        for row in rows:
            if "backup" in row:
                since[row["backup"]] = dict(found)
            elif "restored" in row:
                own = f"{row['restored']}."
                kept = since[row["restored"]]
                others = {place: n for place, n in found.items() if not place[0].startswith(own)}
                found = others | {place: n for place, n in kept.items() if place[0].startswith(own)}
            else:
                place = row["topic"], row["id"]
                found[place] = max(found.get(place, 0), row["sequence"])
        return found


class Unanswered(Exception):
    """The stop came, and the command still has no answer after a minute and a half."""


class Client(threading.Thread):
    """One person; `work` yields after each round of what it does, until told to stop."""

    def __init__(
        self,
        origin: str,
        login: str,
        told: Told,
        seed: str,
        work: Callable[[Client], Iterator[None]],
        pause: Pause | None = None,
    ) -> None:
        super().__init__(daemon=True, name=login)
        self._origin = origin
        self._sign_in = {"login": login, "password": PASSWORD}
        self._told = told
        self._work = work
        self._pause = pause or Pause()
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=8), retries=False)
        self._token = ""
        self.chance = random.Random(seed)
        self.stop = threading.Event()

    def run(self) -> None:
        """Work until stopped; after a pause begin anew, as nothing known before has to hold."""
        self._pause.begin()
        try:
            while not self.stop.is_set():
                for _ in self._work(self):
                    # Without a thought between two acts the clients take the processors, and the
                    # run measures how far consumers on the same machine fall behind, no fault.
                    self.stop.wait(THINK_SECONDS)
                    if self._pause.pass_by() or self.stop.is_set():
                        break
        except Unanswered as error:
            self._told.wrong.append(f"I9: {error}")
        finally:
            self._pause.end()

    def do(
        self,
        topic: str,
        method: str,
        path: str,
        body: Json | None = None,
        version: int | None = None,
        refusals: tuple[int, ...] = (),
    ) -> Json | None:
        """One command, sent with one key until it is answered. None if it was refused."""
        key = uuid.UUID(int=self.chance.getrandbits(128)).hex
        status, answer = self._until_answered(method, path, body or {}, key, version)
        if status not in DONE:
            self._told.counts[f"refused {status}"] += 1
            if status not in refusals:
                self._told.wrong.append(f"I8: {method} {path}: {status} {answer.get('code')}")
            return None
        self._told.note(topic, answer)
        self._told.counts[topic] += 1
        if self.chance.random() < SAME_KEY:
            self._told.counts["same key"] += 1
            again = self._until_answered(method, path, body or {}, key, version)
            if again != (status, answer):
                self._told.wrong.append(f"I8: {path} with one key: {answer} and {again}")
        if self.chance.random() < OTHER_BODY:
            self._told.counts["other body"] += 1
            other = {**(body or {}), "rounds": 50, "reason": "another"}
            if self._asked(method, path, other, key, version)[0] in DONE:
                self._told.wrong.append(f"I8: {path}: a key was taken for another body")
        if self.chance.random() < SIGN_IN_AGAIN:
            self._token = ""
        return answer

    def published_apart(self) -> list[str]:
        """Ids of the own offers that are published outside any campaign."""
        path = "/placement/api/v1/offers?status=published&limit=100"
        _, found = self._until_answered("GET", path, {}, uuid.uuid4().hex, None)
        return [row["id"] for row in found["items"] if row["campaign"] is None]

    def _until_answered(
        self, method: str, path: str, body: Json, key: str, version: int | None
    ) -> tuple[int, Json]:
        end: float | None = None
        while True:
            status, found = self._asked(method, path, body, key, version)
            if status in DONE or (400 <= status < 500 and status not in (401, 429)):
                return status, found
            self._told.counts[f"answered {status}" if status else "not answered"] += 1
            if status == 401:
                self._token = ""
            if self.stop.is_set():
                end = end or time.monotonic() + PATIENCE_SECONDS
                if time.monotonic() > end:
                    raise Unanswered(f"{method} {path} has no answer; the last was {status}")
            threading.Event().wait(0.2)

    def _asked(
        self, method: str, path: str, body: Json, key: str, version: int | None
    ) -> tuple[int, Json]:
        """(Status, body); status 0 if there was no answer."""
        try:
            if not self._token:
                signed = self._pool.request("POST", f"{self._origin}/session", json=self._sign_in)
                self._seen(signed.status, "POST /session")
                if signed.status not in DONE:
                    return signed.status if signed.status >= 500 else 429, {}
                self._token = signed.json()["token"]
                self._told.counts["sign-in"] += 1
            headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
            if version is not None:
                headers["If-Match"] = f'"{version}"'
            answer = self._pool.request(method, self._origin + path, json=body, headers=headers)
            self._seen(answer.status, f"{method} {path}")
            return answer.status, answer.json()
        except (urllib3.exceptions.HTTPError, ValueError):
            return 0, {}

    def _seen(self, status: int, what: str) -> None:
        if status >= 500:
            self._told.failures.append((time.monotonic(), status, what))


def publishes_programmes(client: Client) -> Iterator[None]:
    """A clerk: a programme, and two amendments of it."""
    while True:
        body = {"name": "chaos", "brand": "gogong", "level": "middle", "rounds": 1}
        made = client.do("registration.programmes", "POST", "/api/v1/programmes", body)
        yield
        for rounds in (2, 3) if made else ():
            path = f"/api/v1/programmes/{made['id'] if made else ''}"
            client.do("registration.programmes", "PUT", path, {**body, "rounds": rounds})
            yield


def answers_surveys(campaigns: list[str], school: Json) -> Callable[[Client], Iterator[None]]:
    """A school: drafts, submits, then amends for ever, and now and then withdraws."""

    def work(client: Client) -> Iterator[None]:
        topic = "registration.surveys"
        known: dict[str, Json] = {}
        while True:
            campaign = client.chance.choice(campaigns)
            answers = story.survey_answers(school)
            answers["groups"][0]["people"] = client.chance.randint(10, 32)
            path = f"/api/v1/campaigns/{campaign}/survey"
            if campaign not in known or client.chance.random() < 0.2:
                drafted = client.do(topic, "PUT", path, answers)
                yield
                if drafted:
                    submit = f"/api/v1/surveys/{drafted['id']}/submit"
                    known[campaign] = client.do(topic, "POST", submit) or drafted
            else:
                last = known[campaign]
                amend = f"/api/v1/surveys/{last['id']}"
                known[campaign] = client.do(topic, "PUT", amend, answers, last["version"]) or last
            yield

    return work


def offers(
    body: Json, bookings: list[str], answered: Callable[[], None]
) -> Callable[[Client], Iterator[None]]:
    """A host: offers and withdraws, and answers one request after the other in between."""

    def work(client: Client) -> Iterator[None]:
        left = list(bookings)
        for id in client.published_apart():
            # A restore, or the pause before it, left it where its team is taken.
            path = f"/placement/api/v1/offers/{id}/withdraw"
            client.do("placement.offers", "POST", path, {"reason_code": "other"})
            yield
        while True:
            drafted = client.do("placement.offers", "POST", "/placement/api/v1/offers", body)
            yield
            for step in ("publish", "withdraw") if drafted else ():
                path = f"/placement/api/v1/offers/{drafted['id'] if drafted else ''}/{step}"
                reason = {"reason_code": "other"} if step == "withdraw" else {}
                client.do("placement.offers", "POST", path, reason)
                yield
            if left:
                _answer(client, left.pop())
                answered()
                yield

    return work


def _answer(client: Client, booking: str) -> None:
    path = f"/placement/api/v1/bookings/{booking}"
    refusals = (404, 409)
    if client.chance.random() < 0.3:
        body = {"reason_code": "staff_absent", "reason": story.CANARY}
        client.do("placement.bookings", "POST", f"{path}/decline", body, refusals=refusals)
    else:
        client.do("placement.bookings", "POST", f"{path}/accept", refusals=refusals)


def clients(world: World, told: Told, seed: int, pause: Pause) -> list[Client]:
    """Everybody who acts: one clerk, every school, every host."""
    asked = story.asked(world)

    def answered() -> None:
        told.counts["bookings answered"] += 1

    def person(key: str, work: Callable[[Client], Iterator[None]]) -> Client:
        return Client(world.origin, f"chaos-{key}", told, f"{seed}|{key}", work, pause)

    found = [person("centre", publishes_programmes)]
    for row in world.data["schools"]:
        found.append(person(row["key"], answers_surveys(world.notes["campaigns"], row)))
    for row in world.data["offers"]:
        work = offers(story.offer_body(world, row), asked.get(row["host"], []), answered)
        found.append(person(row["host"], work))
    return found
