"""JSON endpoints for posts and accounts. Nothing personal is shown of an account."""

from datetime import datetime

from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Routes
from chassis.roles import Role as Caller
from services.registration.accounts import operations
from services.registration.accounts.model import AccountStatus, PostStatus, Role
from services.registration.views import Id, Paged

MEMBERS = (Caller.CENTRE, Caller.SCHOOL, Caller.HOST)

routes = Routes("accounts", "/api/v1")


class OfOrganisation(BaseModel):
    """Whose posts."""

    organisation_id: Id


class AccountPath(BaseModel):
    """Which account."""

    account_id: Id


class Listing(Paged):
    """Whose accounts; all within sight if no organisation is named."""

    organisation: Id | None = None


class PostView(BaseModel):
    """A post and who holds it."""

    id: str
    version: int
    organisation: str
    role: Role
    duty: str
    holder: str | None
    held_since: datetime | None
    status: PostStatus


class PostsView(BaseModel):
    """The posts of an organisation."""

    items: list[PostView]


class AccountView(BaseModel):
    """An account without anything personal."""

    id: str
    version: int
    login: str
    organisation: str
    role: Role
    posts: list[str]
    status: AccountStatus


class AccountsView(BaseModel):
    """A page of accounts."""

    items: list[AccountView]
    next: str | None


@routes.query("/organisations/<organisation_id>/posts", roles=MEMBERS, answer=PostsView)
def posts(act: Act, path: OfOrganisation) -> PostsView:
    """The posts of an organisation, as far as the reader may know them."""
    return PostsView(
        items=[
            PostView(
                id=one.id,
                version=one.version,
                **one.state.model_dump(include=set(PostView.model_fields)),
            )
            for one in operations.posts_of(act, path.organisation_id)
        ]
    )


@routes.query("/accounts", roles=MEMBERS, answer=AccountsView)
def accounts(act: Act, query: Listing) -> AccountsView:
    """The accounts within sight."""
    page = operations.listed(act, query.organisation, query.limit, query.cursor)
    return AccountsView(
        items=[
            AccountView(
                id=one.id,
                version=one.version,
                **one.state.model_dump(include=set(AccountView.model_fields)),
            )
            for one in page.items
        ],
        next=page.next,
    )


@routes.command("POST", "/accounts/<account_id>/suspend", roles=(Caller.CENTRE,), answer=Receipt)
def suspend(act: Act, path: AccountPath) -> Receipt:
    """Shut an account out at once, at every service."""
    return operations.suspend(act, path.account_id)


@routes.command("POST", "/accounts/<account_id>/restore", roles=(Caller.CENTRE,), answer=Receipt)
def restore(act: Act, path: AccountPath) -> Receipt:
    """Let a suspended account in again."""
    return operations.restore(act, path.account_id)
