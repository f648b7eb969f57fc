"""The supply gap as pages: for the centre with every figure, for anyone without who wants it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response
from pydantic import BaseModel

from chassis.act import Act
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.http.sheets import attachment, workbook
from chassis.roles import Role
from services.placement.campaigns import operations as campaigns
from services.placement.demands import operations as demands
from services.placement.demands import sentences
from services.placement.demands.supply import Level
from services.placement.demands.supply import Row as Figure
from services.placement.organisations import operations as organisations

STEP: dict[Level, int] = {"ample": 1, "normal": 2, "short": 3}
WORST_FIRST: dict[Level, int] = {"short": 0, "normal": 1, "ample": 2}

routes = Routes("supply")


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the gap, in words. `missing` is negative where seats are left."""

    name: str
    week: date | None
    demand: int | None
    seats: int
    sessions: int
    level: Level
    step: int

    @property
    def missing(self) -> int | None:
        """How many seats are missing."""
        return None if self.demand is None else self.demand - self.seats


@routes.page("/campaigns/<campaign_id>/supply", roles=(Role.CENTRE,))
def supply(act: Act, path: CampaignPath) -> str:
    """Demand against seats with every figure."""
    campaigns.own(act, path.campaign_id)
    return _page(act, path.campaign_id, "desk/supply.html")


@routes.page("/campaigns/<campaign_id>/recruiting", roles=(Role.PUBLIC,))
def recruiting(act: Act, path: CampaignPath) -> str:
    """What is wanted, for those who might become hosts; nothing points at a school."""
    return _page(act, path.campaign_id, "desk/recruiting.html")


@routes.query("/campaigns/<campaign_id>/supply.xlsx", roles=(Role.CENTRE,))
def supply_sheet(act: Act, path: CampaignPath) -> Response:
    """The same figures as a workbook."""
    campaigns.own(act, path.campaign_id)
    fields, weeks = _rows(act, path.campaign_id)
    heads = [text(f"page.supply.{one}") for one in ("field", "week", "demand", "seats", "level")]
    rows = [
        (one.name, one.week, one.demand, one.seats, text(f"supply.{one.level}"))
        for one in (*fields, *weeks)
    ]
    title = text("page.supply.title")
    return attachment(title, workbook(title, heads, rows))


def _page(act: Act, campaign: str, template: str) -> str:
    frame = campaigns.show(act, campaign)
    fields, weeks = _rows(act, campaign)
    counted = [one for one in fields if one.demand is not None]
    short = [one for one in fields if one.level == "short"]
    return render(
        template,
        campaign=campaign,
        frame=frame,
        window={name: date.fromisoformat(frame["window"][name]) for name in ("first", "last")},
        names=organisations.names(act, [campaign, frame["centre"]]),
        fields=fields,
        weeks=[one for one in weeks if one.level == "short"],
        short=short,
        bars=[_bar(one) for one in counted],
        as_of=act.now,
    )


def _bar(one: Row) -> tuple[Any, ...]:
    wanted = one.demand or 0
    key = "short" if wanted > one.seats else "left"
    words = text(f"page.supply.seats_{key}", count=abs(wanted - one.seats))
    return one.name, wanted, one.seats, words, wanted > one.seats


def _rows(act: Act, campaign: str) -> tuple[list[Row], list[Row]]:
    found, _ = demands.supply(act, campaign)
    fields = sorted((_row(one) for one in found.fields), key=_order)
    weeks = [_row(one) for one in found.weeks]
    return fields, weeks


def _order(one: Row) -> tuple[int, int, str]:
    return WORST_FIRST[one.level], -(one.missing or 0), one.name


def _row(one: Figure) -> Row:
    return Row(
        name=sentences.name(lang(), "fields", one.field),
        week=one.week,
        demand=one.demand,
        seats=one.seats,
        sessions=one.sessions,
        level=one.level,
        step=STEP[one.level],
    )
