"""What can be done with contacts. Open words never leave this room but to their readers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chassis import audit, vault
from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import NotFound, Refused
from chassis.facts import Event, derived_id
from chassis.scope import Centre
from services.registration.contacts import model, store
from services.registration.contacts.model import Contact, Duty, Naming, Reach, Status
from services.registration.organisations import operations as organisations

FIELDS = ("person", "email", "telephone")


@dataclass(frozen=True, slots=True)
class Opened:
    """A contact with its words, for a reader who may see them."""

    stored: Stored[Contact]
    reach: Reach


def add(
    act: Act,
    organisation: str,
    words: Reach,
    duties: Sequence[Duty],
    language: str = "ko",
) -> Receipt:
    """Record how an organisation is reached, for the acting centre or the organisation itself.

    A centre does so for those that it looks after; others are not there for it (NotFound).
    """
    id = act.new_id("contact")
    centre = act.scope.id if isinstance(act.scope, Centre) else None
    if centre is not None and not organisations.looks_after(act, centre, organisation):
        raise NotFound()
    state = Contact(
        organisation=organisation, centre=centre, duties=_once(duties), language=language
    )
    return act.together(lambda act: _create(act, id, state, words))


def change(
    act: Act, id: str, words: Reach, duties: Sequence[Duty] | None, language: str | None
) -> Receipt:
    """Replace what is known of a contact."""
    words = model.reach(words.person, words.email, words.telephone)

    def work(act: Act) -> Receipt:
        stored = store.contacts.load(act, id)
        if stored.state.status is Status.REMOVED:
            raise Refused("contact_removed")
        update: dict[str, object] = {"sealed": _seal(act, id, words)}
        if duties:
            update["duties"] = _once(duties)
        if language:
            update["language"] = language
        state = stored.state.model_copy(update=update)
        return store.contacts.save(act, stored, state, [_told(act, state, words)])

    return act.together(work)


def remove(act: Act, id: str) -> Receipt:
    """Forget a contact: its key is destroyed, so that backups cannot tell either."""

    def work(act: Act) -> Receipt:
        stored = store.contacts.load(act, id)
        state, events = model.remove(stored.state)
        vault.erase(act, id)
        return store.contacts.save(act, stored, state, events)

    return act.together(work)


def hold_post(
    act: Act,
    post: str,
    organisation: str,
    centre: str | None,
    duty: Duty,
    words: Reach,
    language: str,
) -> None:
    """Let messages for a post go to its new holder; the previous holder's words are replaced."""
    id = contact_of_post(post)
    try:
        there = store.contacts.get(act, id)
    except NotFound:
        state = Contact(
            organisation=organisation,
            centre=centre,
            post=post,
            duties=(duty,),
            language=language,
        )
        _create(act, id, state, words)
        return
    state = there.state.model_copy(
        update={"sealed": _seal(act, id, words), "language": language, "status": Status.ACTIVE}
    )
    store.contacts.save(act, there, state, [_told(act, state, words)])


def forget_post(act: Act, post: str) -> None:
    """Forget how the holder of a post is reached, if it is known."""
    try:
        there = store.contacts.get(act, contact_of_post(post))
    except NotFound:
        return
    if there.state.status is Status.ACTIVE:
        state, events = model.remove(there.state)
        vault.erase(act, there.id)
        store.contacts.save(act, there, state, events)


def count(act: Act, organisation: str) -> int:
    """How many contacts of an organisation are in use, within scope."""
    return len(store.of_organisation(act, organisation))


def move(act: Act, gone: str, survivor: str, there: Act) -> None:
    """The contacts of one organisation reach another from now on; `there` sees the survivor's.

    Whoever is reached alike already would be told twice, and is forgotten. Runs inside the
    caller's transaction.
    """
    known = {
        (row.reach.email, row.reach.telephone)
        for row in (_open(there, one) for one in store.of_organisation(there, survivor))
    }
    for stored in store.of_organisation(act, gone):
        words = _open(act, stored).reach
        if (words.email, words.telephone) in known and stored.state.post is None:
            state, events = model.remove(stored.state)
            vault.erase(act, stored.id)
            store.contacts.save(act, stored, state, events)
            continue
        state = stored.state.model_copy(update={"organisation": survivor})
        store.contacts.save(act, stored, state, [_told(act, state, words)])


def contact_of_post(post: str) -> str:
    """The id of the contact of a post: one for ever, whoever holds the post."""
    return derived_id("contact-of-post", post)


def shown(act: Act, organisation: str) -> list[Opened]:
    """The contacts of an organisation within scope, opened. The reading is put on record.

    Raises NotFound for an organisation that is not there.
    """
    organisations.shown(act, organisation)
    found = store.of_organisation(act, organisation)
    audit.read_personal_data(act, "contacts", [stored.id for stored in found], "shown")
    return [_open(act, stored) for stored in found]


def tell_again(act: Act, organisation: str) -> int:
    """Send an organisation's contacts again, since its name or number has changed."""
    return _tell(act, store.of_organisation(act, organisation))


def send_all_again(act: Act) -> int:
    """Send every contact again: the sealed topic is kept for seven days only."""
    return _tell(act, store.all_of_them(act))


def _tell(act: Act, rows: Iterable[Stored[Contact]]) -> int:
    count = 0
    for stored in rows:
        opened = _open(act, stored)
        event = _told(act, stored.state, opened.reach)
        store.contacts.save(act, stored, stored.state, [event])
        count += 1
    return count


def _told(act: Act, state: Contact, words: Reach) -> Event:
    name = organisations.shown(act, state.organisation).state.name
    phone = organisations.shown(act, state.centre).state.phone if state.centre else None
    return model.changed(state, words, Naming(name=name, centre_phone=phone))


def _create(act: Act, id: str, state: Contact, words: Reach) -> Receipt:
    words = model.reach(words.person, words.email, words.telephone)
    organisations.shown(act, state.organisation)
    state = state.model_copy(update={"sealed": _seal(act, id, words)})
    return store.contacts.create(act, id, state, [_told(act, state, words)])


def _once(duties: Sequence[Duty]) -> tuple[Duty, ...]:
    return tuple(dict.fromkeys(duties))


def _seal(act: Act, id: str, words: Reach) -> dict[str, bytes]:
    sealed = {field: vault.seal(act, id, field, getattr(words, field)) for field in FIELDS}
    return {field: content for field, content in sealed.items() if content is not None}


def _open(act: Act, stored: Stored[Contact]) -> Opened:
    words = {
        field: vault.unseal(act, stored.id, field, stored.state.sealed.get(field))
        for field in FIELDS
    }
    return Opened(stored, Reach(**words))
