"""Pages for those to whom a school sends a link: the day's sheet, and who came."""

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.errors import Invalid, NotFound, Refused
from chassis.http.app import held
from chassis.http.mends import Mends, mends
from chassis.http.routes import Routes
from chassis.links import LONGEST, Purpose
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
        raise NotFound()
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
    return _sheet(act, [], 200)


def escort(act: Act) -> Response:
    """The escort says who is missing."""
    found = sharing.linked(act, request.cookies.get(LINK, ""))
    if found is None:
        raise NotFound()
    try:
        sharing.attend_by_link(act, found, number("absent"))
    except (Invalid, Refused) as refused:
        return _sheet(act, mends(refused), refused.status)
    return redirect(url_for("visits.day"), 303)  # type: ignore[return-value]


def _sheet(act: Act, found: Mends, status: int) -> Response:
    link = sharing.linked(act, request.cookies.get(LINK, ""))
    if link is None:
        raise NotFound()
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
