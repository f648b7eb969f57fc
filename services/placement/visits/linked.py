"""Pages for those to whom a school sends a link: the day's sheet, and who came."""

from collections.abc import Callable

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.errors import Invalid, NotFound, Refused
from chassis.http.app import held
from chassis.http.mends import Mends, mends
from chassis.http.routes import Routes
from chassis.links import LONGEST, Link, Purpose
from chassis.roles import Role
from services.placement.visits import sharing
from services.placement.visits.typed import field, number, page

ANYONE = (Role.PUBLIC,)
LINK = "visit_link"


class LinkPath(BaseModel):
    """The link that an escort or a reader was given."""

    link: str = Field(max_length=LONGEST)


def add(routes: Routes) -> None:
    """Add these pages to those of a visit."""
    routes.page("/v/<link>", roles=ANYONE)(enter)
    routes.page("/day", roles=ANYONE)(day)
    routes.form("/day/attendance", roles=ANYONE)(escort)


def enter(act: Act, path: LinkPath) -> Response:
    """Open a link to one visit; it goes on in a cookie, so that the address stays clean."""
    if sharing.linked(act, path.link) is None:
        return _closed(act, None, "unknown", 404)
    response: Response = redirect(url_for("visits.day"), 303)  # type: ignore[assignment]
    settings = held().settings
    response.set_cookie(
        LINK,
        path.link,
        path=f"{settings.mount}/day",
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def day(act: Act) -> Response:
    """The day's sheet for whom the link was made; an escort records who is missing."""
    return _opened(act, lambda link: _sheet(act, link, [], 200))


def escort(act: Act) -> Response:
    """The escort says who is missing."""
    return _opened(act, lambda link: _attended(act, link))


def _attended(act: Act, link: Link) -> Response:
    try:
        sharing.attend_by_link(act, link, number("absent"))
    except (Invalid, Refused) as refused:
        return _sheet(act, link, mends(refused), refused.status)
    return redirect(url_for("visits.day"), 303)  # type: ignore[return-value]


def _opened(act: Act, work: Callable[[Link], Response]) -> Response:
    """Do it for the link of the cookie; else say why it opens nothing, and whom to ask."""
    link = sharing.linked(act, request.cookies.get(LINK, ""))
    if link is None:
        return _closed(act, None, "lost", 404)
    try:
        return work(link)
    except NotFound:
        return _closed(act, link, "unknown", 404)
    except Refused as refused:
        if refused.code != "link_over":
            raise
        return _closed(act, link, "over", 410)


def _sheet(act: Act, link: Link, found: Mends, status: int) -> Response:
    visit = sharing.of_link(act, link)
    escorted = link.purpose is Purpose.ESCORT and sharing.is_today(visit)
    return page(
        "day",
        status,
        visit=visit,
        escorted=escorted,
        found=found,
        errors=dict(found),
        typed=field("absent"),
    )


def _closed(act: Act, link: Link | None, why: str, status: int) -> Response:
    centre = sharing.centre_of(act, link) if link is not None else None
    return page("closed", status, why=why, centre=centre)
