"""A campaign with what stands around it, in one question to the database.

Each command of a school asks for its campaign, the campaign's programme and its centre. Asked one
after the other they cost more than the command itself.
"""

from dataclasses import dataclass

from chassis.act import Act
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


def around(act: Act, campaign: str) -> Around:
    """A campaign that the actor may see: its own centre sees drafts too. Raises NotFound."""
    public = in_public(act)
    stages = [programmes.beside.stage(public), organisations.centre_beside.stage(public)]
    stored, row = campaigns.shown_with(act, campaign, stages)
    programme = programmes.beside.state(act, row)
    return Around(stored.state, programme, organisations.centre_beside.state(act, row))
