"""Pages of a host: its offers, one calendar over all centres, and taking a visit back."""

from functools import partial
from pathlib import Path
from typing import get_args

from flask import Response, make_response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import Invalid, Refused
from chassis.http.mends import Mends, mends
from chassis.http.pages import render
from chassis.http.problems import lang
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.bookings import operations as bookings
from services.placement.demands import sentences
from services.placement.hosting import forms, operations
from services.placement.hosting.forms import Typed
from services.placement.hosting.operations import Own
from services.placement.offers import operations as offers
from services.placement.offers.codes import listed
from services.placement.offers.content import Hazard, Setting

TEMPLATES = Path(__file__).parent / "templates"
HOST = (Role.HOST,)
HAZARDS: tuple[str, ...] = get_args(Hazard)
SETTINGS: tuple[str, ...] = get_args(Setting)
CANCEL_REASONS = ("staff_absent", "place_unavailable", "safety", "other")
WITHDRAW_REASONS = ("staff_absent", "place_unavailable", "date_unsuitable", "other")

routes = Routes("hosting", templates=str(TEMPLATES))


class OfferPath(BaseModel):
    """Which offer."""

    offer_id: str


class BookingPath(BaseModel):
    """Which visit."""

    booking_id: str


@routes.page("/offers", roles=HOST)
def overview(act: Act) -> str:
    """The host's offers and its calendar."""
    return render(
        "hosting/overview.html", offers=operations.overview(act), days=operations.calendar(act)
    )


@routes.page("/offers/new", roles=HOST)
def begin(act: Act) -> Response:
    """The form for a new offer."""
    return _form(act, None, forms.empty(), [], 200)


@routes.form("/offers/new", roles=HOST)
def draft(act: Act) -> Response:
    """Keep a new offer as a draft; nobody else sees it yet."""
    return _saved(act, None)


@routes.page("/offers/<offer_id>", roles=HOST)
def one(act: Act, path: OfferPath) -> Response:
    """One offer with its sessions and who asks for them."""
    return _one(act, path.offer_id, [], 200)


@routes.page("/offers/<offer_id>/edit", roles=HOST)
def edit(act: Act, path: OfferPath) -> Response:
    """The form of an offer that exists."""
    own = operations.offer(act, path.offer_id)
    return _form(act, own, forms.of(own.offer), [], 200)


@routes.form("/offers/<offer_id>/edit", roles=HOST)
def rewrite(act: Act, path: OfferPath) -> Response:
    """Change an offer; a published one gets its next version."""
    return _saved(act, operations.offer(act, path.offer_id))


@routes.form("/offers/<offer_id>/publish", roles=HOST)
def publish(act: Act, path: OfferPath) -> Response:
    """Publish an offer."""
    try:
        offers.publish(act, path.offer_id)
    except Refused as refused:
        return _refused(act, path.offer_id, refused)
    return _to(path.offer_id)


@routes.page("/offers/<offer_id>/withdraw", roles=HOST)
def withdrawing(act: Act, path: OfferPath) -> str:
    """What taking an offer back does, before it is done."""
    own = operations.offer(act, path.offer_id)
    return render("hosting/withdraw.html", own=own, reasons=WITHDRAW_REASONS)


@routes.form("/offers/<offer_id>/withdraw", roles=HOST)
def withdraw(act: Act, path: OfferPath) -> Response:
    """Take a published offer back."""
    try:
        offers.withdraw(act, path.offer_id, _reason(WITHDRAW_REASONS))
    except Refused as refused:
        return _refused(act, path.offer_id, refused)
    return _to(path.offer_id)


@routes.page("/visits/<booking_id>/cancel", roles=HOST)
def cancelling(act: Act, path: BookingPath) -> str:
    """Who is affected if the host takes a visit back, and where else they could go."""
    found = operations.affected(act, path.booking_id)
    return render("hosting/cancel.html", found=found, reasons=CANCEL_REASONS)


@routes.form("/visits/<booking_id>/cancel", roles=HOST)
def cancel(act: Act, path: BookingPath) -> Response:
    """Take a visit back; a repair is queued."""
    words = request.form.get("reason", "")[:500]
    bookings.cancel(act, path.booking_id, _reason(CANCEL_REASONS), words)
    return redirect(url_for("answers.ask", booking_id=path.booking_id), 303)  # type: ignore


def _saved(act: Act, own: Own | None) -> Response:
    said = forms.typed(request.form)
    chosen = {one.id: one for one in operations.open_campaigns(act)}
    try:
        campaign = chosen.get(said.one["campaign"])
        rules = partial(
            offers.faults_in,
            act,
            campaign=campaign.id if campaign else None,
            id=own.id if own else None,
        )
        content = forms.content(said, own.offer.content if own else None, rules)
        receipt = operations.save(act, own.id if own else None, content, campaign)
    except Invalid as refused:
        return _form(act, own, said, forms.fields(refused), refused.status)
    except Refused as refused:
        return _form(act, own, said, mends(refused), refused.status)
    return _to(receipt.id)


def _form(act: Act, own: Own | None, said: Typed, found: Mends, status: int) -> Response:
    lists = {
        name: [(sentences.name(lang(), name, code), code) for code in found]
        for name, found in listed().items()
    }
    page = render(
        "hosting/form.html",
        own=own,
        said=said,
        campaigns=operations.open_campaigns(act) if own is None else [],
        lists=lists,
        hazards=HAZARDS,
        settings=SETTINGS,
        more=range(forms.ROWS),
        found=found,
        errors=dict(found),
    )
    return make_response(page, status)


def _refused(act: Act, offer: str, refused: Refused) -> Response:
    """The offer's page with the sentence that says why nothing was done."""
    return _one(act, offer, mends(refused), refused.status)


def _one(act: Act, id: str, found: Mends, status: int) -> Response:
    own = operations.offer(act, id)
    content = own.offer.content
    names = {
        "field": sentences.name(lang(), "fields", content.field),
        "kind": sentences.name(lang(), "kinds", content.kind),
        "levels": [sentences.name(lang(), "levels", one) for one in content.levels],
    }
    return make_response(render("hosting/one.html", own=own, names=names, found=found), status)


def _reason(known: tuple[str, ...]) -> str:
    chosen = request.form.get("reason_code", "")
    return chosen if chosen in known else "other"


def _to(id: str) -> Response:
    return redirect(url_for("hosting.one", offer_id=id), 303)  # type: ignore[return-value]
