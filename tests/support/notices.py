"""Events as the contracts' examples have them, and the names that messages about them need."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from chassis.contracts import topic_of
from chassis.events.envelope import Received
from chassis.facts import derived_id
from services.notifications.messages.model import Item, Message, Notice
from services.notifications.messages.planning import Planned, rules
from services.notifications.messages.resolving import Names, Needs, complete
from services.notifications.messages.rules.campaigns import reminder

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
CENTRE = "한들시 진로직업체험지원센터"
SCHOOL = "너른뜰중학교"
TITLE = "2024 가을 시청 속 직업 탐험"


def example(kind: str) -> dict[str, Any]:
    """The first good example of an event type."""
    folder = EXAMPLES / f"{kind}.v1"
    found: dict[str, Any] = json.loads(sorted(folder.glob("good-*.json"))[0].read_text())
    return found


def received(kind: str, /, subject: str = "", sequence: int = 1, **changes: Any) -> Received:
    """An event of a type, with some of the example's data changed."""
    subject = subject or derived_id("test", kind)
    topic = topic_of(kind).name
    return Received(
        topic=topic,
        key=subject,
        type=kind,
        version=1,
        id=f"{subject}:{sequence}",
        sequence=sequence,
        time="2024-09-13T01:00:00.000Z",
        actor="somebody",
        correlation="correlation-1",
        service=topic.partition(".")[0],
        data={**example(kind), **changes},
    )


@cache
def planned_by_intent() -> dict[str, Planned]:
    """One planned notice of every intent that any rule makes, for every role that gets it."""
    found: dict[str, Planned] = {}
    for kind in rules.all:
        variants: list[dict[str, Any]] = [{}]
        if kind == "booking.asked":
            variants = [{"preaccepted": True}, {"preaccepted": False}]
        if kind == "booking.accepted":
            variants = [{"by": "telephone"}]
        if kind.startswith("placement."):
            variants = [{"released": True}]
        if kind == "survey.withdrawn":
            variants = [{}, {"late": True}]
        for changes in variants:
            for one in rules.plan(received(kind, sequence=2, **changes)):
                found.setdefault(one.intent, one)
    found["survey_reminder"] = reminder(
        derived_id("campaign"), derived_id("centre"), "2024-09-13T09:00:00.000Z"
    )
    return found


def notice(planned: Planned) -> Notice:
    """The planned notice with a time, addressed to some organisation."""
    return Notice(
        intent=planned.intent,
        audience="organisation",
        organisation=planned.organisation or derived_id("school"),
        role=planned.role,
        facts=planned.facts,
        centre=planned.centre,
        campaign=planned.campaign,
        bundle=planned.bundle,
        once=planned.once,
        due_at="2024-09-13T01:00:00Z",
        created_at="2024-09-13T01:00:00Z",
    )


def names_for(*notices: Notice) -> Names:
    """Every name that these notices need."""
    needs = Needs()
    for one in notices:
        needs.add(one)
    return Names(
        organisations=dict.fromkeys(needs.organisations, SCHOOL),
        campaigns={id: {"deadline": "2024-09-13T09:00:00.000Z"} for id in needs.campaigns},
        titles=dict.fromkeys(needs.campaigns, TITLE),
        groups={id: {"level": "middle", "grade": 2, "people": 24} for id in needs.groups},
        offers={
            id: {
                "title": "도시의 얼굴을 디자인하기",
                "team_name": "도시브랜드팀",
                "place": "시청 본관 4층 디자인실",
                "meeting_point": "시청 본관 1층 안내대",
            }
            for id in needs.offers
        },
    )


def message_of(intent: str, *notices: Notice) -> Message:
    """A message of notices, with all names known."""
    names = names_for(*notices)
    first = notices[0]
    return Message(
        intent=intent,
        organisation=first.organisation or "",
        role=first.role,
        centre=first.centre,
        campaign=first.campaign,
        items=[Item(intent=one.intent, facts=complete(one, names, False)) for one in notices],
        common={
            "centre": CENTRE,
            "phone": "+82310001004",
            "organisation": SCHOOL,
            "campaign": TITLE if first.campaign else None,
        },
        correlation="correlation-1",
    )


SECRET = {"link_path": "/invitations/accept?token=T", "code": "ABCD-EFGH-JKMN"}
