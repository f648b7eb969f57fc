"""JSON endpoints of likely duplicates and merging."""

from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.registration.merging import operations
from services.registration.views import Id

CENTRE = (Role.CENTRE,)
routes = Routes("merging", "/api/v1/organisations")


class PairPath(BaseModel):
    """The entry of the path, and the other one."""

    organisation_id: Id
    other_id: Id


class TwinsView(BaseModel):
    """Two entries that are likely one, and what says so."""

    one: str
    one_name: str
    other: str
    other_name: str
    signs: list[str]


class LikelyView(BaseModel):
    """The likely duplicates of the register, the strongest signs first."""

    items: list[TwinsView]


class PreviewView(BaseModel):
    """What moves from `gone` to `survivor`, as counts; `fills` are details that it takes over."""

    survivor: str
    gone: str
    relations: list[str]
    posts: int
    accounts: int
    contacts: int
    invitations: int
    offers: int
    parts: int
    centres: int
    fills: list[str]


@routes.query("/likely", roles=CENTRE, answer=LikelyView)
def likely(act: Act) -> LikelyView:
    """Pairs of organisations that are likely one."""
    return LikelyView(
        items=[
            TwinsView(
                one=row.pair.one,
                one_name=row.one.name,
                other=row.pair.other,
                other_name=row.other.name,
                signs=list(row.pair.signs),
            )
            for row in operations.likely(act)
        ]
    )


@routes.query("/<organisation_id>/merge/<other_id>", roles=CENTRE, answer=PreviewView)
def preview(act: Act, path: PairPath) -> PreviewView:
    """What would move if the other one ended in this one."""
    found = operations.preview(act, path.organisation_id, path.other_id)
    gone = found.gone
    return PreviewView(
        survivor=found.survivor.id,
        gone=gone.id,
        relations=list(gone.relations),
        posts=gone.posts,
        accounts=gone.accounts,
        contacts=gone.contacts,
        invitations=gone.invitations,
        offers=gone.offers,
        parts=found.parts,
        centres=found.centres,
        fills=list(found.fills),
    )


class Nothing(Body):
    """No fields."""


@routes.command("POST", "/<organisation_id>/merge/<other_id>", roles=CENTRE, answer=Receipt)
def merge(act: Act, path: PairPath, body: Nothing) -> Receipt:
    """End the other one in this one."""
    return operations.merge(act, path.organisation_id, path.other_id)
