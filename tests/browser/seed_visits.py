"""A host with an account, what it offers and was asked, and a school's results, to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chassis.act import Act
from chassis.context import Context
from chassis.facts import KST, derived_id, stamp
from chassis.scope import Centre, System
from services.placement.bookings.shape import Booking, Condition
from services.placement.bookings.store import bookings
from services.placement.campaigns.store import CAMPAIGNS
from services.placement.demands.store import DEMANDS, NEEDS
from services.placement.hosts.model import Vetting
from services.placement.hosts.store import id_of, vettings
from services.placement.offers import calendar
from services.placement.offers.content import Content, Session, Slot, Terms
from services.placement.offers.model import Offer
from services.placement.offers.store import hold_calendar, offers, write_calendar
from services.placement.organisations.store import LABELS, RELATIONS
from services.placement.placements.shape import Approval, Change, Part, Placement, Stop
from services.placement.placements.store import placements
from services.placement.runs import store as runs
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.campaigns.plan import STAGES
from services.registration.contacts.model import Reach
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Details, Kind, Relation, Tie
from tests.browser.seed import HASH, PASSWORD, an_id, season

HOST_LOGIN = "host-one"
HOST = derived_id("browser host", "organisation")
TWIN = derived_id("browser twin", "organisation")
SHOWN, NEXT = an_id("campaign to look at"), an_id("campaign to offer for")
SHOWN_RUN = an_id("run that was released")
OFFER, DRAFT = an_id("drones offer"), an_id("draft offer")
ASKED, ACCEPTED, DECLINED = an_id("asked"), an_id("accepted"), an_id("declined")
OFFERED, CONFIRMED, LINE = an_id("offered visit"), an_id("confirmed visit"), an_id("in the line")
CONDITIONED, BEGUN = an_id("visit under a condition"), an_id("visit that has begun")
WANTED = an_id("a host's condition")
GROUPS = {
    OFFERED: an_id("group one"),
    CONFIRMED: an_id("group two"),
    LINE: an_id("group three"),
    CONDITIONED: an_id("group four"),
    BEGUN: an_id("group five"),
}


def host(context: Context, centre: str) -> str:
    """A company with somebody who may sign in, and once more by another name; its id."""
    act = context.act(seed="browser host")
    details = Details(kinds=(Kind.COMPANY,), name="한들시 드론산업팀")
    tie = Tie(relation=Relation.HOST, other="", since=act.now.date() - timedelta(days=30))
    id = organisations.register(replace(act, scope=Centre(centre)), details, tie).id
    holder = NewHolder(HOST_LOGIN, PASSWORD, Reach(email="host-one@example.kr"))
    accounts.create_user(act, id, Role.HOST, "team_lead", holder)
    twin = Details(kinds=(Kind.COMPANY,), name="(주)한들시 드론산업팀", phone="031-000-1200")
    again = replace(context.act(seed="browser twin"), scope=Centre(centre))
    organisations.register(again, twin, tie)
    return id


def visits(context: Context, centre: str, schools: list[str], host: str) -> None:
    """An offer with three requests, and a school with a visit to confirm, one confirmed, one
    that waits."""
    act = context.act(seed="browser visits")
    school = schools[0]
    _known(context, act, centre, school, host)
    vetted = Vetting(centre=centre, host=host, status="approved", steps=[])
    vettings.create(act, id_of(centre, host), vetted)
    sessions = [_session(act, day) for day in (30, 37, 44, 51, 58, -1)]
    _offer(act, centre, host, OFFER, "published", sessions)
    _offer(act, centre, host, DRAFT, "draft", [_session(act, 60)])
    _of_the_twin(act)
    asked = _booking(act, centre, host, schools[1], sessions[0])
    bookings.create(act, ASKED, asked)
    answered = {"answered": act.now, "accepted_by": "host", "status": "accepted"}
    accepted = _booking(act, centre, host, school, sessions[1]).model_copy(update=answered)
    bookings.create(act, ACCEPTED, accepted.model_copy(update={"placement": CONFIRMED}))
    refused = {"answered": act.now, "status": "declined", "reason_code": "staff_absent"}
    declined = _booking(act, centre, host, schools[2], sessions[2]).model_copy(update=refused)
    bookings.create(act, DECLINED, declined)
    hours = Condition(
        people=20,
        start=sessions[4].start + timedelta(hours=3),
        end=sessions[4].end + timedelta(hours=3),
    )
    wanted = {
        "answered": act.now,
        "status": "conditioned",
        "condition": hours,
        "decide_by": act.now + timedelta(days=3),
        "placement": CONDITIONED,
    }
    conditioned = _booking(act, centre, host, school, sessions[4])
    bookings.create(act, WANTED, conditioned.model_copy(update=wanted))
    _placements(act, centre, school, host, sessions)


def _known(context: Context, act: Act, centre: str, school: str, host: str) -> None:
    names = {
        SHOWN: f"{season(act)} 시청 속 직업 탐험",
        NEXT: f"{season(act, 60)} 직업 탐험",
        host: "한들시 미래산업과",
        TWIN: "(주)한들시 드론산업팀",
    }
    context.database[LABELS].insert_many(
        {"_id": id, "name": name, "kind": "organisation", "public": True, "parties": []}
        for id, name in names.items()
    )
    context.database[LABELS].update_one(
        {"_id": centre},
        {"$set": {"name": "한들시 진로직업체험지원센터", "phone": "031-000-1004", "public": True}},
        upsert=True,
    )
    context.database[RELATIONS].insert_many(
        {
            "_id": f"{centre}:centre_host:{one}",
            "centre": centre,
            "parties": [one],
            "public": False,
            "relation": "centre_host",
            "other": one,
            "from": "2024-01-01",
            "until": None,
            "ended": False,
        }
        for one in (host, TWIN)
    )
    day = act.now.date()
    for id, status in ((SHOWN, "closed"), (NEXT, "open")):
        context.database[CAMPAIGNS].insert_one(
            {
                "_id": id,
                "centre": centre,
                "parties": [],
                "public": True,
                "status": status,
                "stages": list(STAGES),
                "fields": [],
                "unusable_dates": [],
                "rules_hash": HASH,
                "window": {
                    "first": day.isoformat(),
                    "last": (day + timedelta(days=90)).isoformat(),
                },
                "deadline": stamp(act.now + timedelta(days=3 if status == "open" else -3)),
                "hosts_reply_by": stamp(act.now + timedelta(days=7)),
                "schools_confirm_by": stamp(act.now + timedelta(days=14)),
            }
        )
    runs.keep_lottery(act, SHOWN, "ab" * 32, HASH)
    groups = [
        {
            "id": id,
            "level": "middle",
            "grade": 2,
            "people": 24,
            "fields": ["drones"],
            "kinds": [],
            "dates": [],
            "first": "field",
            "stops": 1,
            "place": "on_site",
            "travel_limit": None,
            "bus": False,
            "lunch": False,
            "smallest": 20,
            "split": None,
            "blackout": [],
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "wants": 1,
            "order": [],
        }
        for id in GROUPS.values()
    ]
    context.database[DEMANDS].insert_one(
        {
            "_id": an_id("survey of results"),
            "centre": centre,
            "parties": [school],
            "public": False,
            "campaign": SHOWN,
            "school": school,
            "status": "submitted",
            "groups": groups,
        }
    )
    context.database[NEEDS].insert_one({"_id": an_id("survey of results"), **_names()})


def _names() -> dict[str, object]:
    """What the school calls its groups, as it told sealed."""
    names = {id: f"{number}반" for number, id in enumerate(GROUPS.values(), 2)}
    return {"centre": None, "parties": [], "public": False, "groups": {}, "names": names}


def _session(act: Act, days: int) -> Session:
    day = (act.now + timedelta(days=days)).astimezone(KST)
    start = day.replace(hour=10, minute=0, second=0, microsecond=0).astimezone(UTC)
    return Session(
        id=an_id(f"session in {days}"),
        start=start,
        end=start + timedelta(hours=2),
        minimum=10,
        maximum=30,
    )


def _offer(act: Act, centre: str, host: str, id: str, status: str, sessions: list[Session]) -> None:
    content = Content(
        title="드론 조종과 정비",
        team=an_id("drones team"),
        team_name="드론산업팀",
        field="drones",
        kind="practice",
        levels=["middle"],
        hazards=["machinery"],
        place="한들드론센터 2층 실습실",
        place_code="41281",
        meeting_point="한들드론센터 1층 안내대",
        telephone="031-000-2417",
        minimum=10,
        maximum=30,
        terms=Terms(people=20),
        slots=[Slot(start=one.start, end=one.end) for one in sessions],
    )
    offer = Offer.model_validate(
        {
            "centre": centre,
            "host": host,
            "campaign": SHOWN if status == "published" else NEXT,
            "status": status,
            "version": 1 if status == "published" else 0,
            "content": content,
            "sessions": sessions,
            "changes": [],
        }
    )
    offers.create(act, id, offer)
    if status == "published":
        hold_calendar(act, host, an_id("drones team"))
        write_calendar(act, host, an_id("drones team"), calendar.taken(id, offer))


def _of_the_twin(act: Act) -> None:
    """What the other entry of the host offers by a team of the same name, with its own calendar."""
    there = offers.get(replace(act, scope=System()), OFFER).state
    team = an_id("drones team of the twin")
    content = there.content.model_copy(update={"team": team})
    twin = {"host": TWIN, "campaign": NEXT, "content": content, "sessions": []}
    offers.create(act, an_id("offer of the twin"), there.model_copy(update=twin))


def _booking(act: Act, centre: str, host: str, school: str, session: Session) -> Booking:
    return Booking(
        status="asked",
        centre=centre,
        campaign=SHOWN,
        run=SHOWN_RUN,
        placement=an_id(f"placement {session.id}"),
        school=school,
        group=GROUPS[CONFIRMED],
        host=host,
        offer=OFFER,
        offer_version=1,
        team=an_id("drones team"),
        session=session.id,
        people=24,
        smallest=20,
        start=session.start,
        end=session.end,
        reply_by=act.now + timedelta(days=7),
    )


def _placements(act: Act, centre: str, school: str, host: str, sessions: list[Session]) -> None:
    told = Change(what="offered", by="tests", at=act.now)
    base = Placement(
        status="offered",
        centre=centre,
        campaign=SHOWN,
        run=SHOWN_RUN,
        school=school,
        people=24,
        released=True,
        wish_rank=0,
        offered=24,
        confirm_by=act.now + timedelta(days=7),
        history=(told,),
    )

    def part(session: Session, booking: str) -> tuple[Part, ...]:
        stop = Stop(
            booking=booking,
            session=session.id,
            offer=OFFER,
            host=host,
            team=an_id("drones team"),
            start=session.start,
            end=session.end,
            accepted=True,
        )
        return (Part(people=24, stops=(stop,)),)

    offered = {"group": GROUPS[OFFERED], "parts": part(sessions[3], an_id("fourth"))}
    placements.create(act, OFFERED, base.model_copy(update=offered))
    stops = part(sessions[4], WANTED)
    unanswered = stops[0].stops[0].model_copy(update={"accepted": False})
    conditioned = {
        "group": GROUPS[CONDITIONED],
        "parts": (Part(people=24, stops=(unanswered,)),),
    }
    placements.create(act, CONDITIONED, base.model_copy(update=conditioned))
    approval = Approval(at=act.now, by="tests", document_number="진로부-1127")
    begun = {
        "group": GROUPS[BEGUN],
        "parts": part(sessions[5], an_id("fifth")),
        "status": "confirmed",
        "approval": approval,
        "confirmed": 24,
    }
    placements.create(act, BEGUN, base.model_copy(update=begun))
    confirmed = {
        "group": GROUPS[CONFIRMED],
        "parts": part(sessions[1], ACCEPTED),
        "status": "confirmed",
        "approval": approval,
        "confirmed": 24,
    }
    placements.create(act, CONFIRMED, base.model_copy(update=confirmed))
    waits = {
        "group": GROUPS[LINE],
        "status": "waitlisted",
        "position": 1,
        "wish_rank": None,
        "offered": None,
        "confirm_by": None,
    }
    placements.create(act, LINE, base.model_copy(update=waits))


def day_in(now: datetime, days: int) -> str:
    """A day of a session as an address carries it: in 44 days it is free, in 37 it is full."""
    return (now + timedelta(days=days)).astimezone(KST).date().isoformat()
