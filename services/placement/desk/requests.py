"""A request to a host on the centre's page: what was heard on the telephone is written down."""

from collections.abc import Mapping
from datetime import datetime

from flask import Response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import FieldError, Invalid, Problem
from chassis.facts import KST
from chassis.http.mends import Mends, mends
from chassis.http.pages import render
from chassis.http.problems import text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.bookings import operations as bookings
from services.placement.bookings.shape import Condition, Telephoned
from services.placement.desk import operations
from services.placement.organisations import operations as organisations

CENTRE = (Role.CENTRE,)
REASONS = (
    "staff_absent",
    "date_unsuitable",
    "place_unavailable",
    "group_too_large",
    "group_too_small",
    "grade_unsuitable",
    "safety",
    "other",
)
CHECKS = ("site_visit", "documents", "telephone")

routes = Routes("requests")


class BookingPath(BaseModel):
    """Which request."""

    booking_id: str


@routes.page("/requests/<booking_id>", roles=CENTRE)
def look(act: Act, path: BookingPath) -> str:
    """One request: who comes, what the host has said, and what the centre may write down."""
    return _page(act, path, {}, [])


@routes.form("/requests/<booking_id>", roles=CENTRE)
def answer(act: Act, path: BookingPath) -> Response | tuple[str, int]:
    """Write down the host's answer (대리 입력), agree to its condition, or record a check."""
    sent = request.form
    try:
        match sent.get("do"):
            case "accept":
                bookings.accept(act, path.booking_id, _told(act, sent))
            case "decline":
                reason = sent.get("reason", "").strip()[:500]
                code = sent.get("reason_code", "other")
                bookings.decline(act, path.booking_id, code, reason, _told(act, sent))
            case "condition":
                condition = Condition(people=_number(sent.get("people", "")))
                bookings.attach_condition(act, path.booking_id, condition, _told(act, sent))
            case "agree":
                bookings.agree(act, path.booking_id)
            case "refuse":
                bookings.refuse_condition(act, path.booking_id)
            case "safety":
                note = sent.get("note", "").strip()[:500]
                day = act.now.astimezone(KST).date()
                code = sent.get("check_code", CHECKS[0])
                bookings.check_safety(act, path.booking_id, code, day, note)
            case _:
                raise Invalid([FieldError("/do", "missing")])
    except Problem as refused:
        return _page(act, path, sent, mends(refused)), refused.status
    campaign = bookings.show(act, path.booking_id).state.campaign
    return redirect(url_for("desk.of_campaign", campaign_id=campaign), 303)  # type: ignore[return-value]


def _page(act: Act, path: BookingPath, sent: Mapping[str, str], found: Mends) -> str:
    stored = bookings.show(act, path.booking_id)
    state = stored.state
    ids = {state.host, state.campaign, *([state.school] if state.school else [])}
    host = organisations.card(act, state.host)
    return render(
        "desk/request.html",
        booking=stored,
        names=operations.names_of(act, ids),
        phone=host.phone,
        seat=operations.seats(act, state.campaign).get(state.session),
        reasons=[(code, text(f"decline_reason.{code}")) for code in REASONS],
        checks=[(code, text(f"page.request.check.{code}")) for code in CHECKS],
        sent=sent,
        at=sent.get("at") or act.now.astimezone(KST).strftime("%Y-%m-%dT%H:%M"),
        mends=found,
        said=dict(reversed(found)),
    )


def _told(act: Act, sent: Mapping[str, str]) -> Telephoned:
    spoken_with = sent.get("spoken_with", "").strip()[:100]
    if not spoken_with:
        raise Invalid([FieldError("/by_telephone/spoken_with", "missing")])
    try:
        at = datetime.fromisoformat(sent.get("at", "")).replace(tzinfo=KST)
    except ValueError:
        at = act.now
    return Telephoned(spoken_with=spoken_with, at=at)


def _number(written: str) -> int | None:
    written = written.strip()
    return int(written) if written.isdecimal() and len(written) < 5 else None
