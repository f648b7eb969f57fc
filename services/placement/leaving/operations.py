"""Which groups of a school still stand in a campaign, and taking all of them back."""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.act import Act
from chassis.documents import Receipt, Replayed, Stored
from chassis.errors import Forbidden, NotFound, Refused
from chassis.scope import Centre
from services.placement.campaigns import operations as campaigns
from services.placement.demands import operations as demands
from services.placement.organisations import operations as organisations
from services.placement.organisations.operations import Card
from services.placement.placements import operations as placements
from services.placement.placements.shape import Placement

BY_SCHOOL = ("waitlisted", "offered", "confirmed")
"""States that a school may end itself. Who waits leaves first, so that no seat is offered to it
that another group of the same school has just given back."""
BY_CENTRE = (*BY_SCHOOL, "planned", "postponed")
"""The centre also ends what the school has not been told yet."""
MOST = 100


@dataclass(frozen=True, slots=True)
class Group:
    """A group that still stands, as its school calls it; `year` is the grade if that is unsaid."""

    id: str
    name: str | None
    year: int | None
    state: Placement


@dataclass(frozen=True, slots=True)
class Leaving:
    """A school in a campaign, and what would end if it left."""

    campaign: str
    campaign_name: str | None
    school: str
    school_name: str | None
    centre: Card
    groups: tuple[Group, ...]
    now: datetime

    @property
    def people(self) -> int:
        """How many people would not come, or would not wait any longer."""
        return sum(one.state.people for one in self.groups)

    @property
    def hosts(self) -> int:
        """How many hosts expect somebody of them."""
        return len({stop.host for one in self.groups for stop in one.state.stops})


def own(act: Act, campaign: str) -> Leaving:
    """The acting school in a campaign. Raises NotFound where nothing of it stands."""
    found = _leaving(act, campaign, act.tenant(), BY_SCHOOL)
    if not found.groups:
        # As for a campaign that is not there, so that the answer tells nothing of it.
        raise NotFound("campaign_unknown")
    return found


def of_school(act: Act, campaign: str, school: str) -> Leaving:
    """A school that the acting centre looks after, in a campaign of its own. Raises NotFound."""
    frame = campaigns.own(act, campaign)
    found = _leaving(act, campaign, school, BY_CENTRE)
    if not found.groups and not organisations.related(
        act, frame["centre"], school, "centre_school"
    ):
        raise NotFound()
    return found


def leave(act: Act, found: Leaving, reason_code: str, reason: str) -> Receipt:
    """End all of it: seats go to who waits, hosts are told. What cannot end is named by its code.

    Each group ends by itself, so that asking again after a crash ends the rest.
    """
    refused: dict[str, str] = {}
    for one in found.groups:
        try:
            if one.state.status in BY_SCHOOL:
                placements.withdraw(act, one.id, reason_code, reason)
            else:
                placements.cancel(act, one.id, "school_withdrew", reason)
        except Replayed:
            continue
        except (Refused, Forbidden) as why:
            refused[one.id] = why.code
    return Receipt(
        id=act.new_id("leaving"),
        version=1,
        sequence=0,
        state="withdrawn",
        extra={"withdrawn": len(found.groups) - len(refused), "refused": refused},
    )


def withdrawn(act: Act, campaign: str, school: str) -> None:
    """A school took its survey back in the very moment of a release: what was made of it ends."""
    for row in _rows(act, campaign, school, BY_CENTRE):
        placements.cancel(act, row.id, "school_withdrew", "")


def _ahead(act: Act, placement: Placement) -> bool:
    """Whether it is not too late to stay away: what has begun is told by its attendance."""
    return placement.first_start is None or act.now < placement.first_start


def _rows(act: Act, campaign: str, school: str, states: tuple[str, ...]) -> list[Stored[Placement]]:
    """What stands of a school in a campaign, in the order of these states."""
    rows: list[Stored[Placement]] = []
    after: str | None = None
    while True:
        page = placements.page(act, campaign, states, school, MOST, after)
        rows += [row for row in page.items if row.state.school == school and _ahead(act, row.state)]
        after = page.next
        if after is None:
            break
    rows.sort(key=lambda row: (states.index(row.state.status), row.id))
    return rows


def _leaving(act: Act, campaign: str, school: str, states: tuple[str, ...]) -> Leaving:
    rows = _rows(act, campaign, school, states)
    centre = campaigns.show(act, campaign)["centre"]
    inside = replace(act, scope=Centre(centre))
    ids = [row.state.group for row in rows if row.state.group]
    called = demands.names(inside, campaign, ids)
    described = demands.described(inside, campaign, ids)
    names = organisations.names(act, {campaign, school})

    def group(row: Stored[Placement]) -> Group:
        id = row.state.group or ""
        grade = described.get(id, {}).get("grade")
        return Group(row.id, called.get(id), demands.year_of(called.get(id, ""), grade), row.state)

    return Leaving(
        campaign=campaign,
        campaign_name=names.get(campaign),
        school=school,
        school_name=names.get(school),
        centre=organisations.card(act, centre),
        groups=tuple(group(row) for row in rows),
        now=act.now,
    )
