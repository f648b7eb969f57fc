"""What waits for a school: its next act, what follows, for whom it waits, and its next visits."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from chassis.act import Act
from chassis.facts import KST, moment
from services.registration.acting import own_organisation, today
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.model import Campaign
from services.registration.organisations import operations as organisations
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Kind
from services.registration.surveys import store_glance as glance
from services.registration.surveys.answers import Answers
from services.registration.surveys.form import filled
from services.registration.surveys.model import COUNTS, Survey
from services.registration.surveys.rules import faults
from services.registration.surveys.sheet import PARTS, to_mend
from services.registration.surveys.store_glance import Kept
from services.registration.surveys.terms import Terms, of

VISITS_SHOWN = 5
OVER_AFTER = timedelta(days=60)
"""How long after a campaign's last day its visits still wait for their attendance here."""

DONE = "placement.confirmed"
OFFERED, APPROVED, MOVED = "placement.offered", "placement.approved", "placement.moved"
COMING = (DONE, OFFERED, APPROVED, MOVED)
"""What was told last of a group that has a visit ahead of it."""
CONDITION = "booking.conditioned"
WAITING = ("placement.waitlisted", APPROVED, MOVED)
IN_PASSING = ("placement.resized", "placement.corrected", "placement.conditioned")
"""These tell of a change within a state: what the group waits for stays what it was."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A survey that is to be submitted: how many of its parts are done, and when it was saved."""

    id: str
    there: Terms
    stored: Kept | None
    done: int
    open: bool

    @property
    def by(self) -> datetime:
        """Until when."""
        return self.there.rules.deadline

    @property
    def again(self) -> bool:
        """Whether it was submitted and has been changed since."""
        return self.stored is not None and self.stored.state.status in COUNTS

    parts = len(PARTS)


@dataclass(frozen=True, slots=True)
class Visit:
    """A group's visit or its place in the queue, as placement told it last."""

    placement: str
    what: str
    campaign: Campaign
    group: str
    people: int
    start: datetime | None
    host: str
    by: datetime
    position: int | None
    asks: bool
    """Whether the school has to say yes to what is offered."""
    decide_by: datetime | None
    """Until when it may take or leave what a host would accept instead."""


@dataclass(frozen=True, slots=True)
class Home:
    """The page: whose it is, surveys to submit, what to confirm or report, what others do."""

    name: str
    writing: tuple[Writing, ...]
    deciding: tuple[Visit, ...]
    confirming: tuple[Visit, ...]
    attending: tuple[Visit, ...]
    sent: tuple[Writing, ...]
    waiting: tuple[Visit, ...]
    coming: tuple[Visit, ...]
    centre: str
    phone: str

    @property
    def acts(self) -> int:
        """How many things there are to do."""
        asked = len(self.deciding) + len(self.confirming)
        return len(self.writing) + asked + len(self.attending)


def home(act: Act) -> Home:
    """Everything on the start page of the acting school."""
    school = own_organisation(act)
    writing: list[Writing] = []
    sent: list[Writing] = []
    visits: list[Visit] = []
    contact: Terms | None = None
    around = _around(act, school)
    begun = glance.own(act, school, around)
    told_of = glance.told(act, school, begun)
    for id, there in around.items():
        found = there.campaign
        contact = contact or there
        stored = begun.get(id)
        if found.takes_answers and found.kind is not Kind.INDIVIDUALS:
            row = _writing(id, there, stored, act.now)
            submitted = stored is not None and stored.state.status in COUNTS
            dirty = stored is not None and stored.state.dirty
            (sent if submitted and not dirty else writing).append(row)
        elif stored is not None:
            if stored.state.status in COUNTS:
                sent.append(Writing(id, there, stored, Writing.parts, False))
            visits += _visits(stored.state, told_of[id], there)
    names = organisations.names(act, {school} | {visit.host for visit in visits if visit.host})
    named = [_with_host(visit, names) for visit in visits]
    told = {one.id for one in sent if any(v.campaign == one.there.campaign for v in named)}
    dated = sorted((v for v in named if v.start), key=lambda v: v.start or act.now)
    past = [v for v in dated if v.what == DONE and v.start and v.start < act.now]
    deciding = [v for v in named if v.decide_by and act.now < v.decide_by]
    confirming = [v for v in named if v.asks and v not in deciding and act.now < v.by]
    answering = [*deciding, *confirming]
    return Home(
        name=names.get(school, ""),
        writing=tuple(sorted(writing, key=lambda one: one.by)),
        deciding=tuple(sorted(deciding, key=lambda v: v.decide_by or v.by)),
        confirming=tuple(sorted(confirming, key=lambda v: v.by)),
        attending=tuple(past),
        sent=tuple(one for one in sent if one.id not in told),
        waiting=tuple(v for v in named if v.what in WAITING and v not in answering),
        coming=tuple(v for v in dated if v.what in COMING and v not in past)[:VISITS_SHOWN],
        centre=contact.centre.name if contact else "",
        phone=(contact.phone or "") if contact else "",
    )


def _around(act: Act, school: str) -> dict[str, Terms]:
    """The terms of every campaign of the school's centres that is not long over, by id."""
    centres = organisations.serving(act, school)
    day = today(act)
    found = {
        id: one
        for id, one in campaigns.of_centres(act, centres).items()
        if one.window.last >= day - OVER_AFTER
    }
    known = programmes.several(act, {one.programme for one in found.values()})
    return {
        id: of(id, one, known[one.programme], centres[one.centre], day)
        for id, one in found.items()
        if one.programme in known
    }


def _writing(id: str, there: Terms, stored: Kept | None, now: datetime) -> Writing:
    draft = stored.state.draft if stored else Answers()
    left = {one.part for one in to_mend(faults(draft, there.rules), filled(draft))}
    done = len([part for part in PARTS if part not in left]) if draft.groups else 0
    return Writing(id, there, stored, done, now >= there.rules.opens_at)


def _visits(survey: Survey, told: list[dict[str, Any]], there: Terms) -> list[Visit]:
    """The last that placement told of each group."""
    last: dict[str, dict[str, Any]] = {}
    conditions: dict[str, dict[str, Any]] = {}
    for row in told:
        id, what = row["group"], row["what"]
        if id and what.startswith("booking."):
            if what == CONDITION:
                conditions[row["subject"]] = row
            elif row["codes"].get("status") != "conditioned":
                conditions.pop(row["subject"], None)
        elif id and what.startswith(("placement.", "attendance.")):
            before = last.get(id)
            last[id] = row if before is None or what not in IN_PASSING else _passed(before, row)
    answers = survey.submitted or survey.draft
    names = {group.id: (group.class_name, number) for number, group in enumerate(answers.groups, 1)}
    open_until: dict[str, datetime] = {}
    for row in conditions.values():
        until = row["codes"].get("decide_by")
        if until:
            known = open_until.get(row["group"])
            open_until[row["group"]] = min(moment(until), known or moment(until))
    return [
        _visit(row, there, *names.get(id, ("", 0)), open_until.get(id)) for id, row in last.items()
    ]


def _passed(before: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The state that was told before, with the numbers that were told since."""
    return {**before, "codes": {**before["codes"], **row["codes"]}}


def _visit(
    row: dict[str, Any], there: Terms, name: str, number: int, decide_by: datetime | None
) -> Visit:
    codes = row["codes"]
    stops = [stop for part in codes.get("parts") or () for stop in part["stops"]]
    first = min(stops, key=lambda stop: str(stop["start"]), default=None)
    by = codes.get("confirm_by")
    what = DONE if row["what"] == MOVED and codes["status"] == "confirmed" else row["what"]
    offered = codes.get("status") == "offered"
    return Visit(
        placement=row["subject"],
        what=what,
        campaign=there.campaign,
        group=name or str(number),
        people=codes.get("people") or 0,
        start=moment(first["start"]) if first else None,
        host=first["host"] if first else "",
        by=moment(by) if by else there.campaign.schools_confirm_by,
        position=codes.get("position"),
        # Before `asks` was told, a visit that had moved was always asked for again.
        asks=offered and (what == OFFERED or (what == MOVED and codes.get("asks", True))),
        decide_by=decide_by if offered else None,
    )


def _with_host(visit: Visit, names: dict[str, str]) -> Visit:
    return replace(visit, host=names.get(visit.host, ""))


def day_of(at: datetime) -> date:
    """The day of a visit in Seoul."""
    return at.astimezone(KST).date()
