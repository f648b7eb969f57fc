"""JSON endpoints of demands: the order of sessions before submitting, and the supply gap."""

from datetime import date as Day
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chassis.act import Act
from chassis.http.problems import catalogue, lang
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.demands import operations, sentences
from services.placement.demands import supply as gaps
from services.placement.offers.operations import Opening
from services.placement.organisations import operations as organisations

routes = Routes("demands", "/api/v1/campaigns")
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
CODE = r"^[a-z][a-z0-9_]{0,39}$"


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


class DateBody(BaseModel):
    """A wished day with its hours (Asia/Seoul)."""

    model_config = ConfigDict(populate_by_name=True)

    date: Day
    begins: str | None = Field(default=None, alias="from", pattern=CLOCK)
    ends: str | None = Field(default=None, alias="to", pattern=CLOCK)


class SplitBody(BaseModel):
    """How a group may be divided."""

    smallest: int = Field(ge=1, le=10_000)
    parts: int = Field(ge=1, le=100)


class OrderBody(BaseModel):
    """A group's wishes, in the words of the demand survey; what else a survey says is ignored.

    `needs`: access needs of the group. `school`: for a centre, whose group it is.
    """

    model_config = ConfigDict(extra="ignore")

    id: str = ""
    level: str = Field(pattern=CODE)
    grade: int | None = Field(default=None, ge=1, le=6)
    people: int = Field(ge=1, le=10_000)
    fields: list[str] = Field(default=[], max_length=20)
    kinds: list[str] = Field(default=[], max_length=20)
    dates: list[DateBody] = Field(default=[], max_length=20)
    first: Literal["field", "date"] = "field"
    stops: int = Field(default=1, ge=1, le=3)
    place: Literal["on_site", "in_school"] | None = None
    travel_limit: int | None = Field(default=None, ge=0, le=600)
    smallest: int | None = Field(default=None, ge=1, le=10_000)
    split: SplitBody | None = None
    blackout: list[Day] = Field(default=[], max_length=200)
    weekdays: list[int] = Field(default=[], max_length=7)
    wants: int = Field(default=1, ge=1, le=20)
    order: list[list[str]] = Field(default=[], max_length=60)
    needs: list[str] = Field(default=[], max_length=20)
    school: str | None = None

    def group(self) -> dict[str, Any]:
        """The group as a survey's event describes one."""
        data = self.model_dump(mode="json", exclude={"needs", "school", "dates"})
        data["dates"] = [
            {"date": d.date.isoformat(), "from": d.begins, "to": d.ends} for d in self.dates
        ]
        return data


class StopView(BaseModel):
    """A session as a teacher reads it."""

    session: str
    offer: str
    title: str
    host: str
    host_name: str | None
    team_name: str | None
    field: str
    kind: str
    place: str
    hazards: list[str]
    start: datetime
    end: datetime


class EntryView(BaseModel):
    """One place in the order; equal ranks are ties. `travel`: minutes between the stops."""

    rank: int
    stops: list[StopView]
    travel: list[int]


class ExcludedView(BaseModel):
    """A session that is not in the order, and why, as code, facts and sentence."""

    stop: StopView
    code: str
    facts: dict[str, Any]
    reason: str


class OrderView(BaseModel):
    """The order of sessions of a group, by the rule that is named."""

    rule_version: int
    rule_hash: str
    entries: list[EntryView]
    excluded: list[ExcludedView]


class SupplyQuery(BaseModel):
    """Wait for an event to have been seen."""

    after: str | None = None


class SupplyRow(BaseModel):
    """One field (and week, by its Monday): people asked for, seats, and the level.

    `demand` and `percent` are null where fewer than three schools stand behind a public figure.
    """

    field: str
    field_name: str
    week: Day | None
    demand: int | None
    seats: int
    sessions: int
    percent: int | None
    level: str
    level_name: str


class SupplyView(BaseModel):
    """The supply gap: by field, by field and week, and demand that named no day."""

    as_of: datetime
    demand: int | None
    seats: int
    fields: list[SupplyRow]
    weeks: list[SupplyRow]
    undated: list[SupplyRow]


class HoleView(BaseModel):
    """A bucket of the manifest in which the own copy differs, and why."""

    kind: str
    bucket: str
    why: str
    reason: str
    expected: int
    found: int


class CopyView(BaseModel):
    """Whether everything that was answered has arrived here."""

    complete: bool
    holes: list[HoleView]


@routes.query("/<campaign_id>/copy", roles=(Role.CENTRE,), answer=CopyView)
def copy(act: Act, path: CampaignPath, query: SupplyQuery) -> CopyView:
    """The own copy of a closed campaign's demands against its manifest."""
    holes = operations.missing(act, path.campaign_id)
    return CopyView(
        complete=not holes,
        holes=[
            HoleView(
                kind=h.kind,
                bucket=h.bucket,
                why=h.why,
                reason=catalogue().text(lang(), f"hole.{h.why}"),
                expected=h.expected,
                found=h.found,
            )
            for h in holes
        ],
    )


@routes.command(
    "POST",
    "/<campaign_id>/order",
    roles=(Role.SCHOOL, Role.CENTRE),
    answer=OrderView,
    keyed=False,
)
def order(act: Act, path: CampaignPath, body: OrderBody) -> OrderView:
    """The order of sessions that these wishes give; nothing is stored."""
    preview = operations.order(act, path.campaign_id, body.group(), body.needs, body.school)
    openings = preview.openings
    names = organisations.names(act, {o.offer.host for o in openings.values()})

    def stop(session: str) -> StopView:
        return _stop(openings[session], names)

    rule = operations.rule()
    return OrderView(
        rule_version=int(rule["version"]),
        rule_hash=str(rule["fingerprint"]),
        entries=[
            EntryView(rank=e.rank, stops=[stop(s) for s in e.sessions], travel=list(e.travel))
            for e in preview.order.entries
        ],
        excluded=[
            ExcludedView(
                stop=stop(e.session),
                code=e.code,
                facts=e.facts,
                reason=sentences.reason(catalogue(), lang(), e.code, e.facts),
            )
            for e in preview.order.excluded
        ],
    )


@routes.query(
    "/<campaign_id>/supply",
    roles=(Role.CENTRE, Role.OFFICE, Role.HOST, Role.SCHOOL),
    answer=SupplyView,
)
def supply(act: Act, path: CampaignPath, query: SupplyQuery) -> SupplyView:
    """Demand against seats. The campaign's own centre sees every figure."""
    return _gap(act, path)


@routes.query("/<campaign_id>/supply/public", roles=(Role.PUBLIC,), answer=SupplyView)
def public_supply(act: Act, path: CampaignPath, query: SupplyQuery) -> SupplyView:
    """Demand against seats for anyone: what is wanted, without who wants it."""
    return _gap(act, path)


def _gap(act: Act, path: CampaignPath) -> SupplyView:
    found, whole = operations.supply(act, path.campaign_id)
    return SupplyView(
        as_of=act.now,
        demand=found.demand if whole else None,
        seats=found.seats,
        fields=[_row(row) for row in found.fields],
        weeks=[_row(row) for row in found.weeks],
        undated=[_row(row) for row in found.undated],
    )


def _row(row: gaps.Row) -> SupplyRow:
    return SupplyRow(
        field=row.field,
        field_name=sentences.name(lang(), "fields", row.field),
        week=row.week,
        demand=row.demand,
        seats=row.seats,
        sessions=row.sessions,
        percent=row.percent,
        level=row.level,
        level_name=catalogue().text(lang(), f"supply.{row.level}"),
    )


def _stop(opening: Opening, names: dict[str, str]) -> StopView:
    offer, content = opening.offer, opening.offer.content
    return StopView(
        session=opening.session.id,
        offer=opening.offer_id,
        title=content.title,
        host=offer.host,
        host_name=names.get(offer.host),
        team_name=content.team_name,
        field=content.field,
        kind=content.kind,
        place=content.place,
        hazards=list(content.hazards),
        start=opening.session.start,
        end=opening.session.end,
    )
