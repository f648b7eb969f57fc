"""What a run said of the groups that one looks at, a school that answered a campaign which is
closed by now, and a solver that answers for the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from chassis.context import Context
from chassis.facts import derived_id
from chassis.scope import Centre, Party, System
from services.placement.bookings.store import SEATS, bookings
from services.placement.demands.store import DEMANDS
from services.placement.offers.content import Session, Slot
from services.placement.offers.store import offers
from services.placement.placements.shape import Placement
from services.placement.placements.store import placements
from services.placement.repairs import store as repairs
from services.placement.repairs.model import PartPlan, Row
from services.placement.runs import result_rows
from services.placement.runs import store as runs
from services.placement.runs.model import Release, Result, Run
from services.registration.campaigns import operations as campaigns
from services.registration.surveys import operations as surveys
from services.registration.surveys.answers import Answers, Group
from services.registration.surveys.model import survey_id
from tests.browser.seed import FIRST_SCHOOL, HASH, PLACED, RUN, an_id, plan, season
from tests.browser.seed_visits import (
    ACCEPTED,
    CONFIRMED,
    GROUPS,
    LINE,
    OFFER,
    OFFERED,
    SHOWN,
    SHOWN_RUN,
    WANTED,
)

DAYS = (58, 51, 37, 44)
"""The days, from now on, of the sessions that each group wished for, in its order."""

FULL = {
    "ko": "같은 순위로 희망한 학교가 많아 추첨에서 뒤로 밀렸습니다.",
    "en": "More schools wanted it in the same rank, and the draw put others first.",
}
NO_ROOM = {
    "ko": "희망한 회차에 자리가 없습니다.",
    "en": "There is no seat left in the sessions that were wished for.",
}


LATE = derived_id("browser|late", "campaign")
LATE_GROUP = derived_id("group", survey_id(LATE, FIRST_SCHOOL), "0")


def offered(context: Context) -> None:
    """What the host offers that is asked in the campaign that was placed: the session in question,
    from which a repair moves a group."""
    act = replace(context.act(seed="browser offered"), scope=System())
    asked, like = bookings.get(act, an_id("booking")).state, offers.get(act, OFFER).state
    session = Session(
        id=asked.session, start=asked.start, end=asked.end, minimum=asked.smallest, maximum=30
    )
    content = like.content.model_copy(
        update={
            "team": an_id("drones team of the asked"),
            "slots": [Slot(start=asked.start, end=asked.end)],
        }
    )
    own = {"host": asked.host, "campaign": PLACED, "content": content, "sessions": [session]}
    offers.create(act, asked.offer, like.model_copy(update=own))


def late(context: Context, centre: str, school: str) -> None:
    """A campaign that is closed and not placed yet, with a school's answer."""
    act = context.act(seed="browser|late")
    own = replace(act, scope=Centre(centre))
    last = {"name": f"{season(act)} 물길 따라 직업 탐험", "opens_at": act.now - timedelta(days=9)}
    wanted = plan(act, derived_id("browser", "programme")).model_copy(update=last)
    campaigns.draft(own, wanted)
    campaigns.announce(own, LATE)
    campaigns.open_(act, LATE)
    group = Group(level="middle", grade=2, class_name="3반", people=26, fields=wanted.fields[:2])
    answering = replace(act, scope=Party(school))
    survey = surveys.save_draft(answering, LATE, Answers(groups=(group,)))
    surveys.submit(answering, survey.id)
    # No clock moves for a test of pages: what it would have done stands in the document.
    over = {"state.deadline": act.now - timedelta(hours=1), "state.status": "closed"}
    context.database["campaigns"].update_one({"_id": LATE}, {"$set": over, "$inc": {"version": 1}})


def results(context: Context, centre: str, school: str) -> None:
    """A run that both releases followed: one group placed, one with a reason for each wish."""
    act = context.act(seed="browser results")
    released = Release(requested=act.now, by="tests", answer_by=act.now, finished=act.now)
    result = Result(
        attempt=1,
        numbers={"placed": 24},
        other_mode=None,
        claims=("proved",),
        chosen_schools=(school,),
        rows=2,
        frozen_hash=HASH,
        market_hash=HASH,
        result_hash=HASH,
    )
    run = Run(
        status="completed",
        centre=centre,
        campaign=SHOWN,
        mode="max",
        time_limit=60,
        rules_hash=HASH,
        attempt=1,
        result=result,
        hosts=released,
        schools=released,
    )
    runs.runs.create(act, SHOWN_RUN, run)
    rows = [_row(one, school, one == OFFERED) for one in (OFFERED, LINE)]
    result_rows.write(act, SHOWN_RUN, 1, centre, rows)
    result_rows.release(act, SHOWN_RUN, 1)
    planned = Placement(
        status="planned",
        centre=centre,
        campaign=PLACED,
        run=RUN,
        school=school,
        group=an_id("group"),
        people=24,
        wish_rank=0,
    )
    placements.create(act, an_id("placement"), planned)
    held = {"centre": centre, "parties": [], "taken": 24}
    context.database[SEATS].insert_many(
        {"_id": _session(day), **held, "holds": {booking: 24}}
        for day, booking in ((37, ACCEPTED), (51, an_id("fourth")), (58, WANTED))
    )
    _short_of(context)


def _short_of(context: Context) -> None:
    """Three more schools that want what hardly anybody offers."""
    survey = context.database[DEMANDS].find_one({"_id": an_id("survey of results")}) or {}
    group = {**survey["groups"][0], "fields": ["broadcasting"], "people": 27}
    context.database[DEMANDS].insert_many(
        {
            **survey,
            "_id": an_id(f"survey of {name}"),
            "parties": [an_id(name)],
            "school": an_id(name),
            "groups": [{**group, "id": an_id(f"{name} {n}")} for n in (1, 2)],
        }
        for name in ("one school", "another school", "a third school")
    )


def _row(placement: str, school: str, placed: bool) -> dict[str, Any]:
    wishes = [{"rank": rank, "stops": [_session(day)]} for rank, day in enumerate(DAYS)]
    part = {"people": 24, "wish": 1, "rank": 1, "sessions": wishes[1]["stops"]}
    why = [{"code": "drawn", "wish": wish, "sentences": FULL} for wish in range(len(wishes))]
    return {
        "applicant": GROUPS[placement],
        "kind": "group",
        "school": school,
        "people": 24,
        "grade": 2,
        "state": "placed" if placed else "waitlisted",
        "parts": [part] if placed else [],
        "reason": None if placed else {"code": "no_room", "facts": {}, "sentences": NO_ROOM},
        "why_not": [] if placed else why,
        "position": None if placed else 1,
        "reserve_rank": None,
        "draw": 1,
        "priority": 0,
        "wishes": wishes,
    }


def _session(days: int) -> str:
    return an_id(f"session in {days}")


@contextmanager
def solver(context: Context) -> Iterator[None]:
    """Answers what pages ask the engine: one other group moves, and whoever is concerned is helped.

    The engine itself has its own tests; here one looks at the pages that show its answers.
    """
    ended = Event()

    def work() -> None:
        while not ended.wait(0.05):
            now = context.act()
            if (row := repairs.next_question(now)) is not None:
                rows = [one.model_dump() for one in _rows(row["question"])]
                repairs.say(now, row["_id"], {"rows": rows, "claim": "proved"})

    answering = Thread(target=work)
    answering.start()
    yield
    ended.set()
    answering.join()


def _rows(question: Mapping[str, Any]) -> list[Row]:
    asked = question.get("placement")
    stops = question["wishes"][0]["stops"] if asked else [_session(51)]
    helped = _moved(asked or CONFIRMED, tuple(stops), affected=True)
    return [helped, _moved(OFFERED, (_session(44),), affected=False)]


def _moved(placement: str, sessions: tuple[str, ...], affected: bool) -> Row:
    return Row(
        placement=placement,
        applicant=GROUPS[placement],
        kind="group",
        school=an_id("a school"),
        people=24,
        before=(),
        after=(PartPlan(people=24, sessions=sessions),),
        affected=affected,
    )
