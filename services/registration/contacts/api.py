"""JSON endpoints for contacts: who is reached how. Numbers and addresses are personal data."""

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.registration.contacts import operations
from services.registration.contacts.model import Duty, Reach
from services.registration.views import Email, Id, Name, Phone

routes = Routes("contacts", "/api/v1")


class OfOrganisation(BaseModel):
    """Whose contacts."""

    organisation_id: Id


class ContactPath(BaseModel):
    """Which contact."""

    contact_id: Id


class ReachBody(Body):
    """A telephone number or an e-mail address is required; both are welcome."""

    person: Name | None = None
    email: Email | None = None
    telephone: Phone | None = None

    def words(self) -> Reach:
        """The same as the rules know it."""
        return Reach(person=self.person, email=self.email, telephone=self.telephone)


class ContactBody(ReachBody):
    """A contact of an organisation."""

    roles: list[Duty] = Field(min_length=1, max_length=4)
    language: str = Field("ko", pattern="^(ko|en)$")


class ContactView(BaseModel):
    """A contact, opened for a reader who may see it."""

    id: str
    version: int
    organisation: str
    post: str | None
    roles: list[Duty]
    language: str
    person: str | None
    email: str | None
    telephone: str | None


class ContactsView(BaseModel):
    """The contacts of an organisation."""

    items: list[ContactView]


@routes.query(
    "/organisations/<organisation_id>/contacts",
    roles=(Role.CENTRE, Role.SCHOOL, Role.HOST),
    answer=ContactsView,
)
def contacts(act: Act, path: OfOrganisation) -> ContactsView:
    """How an organisation is reached, as far as the reader may know."""
    return ContactsView(
        items=[
            ContactView(
                id=one.stored.id,
                version=one.stored.version,
                organisation=one.stored.state.organisation,
                post=one.stored.state.post,
                roles=list(one.stored.state.duties),
                language=one.stored.state.language,
                person=one.reach.person,
                email=one.reach.email,
                telephone=one.reach.telephone,
            )
            for one in operations.shown(act, path.organisation_id)
        ]
    )


@routes.command(
    "POST",
    "/organisations/<organisation_id>/contacts",
    roles=(Role.CENTRE,),
    answer=Receipt,
    status=201,
)
def add(act: Act, path: OfOrganisation, body: ContactBody) -> Receipt:
    """Record how an organisation is reached."""
    return operations.add(act, path.organisation_id, body.words(), body.roles, body.language)


@routes.command(
    "PUT",
    "/contacts/<contact_id>",
    roles=(Role.CENTRE, Role.SCHOOL, Role.HOST),
    answer=Receipt,
)
def change(act: Act, path: ContactPath, body: ContactBody) -> Receipt:
    """Replace what is known of a contact."""
    return operations.change(act, path.contact_id, body.words(), body.roles, body.language)


@routes.command(
    "DELETE",
    "/contacts/<contact_id>",
    roles=(Role.CENTRE, Role.SCHOOL, Role.HOST),
    answer=Receipt,
)
def remove(act: Act, path: ContactPath) -> Receipt:
    """Forget a contact for good."""
    return operations.remove(act, path.contact_id)
