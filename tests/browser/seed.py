"""A small world to look at: one campaign open, one placed, and what waits around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis import access
from chassis.act import Act
from chassis.context import Context
from chassis.events.envelope import headers, read
from chassis.events.handlers import Projections
from chassis.facts import KST, derived_id, stamp
from chassis.scope import Centre, Party
from services.notifications.deliveries import store as deliveries
from services.notifications.deliveries.model import begin, delivery_id, tried
from services.notifications.messages import store as messages
from services.placement.bookings.shape import Booking
from services.placement.bookings.store import bookings
from services.placement.campaigns.store import CAMPAIGNS
from services.placement.organisations.store import LABELS
from services.placement.placements.shape import Placement
from services.placement.placements.store import placements
from services.placement.repairs.model import PartPlan, Repair, Row
from services.placement.repairs.store import repairs
from services.placement.runs import result_rows
from services.placement.runs import store as runs
from services.placement.runs.model import Release, Result, Run
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.plan import STAGES, Plan, Window
from services.registration.contacts.model import Reach
from services.registration.keys import operations as keys
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Details, Kind, Level, Relation, Tie
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Programme
from services.registration.surveys import operations as surveys
from services.registration.surveys.answers import Answers
from tests.support.notices import message_of, notice, planned_by_intent

PASSWORD = "correct horse battery"
CENTRE_LOGIN, SCHOOL_LOGIN = "centre-one", "teacher-one"
OFFICE_LOGIN, ADMIN_LOGIN = "office-one", "admin-one"
SCHOOLS = ("너른뜰중학교", "달오름중학교", "물푸레중학교")
HASH = "9f" * 32


def an_id(name: str) -> str:
    """A readable name as an id."""
    return derived_id("browser", name)


def season(act: Act, days: int = 30) -> str:
    """The season, and its year, in which visits so many days ahead take place."""
    day = (act.now + timedelta(days=days)).astimezone(KST).date()
    return f"{day.year} {('겨울', '봄', '여름', '가을')[day.month % 12 // 3]}"


OPEN, FIRST_SCHOOL = an_id("campaign"), derived_id("browser|0", "organisation")
PLACED, RUN = an_id("placed campaign"), an_id("run")
BOOKING, WAITING = an_id("booking"), an_id("waiting")
READY, READY_RUN = an_id("campaign with a result"), an_id("run with a result")


def registration(context: Context) -> tuple[str, list[str]]:
    """A centre with three schools and one open campaign; the ids of centre and schools."""
    act = context.act(seed="browser")
    details = Details(
        kinds=(Kind.CENTRE,), name="한들시 진로직업체험지원센터", phone="031-000-1004"
    )
    centre = organisations.found_centre(act, details).id
    own = replace(act, scope=Centre(centre))
    schools = []
    for place, name in enumerate(SCHOOLS):
        one = replace(own, seed=f"browser|{place}")
        school = Details(
            kinds=(Kind.SCHOOL,), name=name, level=Level.MIDDLE, school_code=f"J10-753123{place}"
        )
        tie = Tie(relation=Relation.SCHOOL, other="", since=act.now.date() - timedelta(days=30))
        schools.append(organisations.register(one, school, tie).id)
    supervisor = Details(kinds=(Kind.SUPPORT_OFFICE,), name="한들교육지원청")
    tie = Tie(relation=Relation.OFFICE, other="", since=act.now.date() - timedelta(days=30))
    office = organisations.register(replace(own, seed="browser|office"), supervisor, tie).id
    for login, role, organisation in (
        (CENTRE_LOGIN, Role.CENTRE, centre),
        (SCHOOL_LOGIN, Role.SCHOOL, schools[0]),
        (OFFICE_LOGIN, Role.OFFICE, office),
        (ADMIN_LOGIN, Role.ADMIN, centre),
    ):
        reach = Reach(email=f"{login}@example.kr") if role is not Role.ADMIN else Reach()
        holder = NewHolder(login, PASSWORD, reach)
        opened = replace(act, seed=login)
        accounts.create_user(opened, organisation, role, "coordinator", holder)
    keys.ensure(act)
    programme = programmes.publish(
        own,
        Programme(centre=centre, name="시청 속 직업 탐험", brand="city_hall", level=Level.MIDDLE),
    )
    campaign = campaigns.draft(own, plan(act, programme.id)).id
    campaigns.announce(own, campaign)
    campaigns.open_(replace(act, now=act.now + timedelta(seconds=5)), campaign)
    surveys.save_draft(replace(act, scope=Party(schools[1])), campaign, Answers())
    return centre, schools


def known_everywhere(source: Context, others: Mapping[str, Context]) -> None:
    """What the role `project` does with signing keys and accounts, without a broker between."""
    for name, context in {"registration": source, **others}.items():
        projections = Projections()
        access.follow(projections, name)
        for collection in ("issuing_keys", "accounts"):
            for document in source.database[collection].find():
                for entry in document["outbox"]:
                    event = read(entry["topic"], document["_id"], entry["data"], headers(entry))
                    for target, write in projections.writes(event):
                        context.database[target].bulk_write([write])


def placement(context: Context, centre: str, schools: list[str]) -> None:
    """A campaign that was placed: one group waits, one host is asked, one repair is previewed."""
    act = context.act(seed="browser")
    host, start = an_id("host"), _at(act, 30, 10)
    names = {
        PLACED: f"{season(act)} 시청 속 직업 탐험",
        READY: f"{season(act)} 도서관 속 직업 탐험",
        host: "한들시 미래산업과",
    }
    names |= dict(zip(schools, SCHOOLS, strict=True))
    context.database[LABELS].insert_many(
        {"_id": id, "name": name, "kind": "organisation", "public": True, "parties": []}
        for id, name in names.items()
    )
    deadline = stamp(act.now - timedelta(days=3))
    context.database[CAMPAIGNS].insert_many(
        {
            "_id": campaign,
            "centre": centre,
            "parties": [],
            "public": True,
            "status": "closed",
            "stages": list(STAGES),
            "deadline": deadline,
            "mode": "max",
            "fields": ["drones", "broadcasting"],
            "rules_hash": HASH,
            "unusable_dates": [],
            "caps": {"schools": None, "students": None},
            "hosts_reply_by": stamp(act.now + timedelta(days=7)),
            "schools_confirm_by": stamp(act.now + timedelta(days=14)),
            "window": {
                "first": (act.now + timedelta(days=25)).date().isoformat(),
                "last": (act.now + timedelta(days=60)).date().isoformat(),
            },
        }
        for campaign in (PLACED, READY)
    )
    released = Release(
        requested=act.now, by="tests", answer_by=act.now + timedelta(days=7), finished=act.now
    )
    result = Result(
        attempt=1,
        numbers={"placed": 48},
        other_mode=None,
        claims=("proved",),
        chosen_schools=tuple(schools[:2]),
        rows=3,
        frozen_hash=HASH,
        market_hash=HASH,
        result_hash=HASH,
    )
    run = Run(
        status="completed",
        centre=centre,
        campaign=PLACED,
        mode="max",
        time_limit=60,
        rules_hash=HASH,
        attempt=1,
        result=result,
        hosts=released,
    )
    runs.runs.create(act, RUN, run)
    ready = run.model_copy(update={"campaign": READY, "hosts": None})
    runs.runs.create(act, READY_RUN, ready)
    states = ("placed", "waitlisted", "not_selected")
    rows = [_row(state, school) for state, school in zip(states, schools, strict=True)]
    result_rows.write(act, RUN, 1, centre, rows)
    result_rows.write(act, READY_RUN, 1, centre, rows)
    booking = Booking(
        status="asked",
        centre=centre,
        campaign=PLACED,
        run=RUN,
        placement=an_id("placement"),
        school=schools[0],
        group=an_id("group"),
        host=host,
        offer=an_id("offer"),
        offer_version=1,
        team="드론산업팀",
        session=an_id("session"),
        people=24,
        smallest=20,
        start=start,
        end=start + timedelta(hours=2),
        reply_by=_at(act, 7, 18),
    )
    bookings.create(act, an_id("booking"), booking)
    waiting = Placement(
        status="waitlisted",
        centre=centre,
        campaign=PLACED,
        run=RUN,
        school=schools[1],
        group=an_id("waiting group"),
        people=27,
        position=1,
        released=True,
    )
    placements.create(act, an_id("waiting"), waiting)
    part = PartPlan(people=24, sessions=(an_id("session"),))
    moved = Row(
        placement=an_id("placement"),
        applicant=an_id("group"),
        kind="group",
        school=schools[0],
        people=24,
        before=(part,),
        after=(),
        affected=True,
    )
    repair = Repair(
        status="previewed",
        centre=centre,
        campaign=PLACED,
        run=RUN,
        cause="declined",
        booking=an_id("booking"),
        session=an_id("session"),
        placements=(an_id("placement"),),
        rows=(moved,),
        market_version=HASH,
        moved_people=0,
        waitlisted=1,
    )
    repairs.create(act, an_id("repair"), repair)


def notifications(context: Context, centre: str, schools: list[str]) -> str:
    """A message in the school's inbox, a delivery that failed, a telephone task; the task's id."""
    act = context.act(seed="browser")
    told = notice(planned_by_intent()["booking_asked"])
    written = message_of("booking_asked", told)
    message = written.model_copy(update={"centre": centre, "organisation": schools[0]})
    messages.MESSAGES.create(act, an_id("message"), message)
    made = {}
    for channel in ("email", "telephone"):
        contact = an_id(f"contact by {channel}")
        id = delivery_id(an_id("message"), contact, channel)
        state, events = begin(
            an_id("message"),
            "booking_asked",
            contact,
            schools[0],
            channel,
            "ko",
            centre,
            PLACED,
            "browser",
            act.now,
        )
        if channel == "email":
            state, events = tried(state, "refused", "mailbox_full", act.now)
        deliveries.DELIVERIES.create(act, id, state, events)
        made[channel] = id
    return made["telephone"]


def _at(act: Act, days: int, hour: int) -> datetime:
    """An hour of a coming day in Seoul."""
    day = (act.now + timedelta(days=days)).astimezone(KST)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0).astimezone(UTC)


def _row(state: str, school: str) -> dict[str, Any]:
    sentences = {"ko": "희망한 회차에 자리가 없습니다.", "en": "No seat was left."}
    reason = {"code": "no_room", "facts": {}, "sentences": sentences}
    part = {"people": 24, "wish": 0, "rank": 0, "sessions": [an_id("session")]}
    placed = state == "placed"
    return {
        "applicant": an_id(f"applicant {state}"),
        "kind": "group",
        "school": school,
        "people": 24,
        "grade": 2,
        "state": state,
        "parts": [part] if placed else [],
        "reason": None if placed else reason,
        "why_not": [] if placed else [{"code": "full", "wish": 0, "sentences": sentences}],
        "position": 1 if state == "waitlisted" else None,
        "reserve_rank": 1 if state == "not_selected" else None,
        "draw": 1,
        "priority": 0,
        "wishes": [{"rank": 0, "stops": [an_id("session")]}],
    }


def plan(act: Act, programme: str) -> Plan:
    """A campaign that opens in a moment."""
    day = act.now.date()
    return Plan(
        programme=programme,
        name=f"{season(act, 45)} 마을 속 직업 탐험",
        opens_at=act.now + timedelta(seconds=1),
        deadline=_at(act, 5, 18),
        hosts_reply_by=_at(act, 10, 18),
        schools_confirm_by=_at(act, 20, 18),
        window=Window(first=day + timedelta(days=30), last=day + timedelta(days=60)),
        fields=tuple(sorted(campaigns.known_fields()))[:3],
    )
