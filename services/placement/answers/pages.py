"""Pages of a host's answer: one question, four answers, and half an hour to think again.

Opening a link changes nothing: it only tells the browser to show it, and every answer is a form.
The link stands in the address of the first request alone and travels in a cookie from then on, so
that it is in no history, no referrer and no later line of a log.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Response, current_app, g, make_response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.context import Context
from chassis.errors import Forbidden, Invalid, NotFound, Refused
from chassis.http import problems
from chassis.http.mends import Mends, mends, sentence
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.links import LONGEST, Asks, Link
from chassis.roles import Role
from services.placement.answers import invitation, operations
from services.placement.answers.operations import DEVICE_LASTS, WORDS, Question, Said, Word

TEMPLATES = Path(__file__).parent / "templates"
ANYONE = (Role.PUBLIC,)
LINK, DEVICE = "asked_link", "asked_device"
MOST_WORDS = 500
REASONS = (
    "date_unsuitable",
    "staff_absent",
    "place_unavailable",
    "group_too_large",
    "group_too_small",
    "grade_unsuitable",
    "safety",
    "other",
)
"""What a host may choose from, the most frequent first; its own words come last."""

CLOSED = {"link_over": "over", "link_revoked": "revoked"}
"""Links that are known and open nothing any more; their holder may ask for a new one."""

routes = Routes("answers", templates=str(TEMPLATES))
T = TypeVar("T")


class DoorPath(BaseModel):
    """The link of a letter, and the request that it is about."""

    link: str = Field(max_length=LONGEST)
    booking_id: str = Field(default="", max_length=64)


class BookingPath(BaseModel):
    """Which request."""

    booking_id: str


class AnswerQuery(BaseModel):
    """Which of the four answers is being written."""

    answer: Word | None = None


@routes.page("/a/<link>", roles=ANYONE)
def enter(act: Act, path: DoorPath) -> Response:
    """Open the link of a letter about several requests."""
    return _entered(act, path.link, url_for("answers.requests"))


@routes.page("/a/<link>/<booking_id>", roles=ANYONE)
def enter_one(act: Act, path: DoorPath) -> Response:
    """Open the link of a letter about one request."""
    return _entered(act, path.link, url_for("answers.ask", booking_id=path.booking_id))


@routes.page("/asked", roles=ANYONE)
def requests(act: Act) -> Response:
    """All that the host is asked, and what it has answered."""
    return _shown(act, lambda own, link: _page("requests", rows=_rows(own, link)))


@routes.form("/asked/link", roles=ANYONE)
def new_link(act: Act) -> Response:
    """Send a new link to the known contact. Whoever asks sees the same, sent or not."""
    link = operations.read(act, request.cookies.get(LINK, ""))
    if link is None:
        return _closed(404, "lost")
    _refuse_foreign()
    operations.ask_for_link(act, link)
    return redirect(url_for("answers.link_sent"), 303)  # type: ignore[return-value]


@routes.page("/asked/link", roles=ANYONE)
def link_sent(act: Act) -> Response:
    """Where the new link goes, and what to do if none comes."""
    link = operations.read(act, request.cookies.get(LINK, ""))
    return _page("sent", centre=operations.centre_of(act, link) if link else None)


@routes.page("/asked/<booking_id>", roles=ANYONE)
def ask(act: Act, path: BookingPath, query: AnswerQuery) -> Response:
    """One request: the question, or what became of it."""

    def show(own: Act, link: Link | None) -> Response:
        found = _question(own, link, path.booking_id)
        if not found.open:
            return _page("done", one=found)
        if query.answer is None:
            return _page("ask", one=found, asks=_asks(own, link))
        return _form(own, link, found, Said(query.answer), [], 200)

    return _shown(act, show)


@routes.form("/asked/<booking_id>/answer", roles=ANYONE)
def answer(act: Act, path: BookingPath) -> Response:
    """Take an answer; where something is missing for it, ask for that first."""
    return _shown(act, lambda own, link: _answered(own, link, path.booking_id))


@routes.form("/asked/<booking_id>/think-again", roles=ANYONE)
def think_again(act: Act, path: BookingPath) -> Response:
    """Take the answer back and ask again."""

    def work(own: Act, link: Link | None) -> Response:
        _question(own, link, path.booking_id)
        if link is not None and not _is_known(own, link):
            raise Forbidden("foreign_device")
        operations.think_again(own, path.booking_id)
        return _to(path.booking_id)

    return _shown(act, work)


@routes.page("/asked/<booking_id>/visit.ics", roles=ANYONE)
def visit(act: Act, path: BookingPath) -> Response:
    """The visit for a calendar."""

    def show(own: Act, link: Link | None) -> Response:
        found = _question(own, link, path.booking_id)
        response = make_response(invitation.of(found, problems.text))
        response.headers["Content-Type"] = "text/calendar; charset=utf-8"
        response.headers["Content-Disposition"] = 'attachment; filename="visit.ics"'
        return response

    return _shown(act, show)


def _entered(act: Act, text: str, onward: str) -> Response:
    """On to the request, the link in a cookie that scripts and other sites do not see."""
    if operations.read(act, text) is None:
        return _closed(404, "unknown")
    response: Response = redirect(onward, 303)  # type: ignore[assignment]
    _keep(response, LINK, text, None)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _shown(act: Act, work: Callable[[Act, Link | None], Response]) -> Response:
    """Do it as the signed-in host, else as the holder of the link; else say how to get in."""
    if g.identity is not None and g.identity.role is Role.HOST:
        try:
            return work(act, None)
        except NotFound:
            # The same browser may have come by a letter to another organisation.
            pass
    link = operations.read(act, request.cookies.get(LINK, ""))
    if link is None:
        return _closed(404, "lost" if g.identity is None else "not_found")
    if request.method not in ("GET", "HEAD"):
        _refuse_foreign()
    try:
        return work(operations.guest(act, link), link)
    except NotFound:
        return _closed(404, "not_found", link)
    except Refused as refused:
        if refused.code in CLOSED:
            return _closed(410, CLOSED[refused.code], link)
        raise


def _answered(act: Act, link: Link | None, id: str) -> Response:
    found = _question(act, link, id)
    if not found.open:
        return _to(id)
    word = request.form.get("answer", "")
    if word not in WORDS:
        return _to(id)
    said = Said(
        word=word,
        reason_code=_field("reason_code"),
        reason=_field("reason"),
        people=_field("people"),
        start=_field("start"),
        end=_field("end"),
    )
    known = link is None or _is_known(act, link)
    written = request.form.get("written") == "1"
    if not written and (word in ("if", "no") or not known):
        return redirect(url_for("answers.ask", booking_id=id, answer=word), 303)  # type: ignore
    try:
        if link is not None and not known:
            operations.knows(act, link, _field("known"))
        operations.answer(act, id, said)
    except Invalid as refused:
        return _form(act, link, found, said, mends(refused), refused.status, known)
    except Refused as refused:
        if refused.code == "link_locked":
            return _form(act, link, found, said, [("known", sentence(refused))], 429, known)
        raise
    response = _to(id)
    if link is not None:
        _keep(response, DEVICE, operations.device(act, link), int(DEVICE_LASTS.total_seconds()))
    return response


def _question(act: Act, link: Link | None, id: str) -> Question:
    return operations.question(act, id, link.centre if link else None)


def _rows(act: Act, link: Link | None) -> list[Question]:
    return operations.requests(act, link.centre if link else None)


def _asks(act: Act, link: Link | None) -> str:
    """What will be asked besides on this device: `telephone`, `email`, or nothing."""
    if link is None or link.asks is Asks.NOTHING or _is_known(act, link):
        return ""
    return link.asks.name.lower()


def _is_known(act: Act, link: Link) -> bool:
    return operations.is_known(act, link, request.cookies.get(DEVICE, ""))


def _form(
    act: Act,
    link: Link | None,
    one: Question,
    said: Said,
    found: Mends,
    status: int,
    known: bool | None = None,
) -> Response:
    """The second step: a reason, a condition, and what only the contact knows."""
    asks = "" if known else _asks(act, link)
    return _page(
        "answer",
        status,
        one=one,
        said=replace(said, reason=said.reason[:MOST_WORDS]),
        asks=asks,
        reasons=REASONS,
        found=found,
        errors=dict(found),
    )


def _closed(status: int, why: str, link: Link | None = None) -> Response:
    """What a link that does not open says, and whom to call."""
    centre = operations.centre_of(g.act, link) if link is not None else None
    renewable = link is not None and why in CLOSED.values()
    return _page("closed", status, why=why, centre=centre, renewable=renewable)


def _page(name: str, status: int = 200, **data: object) -> Response:
    response = make_response(render(f"answers/{name}.html", **data), status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _field(name: str) -> str:
    return request.form.get(name, "").strip()[: MOST_WORDS + 1]


def _to(id: str) -> Response:
    return redirect(url_for("answers.ask", booking_id=id), 303)  # type: ignore[return-value]


def _refuse_foreign() -> None:
    """A form that a cookie vouches for must come from our own pages."""
    ours = urlsplit(_held().settings.public_address)
    if urlsplit(request.headers.get("Origin", ""))[:2] != ours[:2]:
        raise Forbidden("foreign_origin")


def _keep(response: Response, name: str, value: str, seconds: int | None) -> None:
    held = _held()
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=f"{held.settings.mount}/asked",
        secure=held.settings.secure,
        httponly=True,
        samesite="Lax",
    )


def _held() -> Context:
    held: Context = current_app.extensions["ieum"]
    return held
