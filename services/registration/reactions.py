"""What registration does when something has happened, its own events among them."""

from chassis.act import Act
from chassis.events.envelope import Received
from chassis.events.handlers import Reactions
from services.registration.accounts import operations as accounts
from services.registration.closing import operations as closing
from services.registration.contacts import operations as contacts
from services.registration.organisations.model import Relation
from services.registration.sessions import operations as sessions

reactions = Reactions()


@reactions.on("organisation.changed")
def tell_contacts_again(act: Act, event: Received) -> None:
    """Messages carry the organisation's name and the centre's number, which may be new."""
    contacts.tell_again(act, event.key)


@reactions.on("organisation.relation_ended")
def end_operators_term(act: Act, event: Received) -> None:
    """Who ran the centre by contract does so no more."""
    if event.data["relation"] == Relation.OPERATOR:
        accounts.end_term(act, event.key, event.data["other"])


@reactions.on("account.access_changed")
def end_sessions(act: Act, event: Received) -> None:
    """Who was shut out has no session any more."""
    if not event.data["active"]:
        sessions.end_sessions(act, event.key)


@reactions.on("survey.admitted")
def amend_manifest(act: Act, event: Received) -> None:
    """What was let in after the closing belongs to what a run must have seen."""
    closing.amend_manifest(act, event.data["campaign"], event.key)


@reactions.on("survey.withdrawn")
def leave(act: Act, event: Received) -> None:
    """Who leaves after the closing leaves as a whole, and a run must have seen that too."""
    if event.data.get("late"):
        closing.leave(act, event.data["campaign"], event.data["school"], event.key)
