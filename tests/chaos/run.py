"""One run: start, play the story, break things under load, wait, look."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chassis.contracts import SERVICES
from deploy.local.database import FAULTS
from deploy.local.plan import SENDER
from tests.chaos import invariants, load, mending, network, recovery, story
from tests.chaos.disks import SmallDisks
from tests.chaos.faults import Faults, Injected, Must
from tests.chaos.heavy import Heavy
from tests.chaos.injections import Injections
from tests.chaos.log import read
from tests.chaos.pause import Pause
from tests.chaos.report import Report
from tests.chaos.restore import Restore

DRAIN_SECONDS = 60.0
"""The plan's limit after a killed broker, which every run has; a quiet one takes five."""
DUPLICATES_PER_SECOND = 500 / 900
SOMETIMES = (
    "lease takeover",
    "zombie publish",
    "failed commit",
    "unknown commit outcome",
    "parked and drained",
    "parked and replayed",
)
LONG_SOMETIMES = ("restored",)
ROUND_SECONDS = 60.0
RESTORE_FROM_SECONDS = 600.0
"""A restore goes back two minutes, and there are two of them."""
RESTORED = ("registration", "placement")
OTHERS_SECONDS = 15.0
"""How long a fault of another kind can be the reason of a 5xx."""
LAST_FAULT_SECONDS = 400.0
"""A rolling restart, or a restore that waits for everyone, may have begun just before the end."""
REASONS = (" web", "mongo", "rolling", "restore")
"""What a kind of fault is called that can make a request fail."""


def chaos(seed: int, seconds: float, say: Callable[[str], None], results: Path | None) -> Report:
    """A whole run on a fresh stack. Raises Refusal if it does not start."""
    say(f"seed {seed}: make chaos SEED={seed} plays the same plan")
    network.sweep()
    stack = SmallDisks("chaos")
    try:
        with _told_to_allow_faults():
            stack.start(fresh=True, follow=True, progress=lambda line: None)
        say("the stack runs")
        world = story.begun(stack)
        say("the story is played up to the hosts' answers")
        return _run(stack, world, seed, seconds, say, results)
    finally:
        stack.release()


@contextmanager
def _told_to_allow_faults() -> Iterator[None]:
    """What the stack's database is started with; not left to others of this process."""
    os.environ[FAULTS] = "1"
    try:
        yield
    finally:
        del os.environ[FAULTS]


def _run(
    stack: SmallDisks,
    world: Any,
    seed: int,
    seconds: float,
    say: Callable[[str], None],
    results: Path | None,
) -> Report:
    told = load.Told(Path(tempfile.mkdtemp(prefix="ieum-chaos-")) / "acknowledged.jsonl")
    client: invariants.Client = MongoClient(
        stack.addresses["mongo"], timeoutMS=5000, tz_aware=True, w="majority"
    )
    injections = Injections(stack, client, seed)
    pause, alone, lost = Pause(), threading.Lock(), list[str]()
    monitor = recovery.Monitor(client, injections.poisoned, injections.early, lost)
    heavy = Heavy(stack, random.Random(f"{seed}|heavy"), alone, injections.saw)
    faults = Faults(stack, seed, [*musts(injections, seconds), *heavy.musts(seconds)])
    for number, service in enumerate(RESTORED if seconds >= RESTORE_FROM_SECONDS else ()):
        twins = [one for one in injections.twins if one.service == service]
        back = Restore(stack, client, service, told, pause, twins, faults.keep_calm, alone, lost)
        back.saw = injections.saw
        faults.add(back.musts(seconds * (0.2 + 0.35 * number)))
    injections.start_twins()
    people = load.clients(world, told, seed, pause)
    for thread in (monitor, *people, faults):
        thread.start()
    threading.Event().wait(seconds)
    faults.stop.set()
    faults.join(LAST_FAULT_SECONDS)
    say("the last fault is over")
    for person in people:
        person.stop.set()
    for person in people:
        person.join(120)
    broken = list(told.wrong)
    if any(person.is_alive() for person in people):
        broken.append("I9: a client has no answer two minutes after the last fault")
    broken += mending.mend(injections)
    say("what was poison is discarded")
    took = _drained(client, lost)
    say("effects are committed events" if took is not None else "effects are not yet all there")
    injections.stop_twins()
    mending.bury(injections)
    monitor.stop.set()
    if took is None:
        late = "; ".join(islice(invariants.unsettled(client, lost), 6))
        broken.append(f"I9: effects are not committed events in {DRAIN_SECONDS:.0f} s: {late}")
    broken += refused_without_reason(told.failures, faults.done)
    log = read(stack.addresses["kafka"], sorted(invariants.logs()), story.CANARY)
    files = sorted(stack.layout.log.glob("*.log"))
    domain = SENDER.partition("@")[2]
    found = invariants.look(
        client, log, told.last(), stack.mails(), files, story.CANARY, domain, lost
    )
    found.checked.update(I8=told.counts["same key"] + told.counts["other body"])
    found.checked.update(I9=sum(faults.counts.values()))
    saw = {**dict.fromkeys(SOMETIMES, 0), **injections.saw}
    saw["duplicates"] = found.counted["duplicates"]
    wanted = int(DUPLICATES_PER_SECOND * seconds)
    missing = [name for name in sometimes(seconds) if not saw.get(name)]
    missing += [f"{wanted} duplicates"] if saw["duplicates"] < wanted else []
    report = Report(
        seed=seed,
        seconds=seconds,
        clients=dict(told.counts),
        faults=dict(faults.counts),
        sometimes=saw,
        missing=missing,
        counted=dict(found.counted),
        checked=dict(found.checked),
        recovery=recovery.by_kind(monitor, faults.done),
        drained=took,
        broken=broken + found.broken,
        troubles=faults.failed,
    )
    if results is not None:
        report.write(results, monitor.samples)
    return report


def sometimes(seconds: float) -> list[str]:
    """What a run of this length has to have seen."""
    return [*SOMETIMES, *(LONG_SOMETIMES if seconds >= RESTORE_FROM_SECONDS else ())]


def musts(injections: Injections, seconds: float) -> list[Must]:
    """The deliberate injections, once a minute in the order in which they begin."""
    rows = [
        ("F10 poison", injections.poison),
        ("F3 commits of mongo that fail", injections.failed_commit),
        ("F10 event of the next release", injections.too_early),
        ("F9 duplicates", injections.duplicates),
        ("F8 relay asleep past its lease, twin an hour ahead", injections.takeover),
        ("F2 zombie relay", injections.zombie),
        ("F3 commits of mongo without a known outcome", injections.unknown_commit),
        ("F10 bytes without a key", injections.no_key),
        ("F12 rebalance storm", injections.storm),
    ]
    return [
        Must(ROUND_SECONDS * number + place * 0.01, name, inject)
        for number in range(max(1, int(seconds * 0.9 // ROUND_SECONDS)))
        for place, (name, inject) in enumerate(rows)
    ]


def refused_without_reason(
    failures: Sequence[tuple[float, int, str]], done: Sequence[Injected]
) -> list[str]:
    """Answers of 500 and more while nothing but the broker was broken."""
    kafka = [one for one in done if "kafka" in one.kind]
    others = [one for one in done if any(word in one.kind for word in REASONS)]
    found = []
    for at, status, what in failures:
        away = any(one.begin <= at <= one.end for one in kafka)
        other = any(one.begin <= at <= one.end + OTHERS_SECONDS for one in others)
        if away and not other:
            found.append(f"I9: {status} for {what} while only the broker was away")
    return found


def _drained(client: invariants.Client, lost: Sequence[str]) -> float | None:
    """Wait until effects equal committed events. Seconds it took, None if they never did."""
    begin = time.monotonic()
    while time.monotonic() - begin < DRAIN_SECONDS:
        try:
            if invariants.settled(client, lost) and _chained(client):
                return time.monotonic() - begin
        except PyMongoError:
            # The database may itself be on its way back; asked again until the limit.
            threading.Event().wait(0.5)
        threading.Event().wait(0.3)
    return None


def _chained(client: invariants.Client) -> bool:
    """Whether every act and every read stands in the audit chain."""
    waiting = {"audited": False}
    return not any(
        client[service][name].count_documents(waiting, limit=1)
        for service in SERVICES
        for name in ("published", "access")
    )
