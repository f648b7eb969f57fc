"""JSON endpoints for invitations and hand-over."""

from datetime import datetime

from flask import request
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.errors import FieldError, Invalid
from chassis.http.routes import Body, Routes
from chassis.roles import Role as Caller
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.contacts.model import Reach
from services.registration.invitations import operations
from services.registration.invitations.model import Status, Way
from services.registration.views import Code, Email, Id, Name, Paged, Phone

routes = Routes("invitations", "/api/v1")


class InvitationPath(BaseModel):
    """Which invitation."""

    invitation_id: Id


class PostPath(BaseModel):
    """Which post."""

    post_id: Id


class Listing(Paged):
    """Which invitations; `entered` are those that wait for approval."""

    status: Status | None = None


class InviteBody(Body):
    """Whom to invite to what. Without an e-mail address the answer holds a one-time code."""

    organisation: Id
    role: Role
    duty: Code = Field("coordinator", description="career_teacher, team_lead, coordinator …")
    post: Id | None = Field(None, description="a vacant post; a new one if it is not given")
    email: Email | None = None
    telephone: Phone | None = None
    language: str = Field("ko", pattern="^(ko|en)$")


class HandOverBody(Body):
    """How the successor is reached. Without an e-mail address the answer holds a code."""

    email: Email | None = None
    telephone: Phone | None = None
    language: str = Field("ko", pattern="^(ko|en)$")


class AcceptBody(Body):
    """The link's token or the letter's code, and how the new holder signs in and is reached."""

    code: str | None = Field(None, max_length=40)
    token: str | None = Field(None, max_length=100)
    login: str = Field(max_length=100)
    password: str = Field(max_length=200)
    person: Name | None = None
    email: Email | None = None
    telephone: Phone | None = None
    language: str = Field("ko", pattern="^(ko|en)$")

    def secret(self) -> str:
        """What was given of the two. Raises Invalid for neither and for both."""
        if bool(self.code) == bool(self.token):
            raise Invalid([FieldError("/code", "code_or_token")])
        return self.token or self.code or ""


class InvitationView(BaseModel):
    """An invitation without its secret."""

    id: str
    version: int
    organisation: str
    role: Role
    post: str
    way: Way
    expires_at: datetime
    account: str | None
    status: Status


class InvitationsView(BaseModel):
    """A page of invitations."""

    items: list[InvitationView]
    next: str | None


@routes.query("/invitations", roles=(Caller.CENTRE,), answer=InvitationsView)
def invitations(act: Act, query: Listing) -> InvitationsView:
    """The centre's invitations."""
    page = operations.listed(act, query.status, query.limit, query.cursor)
    return InvitationsView(
        items=[
            InvitationView(
                id=one.id,
                version=one.version,
                **one.state.model_dump(include=set(InvitationView.model_fields)),
            )
            for one in page.items
        ],
        next=page.next,
    )


@routes.command(
    "POST", "/invitations", roles=(Caller.CENTRE, Caller.ADMIN), answer=Receipt, status=201
)
def invite(act: Act, body: InviteBody) -> Receipt:
    """Invite someone to a post, by e-mail or by a one-time code for a letter."""
    return operations.invite(act, operations.Wanted(**body.model_dump()))


@routes.command(
    "POST",
    "/posts/<post_id>/hand-over",
    roles=(Caller.CENTRE, Caller.SCHOOL, Caller.HOST),
    answer=Receipt,
    status=201,
)
def hand_over(act: Act, path: PostPath, body: HandOverBody) -> Receipt:
    """Invite a successor to a post; drafts and history stay with the organisation."""
    return operations.hand_over(act, path.post_id, body.email, body.telephone, body.language)


@routes.command("POST", "/invitations/accept", roles=(Caller.PUBLIC,), answer=Receipt)
def accept(act: Act, body: AcceptBody) -> Receipt:
    """Enter with a token or a code. By code the account waits for the centre's approval."""
    holder = NewHolder(
        login=body.login.strip().lower(),
        password=body.password,
        words=Reach(person=body.person, email=body.email, telephone=body.telephone),
        language=body.language,
    )
    return operations.accept(act, body.secret(), holder, request.remote_addr or "")


@routes.command(
    "POST", "/invitations/<invitation_id>/approve", roles=(Caller.CENTRE,), answer=Receipt
)
def approve(act: Act, path: InvitationPath) -> Receipt:
    """Let in who entered with the code."""
    return operations.approve(act, path.invitation_id)


@routes.command(
    "POST", "/invitations/<invitation_id>/refuse", roles=(Caller.CENTRE,), answer=Receipt
)
def refuse(act: Act, path: InvitationPath) -> Receipt:
    """Keep out who entered with the code."""
    return operations.refuse(act, path.invitation_id)


@routes.command(
    "POST", "/invitations/<invitation_id>/withdraw", roles=(Caller.CENTRE,), answer=Receipt
)
def withdraw(act: Act, path: InvitationPath) -> Receipt:
    """Take an open invitation back."""
    return operations.withdraw(act, path.invitation_id)


@routes.command(
    "POST",
    "/invitations/<invitation_id>/again",
    roles=(Caller.CENTRE,),
    answer=Receipt,
    status=201,
)
def again(act: Act, path: InvitationPath, body: HandOverBody) -> Receipt:
    """Invite anew to the same post; an invitation that is still open is taken back."""
    return operations.again(act, path.invitation_id, body.email, body.telephone, body.language)
