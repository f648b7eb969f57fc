"""How long a centre's search takes beside a bare find over the same collection, in the same run:
`python -m bench.finding [--sizes 1000 30000] [--rounds 15]`. The house promises a second.

The bare find scans the collection for one substring, without scope, order or consonants, and takes
the first thirty: the least that looking inside of names can cost. Each is asked for a name that few
things have (so that all of them are looked at), in turn, so that a busy machine slows both. One
centre holds all of it, which no centre does.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from chassis.act import Act
from chassis.context import Context
from chassis.documents import Aggregates, New
from chassis.facts import derived_id
from chassis.scope import Centre
from services.notifications.app import service as notifications
from services.notifications.deliveries import finding as messages
from services.notifications.messages.model import Item, Message
from services.notifications.messages.store import MESSAGES
from services.registration.app import service as registration
from services.registration.finding import operations as names
from services.registration.organisations.model import Kind, Organisation, Relation, Tie
from services.registration.organisations.store import organisations
from services.registration.surveys.answers import Answers, Group, WishedDate
from services.registration.surveys.model import Survey
from services.registration.surveys.store import surveys
from tests.support.house import context_of
from tests.support.stack import Servers, fresh_database, running_servers

PROMISED_SECONDS = 1.0
CENTRE, CAMPAIGN = derived_id("bench", "centre"), derived_id("bench", "campaign")
GROUPS = 4
"""Groups of one survey."""

BATCH = 1000
RARE = 1000
"""One thing in so many is called by the name that is looked for."""

HARD, PLAIN = "\N{HANGUL LETTER KIYEOK}\N{HANGUL LETTER RIEUL}", "\uac00\ub78c"
"""The first consonants that are typed, and the letters that the bare find looks for."""

FILLER = "\ub108\ub978\ub730"


def main() -> None:
    """Measure, print one JSON object, and end with 1 if the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 30000])
    parser.add_argument("--rounds", type=int, default=15)
    wanted = parser.parse_args()
    with running_servers() as servers:
        rows = [row for size in wanted.sizes for row in figures(servers, size, wanted.rounds)]
    slowest = max(row["slowest_ms"] for row in rows)
    print(json.dumps({"promised_ms": 1000 * PROMISED_SECONDS, "rows": rows}, indent=2))
    raise SystemExit(slowest > 1000 * PROMISED_SECONDS)


def figures(servers: Servers, size: int, rounds: int) -> Iterator[dict[str, Any]]:
    """A row for organisations and groups, and one for messages."""
    with fresh_database(servers) as name:
        school = context_of(registration, servers, name)
        post = context_of(notifications, servers, name)
        _organisations(school, size)
        _surveys(school, size // GROUPS)
        _messages(post, size)
        act = replace(school.act(), scope=Centre(CENTRE))
        for what, collection, field in (
            ("organisations", organisations.name, "state.name"),
            ("groups", surveys.name, "state.draft.groups.class_name"),
        ):
            yield {
                "what": f"search page beside a bare find of {what}",
                "size": size,
                **_beside(
                    lambda: len(names.find(act, HARD)), _bare(school, collection, field), rounds
                ),
            }
        told = replace(post.act(), scope=Centre(CENTRE))
        yield {
            "what": "messages beside a bare find of messages",
            "size": size,
            **_beside(
                lambda: len(messages.find(told, HARD, [])[0]),
                _bare(post, MESSAGES.name, "state.common.organisation"),
                rounds,
            ),
        }
        for context in (school, post):
            context.database.client.drop_database(context.database.name)


def _bare(context: Context, collection: str, field: str) -> Callable[[], int]:
    rows = context.database[collection]
    return lambda: len(list(rows.find({field: {"$regex": PLAIN}}, {field: 1}).limit(names.MOST)))


def _beside(ours: Callable[[], int], bare: Callable[[], int], rounds: int) -> dict[str, Any]:
    """Medians in ms of both, asked in turn; both have to find something."""
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    found = {"ours": 0, "bare": 0}
    for turn in range(rounds + 2):
        for who, ask in (("ours", ours), ("bare", bare)):
            began = time.perf_counter()
            found[who] = ask()
            if turn >= 2:
                spent[who].append((time.perf_counter() - began) * 1000)
    if not all(found.values()):
        raise RuntimeError(f"nothing was found: {found}")
    middle = {who: statistics.median(times) for who, times in spent.items()}
    return {
        **{f"{who}_ms": round(ms, 1) for who, ms in middle.items()},
        "slowest_ms": round(max(spent["ours"]), 1),
        "ratio": round(middle["ours"] / middle["bare"], 2),
    }


def _name(number: int) -> str:
    return f"{FILLER} {PLAIN if number % RARE == 0 else FILLER} {number}"


def _write(act: Act, aggregates: Aggregates[Any], rows: Iterator[New[Any]]) -> None:
    while some := list(islice(rows, BATCH)):
        aggregates.create_many(act, some)


def _organisations(context: Context, size: int) -> None:
    act = context.act()
    ids = [derived_id("bench", str(number)) for number in range(size)]
    rows = (
        New(id, Organisation(kinds=(Kind.COMPANY,), name=_name(number), registrar=CENTRE))
        for number, id in enumerate(ids)
    )
    _write(act, organisations, rows)
    kinds = (Relation.SCHOOL, Relation.HOST)
    ties = [
        Tie(relation=kinds[place % 2], other=id, since=act.now.date())
        for place, id in enumerate(ids)
    ]
    centre = Organisation(kinds=(Kind.CENTRE,), name=FILLER, registrar=CENTRE, ties=tuple(ties))
    organisations.create(act, CENTRE, centre)


def _surveys(context: Context, size: int) -> None:
    act = context.act()
    dates = tuple(WishedDate(date=f"2024-11-{day:02d}") for day in range(4, 15))
    groups = [
        Group(
            id=derived_id("bench", "group", str(number)),
            level="middle",
            grade=2,
            class_name=_name(number),
            people=24,
            fields=("broadcasting", "drones", "sports"),
            dates=dates,
        )
        for number in range(size * GROUPS)
    ]

    def row(number: int) -> New[Survey]:
        school = derived_id("bench", str(number))
        own = Answers(groups=tuple(groups[number * GROUPS : (number + 1) * GROUPS]))
        state = Survey(centre=CENTRE, campaign=CAMPAIGN, school=school, draft=own, submitted=own)
        return New(derived_id("bench", "survey", str(number)), state)

    _write(act, surveys, (row(number) for number in range(size)))


def _messages(context: Context, size: int) -> None:
    def row(number: int) -> New[Message]:
        common = {"organisation": _name(number), "campaign": FILLER, "centre": FILLER}
        state = Message(
            intent="placement_offered",
            organisation=derived_id("bench", str(number)),
            role="school",
            centre=CENTRE,
            campaign=CAMPAIGN,
            items=[Item(intent="placement_offered", facts={"people": 24, "day": "2024-11-05"})] * 4,
            common=common,
            correlation=derived_id("bench", "run"),
        )
        return New(derived_id("bench", "message", str(number)), state)

    _write(context.act(), MESSAGES, (row(number) for number in range(size)))


if __name__ == "__main__":
    main()
