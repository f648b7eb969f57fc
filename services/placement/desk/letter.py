"""The official letter (공문) of a release: text in official numbering, and its attachment.

Offices send letters by their own document system, so the text is there to be copied. Official
letters are written in Korean, with dates as `2024. 10. 2.(수)` and hours as `18:00`; the text
ends with `끝.` after two spaces.
"""

from datetime import date, datetime

from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import NotFound
from chassis.facts import KST, moment
from chassis.http.pages import render
from chassis.http.problems import catalogue
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.desk import operations
from services.placement.desk.operations import Desk
from services.placement.runs import operations as runs

CENTRE = (Role.CENTRE,)
BATCH = 500
routes = Routes("letter")


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: str


@routes.page("/campaigns/<campaign_id>/letter", roles=CENTRE)
def letter(act: Act, path: CampaignPath) -> str:
    """The letter to the schools, to be copied, with its attachments."""
    desk = _placed(act, path.campaign_id)
    return render("desk/letter.html", desk=desk, text=written(act, desk))


@routes.page("/campaigns/<campaign_id>/letter/attachment", roles=CENTRE)
def attachment(act: Act, path: CampaignPath) -> str:
    """The attachment as a sheet to print, or to keep as PDF by the browser's print dialogue."""
    desk = _placed(act, path.campaign_id)
    rows = []
    after = -1
    while desk.run and (found := runs.results(act, desk.run.id, after, BATCH, ("placed",))):
        rows.extend(found)
        after = found[-1]["number"]
    names = operations.names_of(act, {row["school"] for row in rows})
    return render(
        "desk/attachment.html",
        desk=desk,
        rows=sorted(rows, key=lambda row: names.get(row["school"], "")),
        names=names,
        seats=operations.seats(act, desk.id),
    )


def written(act: Act, desk: Desk) -> str:
    """The letter's text."""
    if desk.verdict is None or desk.run is None:
        raise NotFound()
    frame = desk.frame
    by = desk.run.state.schools.answer_by if desk.run.state.schools else None
    names = operations.names_of(act, {frame["centre"], desk.id})
    window = {name: date.fromisoformat(frame["window"][name]) for name in ("first", "last")}
    facts = {
        "campaign": names.get(desk.id, ""),
        "centre": names.get(frame["centre"], ""),
        "first": official_day(window["first"]),
        "last": official_day(window["last"]),
        "schools": len({school for school, placed, _ in runs.shares(act, desk.run) if placed}),
        "groups": desk.verdict.placed.groups,
        "people": desk.verdict.placed.people,
        "by": official_time(by or moment(frame["schools_confirm_by"])),
    }
    return _say("letter.body", **facts)


def official_day(day: date) -> str:
    """A day as official letters write it: `2024. 10. 2.(수)`."""
    weekdays = catalogue().raw("ko", "times.weekdays")
    return f"{day.year}. {day.month}. {day.day}.({weekdays[day.weekday()]})"


def official_time(at: datetime) -> str:
    """A moment as official letters write it: `2024. 10. 2.(수) 18:00`."""
    local = at.astimezone(KST)
    return f"{official_day(local.date())} {local:%H:%M}"


def _placed(act: Act, campaign: str) -> Desk:
    desk = operations.campaign(act, campaign)
    if desk.verdict is None:
        raise NotFound()
    return desk


def _say(key: str, **facts: object) -> str:
    return catalogue().text("ko", key, **facts)
