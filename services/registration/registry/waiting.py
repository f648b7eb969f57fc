"""Forms on an invitation: who entered is let in or kept out; who did not is invited again."""

from collections.abc import Callable

from flask import Response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Receipt, Replayed
from chassis.errors import Problem
from chassis.http.problems import lang
from chassis.http.routes import Routes
from services.registration.invitations import operations as invitations
from services.registration.registry import operations, showing
from services.registration.registry.showing import CENTRE
from services.registration.views import Id

routes = Routes("registry_invitations", "/organisations/invitations")


class InvitationPath(BaseModel):
    """Which invitation."""

    invitation_id: Id


@routes.form("/<invitation_id>/approve", roles=CENTRE)
def approve(act: Act, path: InvitationPath) -> Response:
    """Let in who entered with the code."""
    return _done(act, path, invitations.approve, "approved")


@routes.form("/<invitation_id>/refuse", roles=CENTRE)
def refuse(act: Act, path: InvitationPath) -> Response:
    """Keep out who entered with the code."""
    return _done(act, path, invitations.refuse, "refused")


@routes.form("/<invitation_id>/withdraw", roles=CENTRE)
def withdraw(act: Act, path: InvitationPath) -> Response:
    """Take an open invitation back."""
    return _done(act, path, invitations.withdraw, "withdrawn")


@routes.form("/<invitation_id>/again", roles=CENTRE)
def again(act: Act, path: InvitationPath) -> Response:
    """Invite to the same post anew, by mail or by a letter."""
    organisation = invitations.one(act, path.invitation_id).organisation
    try:
        email = showing.mailed(request.form)
        done = operations.again(act, path.invitation_id, email, lang())
    except Problem as refused:
        return showing.refused(act, organisation, refused)
    if email:
        return showing.to(organisation, "invited")
    back = url_for("registry.one", organisation_id=organisation)
    return showing.letters(act, [operations.letter(act, organisation, done)], back)


def _done(
    act: Act, path: InvitationPath, work: Callable[[Act, str], Receipt], done: str
) -> Response:
    organisation = invitations.one(act, path.invitation_id).organisation
    try:
        work(act, path.invitation_id)
    except Replayed:
        pass
    except Problem as refused:
        return showing.refused(act, organisation, refused)
    return redirect(  # type: ignore[return-value]
        url_for("registry.one", organisation_id=organisation, done=done), 303
    )
