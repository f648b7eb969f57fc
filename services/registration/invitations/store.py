"""Invitations in MongoDB."""

from collections.abc import Iterable

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from services.registration.invitations.model import Invitation, Status

invitations: Aggregates[Invitation] = Aggregates(
    "invitations",
    "registration.contacts",
    Invitation,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[[("state.secret_hash", 1)], [("state.organisation", 1)]],
)


def by_secret(act: Act, secret_hash: str) -> str | None:
    """The invitation that a secret opens.

    No scope: who redeems an invitation has no account yet; knowing the secret is the right to it.
    """
    found = collection(act, invitations.name).find_one(
        {"state.secret_hash": secret_hash}, {"_id": 1}, session=act.session
    )
    return str(found["_id"]) if found else None


def page(act: Act, status: Status | None, limit: int, after: str | None) -> Page[Invitation]:
    """A page of the invitations within scope."""
    wanted = {"state.status": status.value} if status else {}
    return invitations.find(act, wanted, limit=limit, after=after)


def each(act: Act, organisation: str | None) -> Iterable[Stored[Invitation]]:
    """Every invitation within scope, of one organisation if it is named."""
    wanted = {"state.organisation": organisation} if organisation else {}
    return invitations.each(act, wanted)
