"""The search page; with a script the answers follow the letters, without it a button asks."""

from pathlib import Path

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.http.pages import render
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.finding import operations

TEMPLATES = Path(__file__).parent / "templates"
routes = Routes("finding", templates=str(TEMPLATES))


class FindQuery(BaseModel):
    """What is looked for."""

    q: str = Field("", max_length=100)


@routes.page("/search", roles=(Role.CENTRE,))
def search(act: Act, query: FindQuery) -> str:
    """Schools, hosts, groups and campaigns whose names hold the letters."""
    return render("finding/search.html", q=query.q, hits=operations.find(act, query.q))
