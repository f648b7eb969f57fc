"""Pages: the order of sessions that a school's wishes give, and how contested each field is.

The survey is registration's and the order placement's; only the browser asks both. The survey's
page sends what it has stored, this page answers, and the survey's page takes the answer in. Without
a script it is a page of its own. An own order is kept by registration, where its buttons lead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import make_response, request
from flask.wrappers import Response
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from chassis.act import Act
from chassis.errors import Malformed
from chassis.http.pages import render
from chassis.http.problems import catalogue, lang
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.demands import operations, sentences
from services.placement.demands.api import CampaignPath, OrderBody
from services.placement.demands.wished import Order
from services.placement.offers.operations import Opening

TEMPLATES = Path(__file__).parent / "templates"
MOST_GROUPS = 30
FIRST_SHOWN = 5
STEPS = {"ample": 1, "normal": 2, "short": 3}
READERS = (Role.SCHOOL, Role.CENTRE, Role.HOST, Role.OFFICE)

routes = Routes("orders", "/campaigns", templates=str(TEMPLATES))


class Asked(OrderBody):
    """A group's wishes with what the group is called; the name is shown and not kept."""

    name: str = Field(default="", max_length=60)


_ASKED = TypeAdapter(list[Asked])


@dataclass(frozen=True, slots=True)
class Stop:
    """A session in an order: who receives the group, what it is called, when and in which field."""

    team: str
    title: str
    start: datetime
    field: str
    step: int
    level: str


@dataclass(frozen=True, slots=True)
class Line:
    """One place in the order. `key` names its sessions for registration."""

    rank: int
    key: str
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Groups with the same order: the order, and what is not in it with the reason."""

    groups: tuple[str, ...]
    names: tuple[tuple[str, int], ...]
    own: bool
    lines: tuple[Line, ...]
    out: tuple[tuple[str, str, int], ...]


class LevelsQuery(BaseModel):
    """Nothing is asked but the levels."""


@routes.form("/<campaign_id>/order", roles=(Role.SCHOOL,), keyed=False)
def order(act: Act, path: CampaignPath) -> Response:
    """The order of sessions for the groups of a survey. Nothing is stored."""
    try:
        asked = _ASKED.validate_json(request.form.get("asks", "[]"))[:MOST_GROUPS]
    except ValidationError:
        raise Malformed("malformed") from None
    blocks: dict[Any, list[tuple[Asked, Order]]] = {}
    openings: dict[str, Opening] = {}
    for one in asked:
        preview = operations.order(act, path.campaign_id, one.group(), one.needs)
        openings |= preview.openings
        same = (tuple(e.sessions for e in preview.order.entries), bool(one.order))
        blocks.setdefault(same, []).append((one, preview.order))
    levels, _ = operations.levels(act, path.campaign_id)
    page = render(
        "demands/order.html",
        campaign=path.campaign_id,
        blocks=[_block(rows, openings, levels) for rows in blocks.values()],
        first_shown=FIRST_SHOWN,
    )
    return make_response(page)


@routes.page("/<campaign_id>/levels", roles=READERS)
def levels(act: Act, path: CampaignPath, query: LevelsQuery) -> str:
    """How contested each field is, as it stood last night."""
    found, at = operations.levels(act, path.campaign_id)
    rows = [
        (code, sentences.name(lang(), "fields", code), STEPS[level])
        for code, level in sorted(found.items())
    ]
    return render("demands/levels.html", rows=rows, at=at, campaign=path.campaign_id)


def _block(
    rows: list[tuple[Asked, Order]], openings: Mapping[str, Opening], levels: Mapping[str, str]
) -> Block:
    asked, found = rows[0]
    lines = [
        Line(
            entry.rank + 1,
            "+".join(entry.sessions),
            tuple(_stop(openings[session], levels) for session in entry.sessions),
        )
        for entry in found.entries
    ]
    return Block(
        groups=tuple(one.id for one, _ in rows),
        names=tuple((one.name, one.people) for one, _ in rows),
        own=bool(asked.order),
        lines=tuple(lines),
        out=_out(found, openings),
    )


def _out(found: Order, openings: Mapping[str, Opening]) -> tuple[tuple[str, str, int], ...]:
    """What is not in the order: team, the reason in a sentence, and how many sessions it meets."""
    counted: dict[tuple[str, str], int] = {}
    for one in found.excluded:
        content = openings[one.session].offer.content
        why = sentences.reason(catalogue(), lang(), one.code, one.facts)
        key = (content.team_name or content.title, why)
        counted[key] = counted.get(key, 0) + 1
    return tuple((team, why, number) for (team, why), number in counted.items())


def _stop(opening: Opening, levels: Mapping[str, str]) -> Stop:
    content = opening.offer.content
    level = levels.get(content.field, "ample")
    return Stop(
        team=content.team_name or content.title,
        title=content.title,
        start=opening.session.start,
        field=sentences.name(lang(), "fields", content.field),
        step=STEPS[level],
        level=level,
    )
