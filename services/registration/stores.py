"""What registration keeps: its aggregates, and the collections beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import IndexModel

from chassis.documents import Aggregates
from services.registration.accounts.store import LOGINS, accounts, posts
from services.registration.applications.store import applications, jobs
from services.registration.attempts import store as attempts
from services.registration.campaigns.store import campaigns
from services.registration.contacts.store import contacts
from services.registration.invitations.store import invitations
from services.registration.keys.store import signing_keys
from services.registration.merging import store as merging
from services.registration.openings import store as openings
from services.registration.organisations.store import KEYS, organisations
from services.registration.programmes.store import programmes
from services.registration.sessions import store as sessions
from services.registration.surveys.store import RELEASED, TIMELINE_INDEXES, TIMELINES, surveys
from services.registration.surveys.store_standings import STANDING_INDEXES, STANDINGS

AGGREGATES: Sequence[Aggregates[Any]] = (
    organisations,
    contacts,
    posts,
    accounts,
    invitations,
    signing_keys,
    programmes,
    campaigns,
    surveys,
    applications,
    jobs,
)

INDEXES: Mapping[str, Sequence[Sequence[tuple[str, int]] | IndexModel]] = {
    KEYS: [[("organisation", 1)]],
    LOGINS: [],
    **attempts.INDEXES,
    **sessions.INDEXES,
    TIMELINES: TIMELINE_INDEXES,
    STANDINGS: STANDING_INDEXES,
    RELEASED: [],
    openings.OFFERED: openings.INDEXES,
    **merging.INDEXES,
}
