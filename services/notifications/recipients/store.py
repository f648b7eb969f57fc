"""Recipients and preferences in MongoDB."""

from collections.abc import Iterable

from pymongo import IndexModel

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners
from chassis.scope import within
from services.notifications.recipients.model import Preferences, Recipient

RECIPIENTS: Aggregates[Recipient] = Aggregates(
    "recipients",
    None,
    Recipient,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[IndexModel([("state.organisation", 1)])],
)

PREFERENCES: Aggregates[Preferences] = Aggregates(
    "preferences", None, Preferences, lambda state: Owners(parties=(state.organisation,))
)
"""One document an organisation; its id is the organisation's."""


def of_organisations(act: Act, ids: Iterable[str]) -> dict[str, list[tuple[str, Recipient]]]:
    """Every contact, removed ones too, of each organisation, with its id."""
    found: dict[str, list[tuple[str, Recipient]]] = {id: [] for id in ids}
    wanted = within(act.scope, {"state.organisation": {"$in": list(found)}})
    for row in collection(act, "recipients").find(wanted, session=act.session):
        state = Recipient.model_validate(row["state"])
        found[state.organisation].append((row["_id"], state))
    return found


def by_id(act: Act, ids: Iterable[str]) -> dict[str, Recipient]:
    """Contacts by their id."""
    wanted = within(act.scope, {"_id": {"$in": list(ids)}})
    rows = collection(act, "recipients").find(wanted, session=act.session)
    return {row["_id"]: Recipient.model_validate(row["state"]) for row in rows}


def preferences_of(act: Act, organisations: Iterable[str]) -> dict[str, Preferences]:
    """The wishes of those organisations that have stated any."""
    wanted = within(act.scope, {"_id": {"$in": list(organisations)}})
    rows = collection(act, "preferences").find(wanted, session=act.session)
    return {row["_id"]: Preferences.model_validate(row["state"]) for row in rows}


def mark_bounced(act: Act, contact: str) -> None:
    """Set the mark by one write that no other can come between."""
    collection(act, "recipients").update_one(
        within(act.scope, {"_id": contact, "state.bounced": False}),
        {"$set": {"state.bounced": True, "changed": act.now}, "$inc": {"version": 1}},
        session=act.session,
    )
