"""Pages: the posts of one's own organisation, and the own sign-ins."""

from pathlib import Path

from flask import Response, g, make_response, redirect, request
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Replayed
from chassis.errors import FieldError, Invalid, Problem
from chassis.http import problems
from chassis.http.mends import Mends, mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import DUTIES
from services.registration.acting import own_organisation
from services.registration.contacts.model import reach
from services.registration.invitations import operations as invitations
from services.registration.organisations import operations as organisations
from services.registration.sessions import operations as sessions
from services.registration.views import Id

TEMPLATES = Path(__file__).parent / "templates"
SCHOOL = (Role.SCHOOL,)
LONGEST = 254

routes = Routes("posts", "/school", templates=str(TEMPLATES))


class PostPath(BaseModel):
    """Which post."""

    post_id: Id


@routes.page("", roles=SCHOOL)
def posts(act: Act) -> str:
    """Who holds which post, whom to add, and when one signed in last."""
    return _page(act, [])


@routes.form("/colleagues", roles=SCHOOL)
def invite(act: Act) -> Response:
    """Invite a second teacher or an approver by mail."""
    duty = request.form.get("duty", "")
    email = request.form.get("email", "").strip()[:LONGEST]
    try:
        _readable(email)
        invitations.add_colleague(
            act, duty if duty in DUTIES else DUTIES[0], email, problems.lang()
        )
    except Replayed:
        pass
    except Problem as refused:
        return _refused(act, refused)
    return redirect("/school?done=invited", 303)  # type: ignore[return-value]


@routes.form("/posts/<post_id>/hand-over", roles=SCHOOL)
def hand_over(act: Act, path: PostPath) -> Response:
    """Invite a successor by mail; until she enters, the present holder stays."""
    accounts.post(act, path.post_id)
    email = request.form.get("email", "").strip()[:LONGEST]
    try:
        _readable(email)
        invitations.hand_over(act, path.post_id, email, None, problems.lang())
    except Replayed:
        pass
    except Problem as refused:
        return _refused(act, refused)
    return redirect("/school?done=invited", 303)  # type: ignore[return-value]


def _readable(email: str) -> None:
    """Raise Invalid unless a mail can reach the address: by page nobody is invited by letter."""
    if not email:
        raise Invalid([FieldError("/email", "email_shape")])
    reach(None, email, None)


def _refused(act: Act, refused: Problem) -> Response:
    found = mends(refused, lambda _: "email")
    return make_response(_page(act, found), refused.status)


def _page(act: Act, found: Mends) -> str:
    own = own_organisation(act)
    return render(
        "posts/school.html",
        name=organisations.shown(act, own).state.name,
        posts=accounts.posts_of(act, own),
        me=g.identity.account,
        found=found,
        mails=dict(found).get("email", ""),
        typed=request.form.get("email", ""),
        duties=DUTIES,
        done=request.args.get("done") == "invited",
        before=sessions.before(act, g.identity.account),
    )
