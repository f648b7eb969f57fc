"""A campaign with what stands around it, in one question to the database.

Each command of a school asks for its campaign, the campaign's programme and its centre. Asked one
after the other they cost more than the command itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from chassis.scope import Centre
from services.registration.acting import in_public
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.model import Campaign
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Organisation
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Programme


@dataclass(frozen=True, slots=True)
class Around:
    """A campaign, its programme, and its centre."""

    campaign: Campaign
    programme: Programme
    centre: Organisation


def stage(act: Act) -> dict[str, Any]:
    """The stage of an aggregation by which a survey brings all of it along; see `brought`."""
    public = in_public(act)
    return campaigns.beside.stage(*_readers(act, public), further=_further(public))


def brought(act: Act, row: Mapping[str, Any]) -> Around:
    """What stands around the campaign of a document. Raises NotFound for one not to be seen."""
    campaign, public = campaigns.beside.brought(row), in_public(act)
    return Around(
        campaigns.beside.state(*_readers(act, public), row=row),
        programmes.beside.state(public, row=campaign),
        organisations.centre_beside.state(public, row=campaign),
    )


def around(act: Act, campaign: str) -> Around:
    """A campaign that the actor may see: its own centre sees drafts too. Raises NotFound."""
    public = in_public(act)
    row = campaigns.beside.head(*_readers(act, public), id=campaign, further=_further(public))
    return brought(act, row)


def _further(public: Act) -> list[dict[str, Any]]:
    return [programmes.beside.stage(public), organisations.centre_beside.stage(public)]


def _readers(act: Act, public: Act) -> tuple[Act, ...]:
    """As whom a campaign is read: a centre sees its own drafts, and what anyone sees."""
    return (act, public) if isinstance(act.scope, Centre) else (public,)
