"""What a centre sees of its placements, gathered from the features that keep it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.documents import Stored
from chassis.facts import KST
from services.placement.bookings import operations as bookings
from services.placement.bookings.shape import Booking
from services.placement.campaigns import operations as campaigns
from services.placement.demands import operations as demands
from services.placement.offers import operations as offers
from services.placement.organisations import operations as organisations
from services.placement.placements import bulk
from services.placement.placements.shape import Placement
from services.placement.releases import operations as releases
from services.placement.releases.model import Releases
from services.placement.repairs import operations as repairs
from services.placement.repairs.model import Repair
from services.placement.runs import operations as runs
from services.placement.runs.model import Run
from services.placement.waitlists import operations as waitlists

MOST = 50
WAITING = ("asked", "conditioned")
FIRST_STAGE = "placed"
STAGES = ("survey", "placing", "hosts", "schools", "visits", "over")


@dataclass(frozen=True, slots=True)
class Count:
    """How many applicants and people are in one state of a result."""

    groups: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run found, in numbers; `claim` says how sure the number of those placed is."""

    placed: Count
    waitlisted: Count
    not_selected: Count
    claim: str

    @property
    def all(self) -> Count:
        """Everybody who asked."""
        parts = (self.placed, self.waitlisted, self.not_selected)
        return Count(sum(p.groups for p in parts), sum(p.people for p in parts))


@dataclass(frozen=True, slots=True)
class Desk:
    """One campaign on the desk. Names are by id; `more` says that requests go on."""

    id: str
    frame: Mapping[str, Any]
    run: Stored[Run] | None
    verdict: Verdict | None
    names: Mapping[str, str]
    requests: tuple[Stored[Booking], ...] = ()
    more: bool = False
    repairs: tuple[Stored[Repair], ...] = ()
    waiting: tuple[tuple[int, Stored[Placement]], ...] = ()
    releases: Releases | None = None
    stage: int = 0
    """How far the campaign is: the place in `STAGES`."""

    @property
    def closed(self) -> bool:
        """Whether a run may begin."""
        return campaigns.closed(self.frame)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as a table shows it: its school's name for it, and its grade if that is unsaid."""

    name: str | None
    grade: int | None


@dataclass(frozen=True, slots=True)
class Seat:
    """A session as a table shows it: whose it is, and when."""

    host: str
    team: str | None
    start: datetime


def overview(act: Act) -> list[Desk]:
    """The centre's campaigns whose survey has closed, the latest deadline first."""
    frames = [frame for frame in campaigns.of_centre(act) if campaigns.closed(frame)]
    names = organisations.names(act, [frame["_id"] for frame in frames])
    return [_with_run(act, frame, names) for frame in frames]


def campaign(act: Act, id: str) -> Desk:
    """One campaign with all that waits. Raises NotFound."""
    frame = campaigns.own(act, id)
    asked = bookings.page(act, campaign=id, status=WAITING, limit=MOST)
    open_repairs = [
        *repairs.page(act, id, "previewed", MOST, None).items,
        *repairs.page(act, id, "queued", MOST, None).items,
    ]
    waiting = waitlists.positions(waitlists.show(act, id))
    parties = {
        id,
        *(row.state.host for row in asked.items),
        *(row.state.school for row in asked.items if row.state.school),
        *(row.school for repair in open_repairs for row in repair.state.rows),
        *(row.state.school for _, row in waiting),
    }
    desk = _with_run(act, frame, organisations.names(act, parties))
    return Desk(
        id=desk.id,
        frame=desk.frame,
        run=desk.run,
        verdict=desk.verdict,
        names=desk.names,
        requests=tuple(sorted(asked.items, key=lambda row: row.state.reply_by)),
        more=asked.next is not None,
        repairs=tuple(open_repairs),
        waiting=tuple(waiting),
        releases=releases.show(act, id),
        stage=desk.stage,
    )


def of_run(act: Act, run: Stored[Run]) -> Desk:
    """A run with its campaign and its numbers."""
    frame = campaigns.own(act, run.state.campaign)
    names = organisations.names(act, [run.state.campaign])
    return Desk(
        frame["_id"],
        frame,
        run,
        _verdict(act, run, frame),
        names,
        releases=releases.show(act, frame["_id"]),
        stage=_stage(act, frame, run),
    )


def seats(act: Act, campaign: str) -> dict[str, Seat]:
    """The sessions of a campaign by id, with their hosts' names."""
    found = offers.sessions(act, campaign)
    names = organisations.names(act, {one.offer.host for one in found})
    return {
        one.session.id: Seat(
            names.get(one.offer.host, ""), one.offer.content.team_name, one.session.start
        )
        for one in found
    }


def groups(act: Act, campaign: str, ids: Iterable[str | None]) -> dict[str, Group]:
    """What these groups are called, by id; persons are left out."""
    wanted = [id for id in ids if id]
    names = demands.names(act, campaign, wanted)
    return {
        id: Group(names.get(id), demands.year_of(names.get(id, ""), row.get("grade")))
        for id, row in demands.described(act, campaign, wanted).items()
    }


def groups_shown(desk: Desk) -> set[str]:
    """The groups that a campaign's page names: of requests, repairs and the waitlist."""
    shown = {row.state.group for row in desk.requests} | {
        row.state.group for _, row in desk.waiting
    }
    shown |= {row.applicant for repair in desk.repairs for row in repair.state.rows}
    return {id for id in shown if id}


def moves(run: Stored[Run], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The placements of the groups that may be moved by hand, by applicant."""
    if run.state.hosts is None or run.state.hosts.finished is None:
        return {}
    return {
        row["applicant"]: bulk.placement_id(run.id, row["applicant"])
        for row in rows
        if row["state"] == "placed" and row["kind"] == "group"
    }


def names_of(act: Act, ids: Iterable[str]) -> dict[str, str]:
    """What organisations are called."""
    return organisations.names(act, ids)


def _with_run(act: Act, frame: Mapping[str, Any], names: Mapping[str, str]) -> Desk:
    latest = _latest(act, frame["_id"])
    verdict = _verdict(act, latest, frame) if latest else None
    return Desk(frame["_id"], frame, latest, verdict, names, stage=_stage(act, frame, latest))


def _stage(act: Act, frame: Mapping[str, Any], run: Stored[Run] | None) -> int:
    """The place of the present stage of the campaign."""
    if not campaigns.closed(frame):
        return STAGES.index("survey")
    if run is None or run.state.hosts is None:
        return STAGES.index("placing")
    if run.state.schools is None:
        return STAGES.index("hosts")
    today = act.now.astimezone(KST).date().isoformat()
    window = frame["window"]
    if today < window["first"]:
        return STAGES.index("schools")
    return STAGES.index("visits" if today <= window["last"] else "over")


def _latest(act: Act, campaign: str) -> Stored[Run] | None:
    """The run that was released, else the one begun last."""
    released = runs.released_run(act, campaign)
    if released is not None:
        return released
    found = runs.page(act, campaign, MOST, None).items
    return max(found, key=lambda run: run.created, default=None)


def _verdict(act: Act, run: Stored[Run], frame: Mapping[str, Any]) -> Verdict | None:
    result = run.state.result
    if result is None:
        return None
    found = {state: Count(*pair) for state, pair in runs.counts(act, run).items()}
    place = list(frame["stages"]).index(FIRST_STAGE) if FIRST_STAGE in frame["stages"] else -1
    claim = result.claims[place] if 0 <= place < len(result.claims) else "solver_claimed"
    return Verdict(
        placed=found.get("placed", Count()),
        waitlisted=found.get("waitlisted", Count()),
        not_selected=found.get("not_selected", Count()),
        claim=claim,
    )
