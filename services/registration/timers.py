"""What registration does when a due time has come."""

from chassis.act import Act
from chassis.events.handlers import Timers
from services.registration.campaigns import operations as campaigns
from services.registration.campaigns.store import campaigns as stored_campaigns
from services.registration.closing import operations as closing
from services.registration.invitations import operations as invitations
from services.registration.invitations.store import invitations as stored_invitations
from services.registration.keys import operations as keys
from services.registration.keys.store import signing_keys
from services.registration.organisations import operations as organisations
from services.registration.organisations.store import organisations as stored_organisations

timers = Timers()


@timers.on(stored_campaigns, "open")
def open_campaign(act: Act, id: str) -> None:
    """The window for answers opens."""
    campaigns.open_(act, id)


@timers.on(stored_campaigns, "close")
def close_campaign(act: Act, id: str) -> None:
    """The deadline has come."""
    campaigns.close(act, id)


@timers.on(stored_campaigns, "manifest")
def seal_campaign(act: Act, id: str) -> None:
    """Everything that was in time is in the database by now."""
    closing.close_with_manifest(act, id)


@timers.on(stored_invitations, "expire")
def expire_invitation(act: Act, id: str) -> None:
    """An invitation has run out."""
    invitations.expire(act, id)


@timers.on(signing_keys, "succeed")
def make_next_key(act: Act, id: str) -> None:
    """The next signing key has to be known before it signs."""
    keys.succeed(act, id)


@timers.on(stored_organisations, "relation_ends")
def end_terms(act: Act, id: str) -> None:
    """The term of a relation has run out."""
    organisations.expire_relations(act, id)
