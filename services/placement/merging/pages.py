"""Page: what merging two hosts leaves apart, brought along by the page that merges them."""

from pathlib import Path

from pydantic import BaseModel

from chassis.act import Act
from chassis.errors import NotFound
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.placement.merging import operations

TEMPLATES = Path(__file__).parent / "templates"

routes = Routes("joined_hosts", "/hosts", templates=str(TEMPLATES))


class PairPath(BaseModel):
    """Two hosts."""

    host_id: str
    other_id: str


@routes.page("/<host_id>/teams/<other_id>", roles=(Role.CENTRE,))
def teams(act: Act, path: PairPath) -> str:
    """The teams that both hosts call the same: each keeps its calendar when the two are one."""
    found = operations.same_named(act, path.host_id, path.other_id)
    if found is None:
        raise NotFound()
    return render("joined_hosts/teams.html", found=found, path=path)
