"""`python -m tests.chaos --mutants`: each deliberate break is caught, by name of its invariant.

Every mutant lives in a small house (tests/chaos/small.py) that is shown to the faults which bring
it to light; the house without a mutant is shown to all of them first and must be sound.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chassis.contracts import topics
from chassis.events.topics import Admin
from chassis.settings import Settings
from deploy.local.stack import Stack
from tests.chaos import mutants
from tests.chaos.house import SETTLE_SECONDS, House, dropped, within
from tests.chaos.small import Keeper, preload
from tests.service.chassis.programmes import TOPIC
from tests.support.stack import Servers

PARTITIONS = 3
KILLS, WORK_SECONDS = 6, 6.0
LATE_SECONDS = 3.0
MONGO_KILLS, ACKNOWLEDGED = 3, 150
CAUGHT_SECONDS = 60.0
"""The gate: a mutant that takes longer counts as not caught."""
SOUND = ""


# Plans: what a house is shown


def kills(house: House) -> None:
    """Relay and projector die again and again under load, each time when they are at work."""
    house.start_all()
    copies = house.reader.database["copies"]
    chance = random.Random(house.name)
    for _ in range(KILLS):
        within(WORK_SECONDS, partial(_more, copies, copies.count_documents({})))
        threading.Event().wait(chance.uniform(0.0, 0.4))
        house.keeper.send("project", signal.SIGKILL)
        house.keeper.send("relay", signal.SIGKILL)


def _more(collection: Any, before: int) -> bool:
    return bool(collection.count_documents({}) > before)


def database(house: House) -> None:
    """The database dies under load, each time when many writes were acknowledged.

    Relay and projector begin afterwards: their own majority writes would flush the others' too.
    """
    house.start(*house.writers)
    for _ in range(MONGO_KILLS):
        enough = house.acknowledged() + ACKNOWLEDGED
        within(SETTLE_SECONDS, partial(house.has_told, enough))
        victim = house.stack.processes.get("mongo")
        if victim is not None:
            victim.send(signal.SIGKILL)
    within(SETTLE_SECONDS, lambda: bool(house.given()))
    house.start("relay", "project")


def late_consumer(house: House) -> None:
    """The projector begins when much was published already."""
    house.start("relay", *house.writers)
    threading.Event().wait(LATE_SECONDS)
    house.start("project")
    threading.Event().wait(LATE_SECONDS)


def two_clocks(house: House) -> None:
    """A relay whose clock is an hour ahead has the lease, and dies for good."""
    house.start("project", *house.writers)
    house.start("relay-ahead", shift=3600)
    published = house.writer.database["published"]
    within(SETTLE_SECONDS, lambda: published.count_documents({}, limit=1))
    house.start("relay")
    threading.Event().wait(1.0)
    house.keeper.end("relay-ahead", how=signal.SIGKILL)
    threading.Event().wait(1.0)


PLANS: dict[str, Callable[[House], None]] = {
    "kills": kills,
    "database": database,
    "late consumer": late_consumer,
    "two clocks": two_clocks,
}


@dataclass
class Verdict:
    """What became of one mutant."""

    name: str
    said: str
    expected: tuple[str, ...]
    found: dict[str, int]
    example: str
    seconds: float

    @property
    def caught(self) -> bool:
        """By one of its invariants and in time; the sound house by none."""
        if not self.expected:
            return not self.found
        named = bool(set(self.expected) & set(self.found)) and "VOID" not in self.found
        return named and self.seconds <= CAUGHT_SECONDS


def gate(names: list[str], say: Callable[[str], None]) -> list[Verdict]:
    """Show every house to its faults. `names` narrows; empty means all, the sound one first."""
    preload(["tests.chaos.small"])
    stack = Stack("chaos", services=())
    try:
        stack.start(fresh=True, follow=True)
        servers = Servers(stack.addresses["kafka"], stack.addresses["mongo"])
        admin = Admin(Settings(service="registration", kafka_bootstrap=servers.kafka))
        admin.make([replace(topics()[TOPIC], partitions=PARTITIONS)])
        admin.close()
        found = []
        for name, plan, mutant in _houses(names):
            verdict = _show(stack, servers, name, plan, mutant)
            say(row(verdict))
            found.append(verdict)
        return found
    finally:
        stack.release()


def _houses(names: list[str]) -> list[tuple[str, str, mutants.Mutant | None]]:
    plans = [*PLANS, "mail"]
    sound = [(f"sound, {plan}", plan, None) for plan in plans if not names or SOUND in names]
    chosen = [one for one in mutants.MUTANTS.values() if not names or one.name in names]
    return [*sound, *((one.name, one.plan, one) for one in chosen)]


def _show(
    stack: Stack, servers: Servers, name: str, plan: str, mutant: mutants.Mutant | None
) -> Verdict:
    begin = time.monotonic()
    broken = mutant.name if mutant is not None else SOUND
    if plan == "mail":
        from tests.chaos.ledger import mailing

        faults = mailing(servers, broken)
    else:
        faults = _living(stack, servers, plan, broken)
    found: dict[str, int] = {}
    for one in faults:
        found[one.partition(":")[0]] = found.get(one.partition(":")[0], 0) + 1
    expected = mutant.caught_by if mutant is not None else ()
    named = [one for one in faults if one.partition(":")[0] in expected] or faults
    said = mutant.said if mutant is not None else "nothing is broken"
    seconds = time.monotonic() - begin
    return Verdict(name, said, expected, found, named[0] if named else "", seconds)


def _living(stack: Stack, servers: Servers, plan: str, broken: str) -> list[str]:
    name = f"gate_{int(time.time() * 1000) % 10**9}"
    with Keeper() as keeper, dropped(servers, name):
        house = House(stack, servers, broken, keeper, name)
        threading.Thread(target=house.watch, daemon=True).start()
        PLANS[plan](house)
        keeper.end(*house.writers)
        found = list(house.faults())
        house.close()
        return found


def row(verdict: Verdict) -> str:
    """One line of the table."""
    found = ", ".join(f"{name} × {number}" for name, number in sorted(verdict.found.items()))
    word = "sound " if not verdict.expected else "caught"
    told = word if verdict.caught else ("BROKEN" if not verdict.expected else "MISSED")
    wanted = f" (wanted {' or '.join(verdict.expected)})" if verdict.expected else ""
    return f"{told}  {verdict.name:<22} {verdict.seconds:5.1f} s  {found or '-'}{wanted}"
