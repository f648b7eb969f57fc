"""What anyone may know of a campaign's placement, and when it became known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.act import Act
from chassis.errors import NotFound
from chassis.facts import moment
from services.placement.campaigns import operations as campaigns
from services.placement.organisations import operations as organisations
from services.placement.organisations.operations import Card
from services.placement.runs import operations as runs

MOST_LINES = 300
"""Larger campaigns are read from the files."""


@dataclass(frozen=True, slots=True)
class Line:
    """One applicant under its public name. `rank` is None for who was not placed."""

    name: str
    people: int
    placed: int
    rank: int | None


@dataclass(frozen=True, slots=True)
class Public:
    """The public side of a campaign."""

    id: str
    frame: Mapping[str, Any]
    name: str | None
    centre: Card
    run: str | None
    lottery: Mapping[str, Any] | None
    files: Sequence[Mapping[str, str]]
    lines: Sequence[Line]
    claim: str | None
    released: datetime | None

    @property
    def deadline(self) -> datetime:
        """When the survey closed, or closes."""
        return moment(self.frame["deadline"])

    @property
    def placed(self) -> Sequence[Line]:
        """Those who found a seat."""
        return [line for line in self.lines if line.placed]


def campaign(act: Act, id: str) -> Public:
    """The public side of an announced campaign. Raises NotFound."""
    frame = campaigns.show(act, id)
    try:
        lottery: Mapping[str, Any] | None = runs.show_lottery(act, id)
    except NotFound:
        lottery = None
    run = runs.told_to_all(act, id)
    files = runs.published(act, run.id) if run else []
    names = {row["name"] for row in files}
    readable = run is not None and {"market.json", "result.json"} <= names
    market = _read(act, run.id, "market.json") if run and readable else {}
    result = _read(act, run.id, "result.json") if run and readable else {}
    stages = result.get("stages") or [{}]
    schools = run.state.schools if run else None
    return Public(
        id=id,
        frame=frame,
        name=organisations.names(act, [id]).get(id),
        centre=organisations.card(act, frame["centre"]),
        run=run.id if run else None,
        lottery=lottery,
        files=files,
        lines=_lines(market, result),
        claim=str(stages[0].get("claim", "")).replace("-", "_") or None,
        released=schools.finished if schools else None,
    )


def _read(act: Act, run: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(runs.published_file(act, run, name))
    return found


def _lines(market: Mapping[str, Any], result: Mapping[str, Any]) -> list[Line]:
    parts = {row["applicant"]: row["parts"] for row in result.get("placements", ())}
    lines = []
    for row in market.get("applicants", ()):
        given = parts.get(row["id"], [])
        ranks = [row["wishes"][part["wish"]]["rank"] for part in given]
        placed = sum(part["people"] for part in given)
        lines.append(Line(row["id"], row["people"], placed, min(ranks, default=None)))
    return lines
