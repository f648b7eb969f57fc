"""What is done with contacts and with the wishes of organisations."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from typing import Any

from chassis import vault
from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import NotFound
from services.notifications.directory import operations as directory
from services.notifications.recipients import store
from services.notifications.recipients.model import (
    Channel,
    Language,
    Preferences,
    QuietHours,
    Recipient,
    masked_email,
    masked_telephone,
    name_of,
)


def keep(act: Act, contact: str, data: dict[str, Any]) -> None:
    """Store a contact as registration published it, its personal fields sealed.

    A new e-mail address clears the mark that the old one bounced.
    """
    email, telephone = data.get("email"), data.get("telephone")
    before = _stored(act, contact)
    known = addresses(act, {contact: before.state})[contact] if before else None
    state = Recipient(
        organisation=data["organisation"],
        name=data["name"],
        roles=data["roles"],
        language=data.get("language") or "ko",
        centre=data.get("centre"),
        centre_phone=data.get("centre_phone"),
        person=vault.seal(act, contact, "person", data.get("person")),
        email=vault.seal(act, contact, "email", email),
        email_masked=masked_email(email),
        telephone=vault.seal(act, contact, "telephone", telephone),
        telephone_masked=masked_telephone(telephone),
        bounced=bool(before and before.state.bounced and known and known.email == email),
    )
    if before is None:
        store.RECIPIENTS.create(act, contact, state)
    else:
        store.RECIPIENTS.save(act, before, state)


def invite(act: Act, contact: str, data: dict[str, Any]) -> None:
    """Store whom an invitation goes to. It has no role, so that no other message finds it."""
    email, telephone = data.get("email"), data.get("telephone")
    secret = json.dumps({"link_path": data["link_path"], "code": data.get("code") or ""})
    state = Recipient(
        organisation=data["organisation"],
        name=data["name"],
        roles=[],
        language=data.get("language") or "ko",
        email=vault.seal(act, contact, "email", email),
        email_masked=masked_email(email),
        telephone=vault.seal(act, contact, "telephone", telephone),
        telephone_masked=masked_telephone(telephone),
        secret=vault.seal(act, contact, "secret", secret),
    )
    before = _stored(act, contact)
    if before is None:
        store.RECIPIENTS.create(act, contact, state)
    else:
        store.RECIPIENTS.save(act, before, state)


def remove(act: Act, contact: str) -> None:
    """Forget a contact: its key is destroyed, the shell stays for the ledger."""
    before = _stored(act, contact)
    if before is None:
        return
    vault.erase(act, contact)
    shell = before.state.model_copy(
        update={
            "person": None,
            "email": None,
            "email_masked": None,
            "telephone": None,
            "telephone_masked": None,
            "secret": None,
            "removed": True,
        }
    )
    store.RECIPIENTS.save(act, before, shell)


def mark_bounced(act: Act, contacts: Iterable[str]) -> None:
    """Remember that the addresses of these contacts were refused for good."""
    for contact in contacts:
        store.mark_bounced(act, contact)


@dataclass(frozen=True, slots=True)
class Addresses:
    """A contact's personal fields, opened."""

    person: str | None = None
    email: str | None = None
    telephone: str | None = None
    secret: dict[str, str] | None = None


def addresses(act: Act, recipients: dict[str, Recipient]) -> dict[str, Addresses]:
    """The opened personal fields of many contacts, by contact id, with one query."""
    fields = ("person", "email", "telephone", "secret")
    rows = [(id, name, getattr(one, name)) for id, one in recipients.items() for name in fields]
    opened = iter(vault.unseal_many(act, rows))
    found: dict[str, Addresses] = {}
    for id in recipients:
        person, email, telephone, secret = (next(opened) for _ in fields)
        revealed = json.loads(secret) if secret else None
        found[id] = Addresses(person, email, telephone, revealed)
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about some organisations: contacts, wishes, names."""

    contacts: dict[str, list[tuple[str, Recipient]]]
    preferences: dict[str, Preferences]

    def name(self, organisation: str | None) -> str | None:
        """An organisation's display name, None while no contact of it has arrived."""
        if organisation is None:
            return None
        return name_of([one for _, one in self.contacts.get(organisation, [])])

    def centre_phone(self, centre: str, organisation: str) -> str | None:
        """The centre's telephone as the contacts of either carry it."""
        both = [*self.contacts.get(organisation, []), *self.contacts.get(centre, [])]
        own = [one for _, one in both if one.centre == centre or one.organisation == centre]
        return next((one.centre_phone for one in own if one.centre_phone), None)


def known(act: Act, organisations: Iterable[str]) -> Known:
    """Contacts and wishes of organisations, by the ids that they are asked for.

    What was told of an entry that was double since reaches the organisation that it ended in.
    """
    ids = sorted(set(organisations))
    now = directory.survivors(act, ids)
    there = sorted({now.get(id, id) for id in ids})
    contacts, wishes = store.of_organisations(act, there), store.preferences_of(act, there)
    return Known(
        {id: contacts[now.get(id, id)] for id in ids},
        {id: wishes[now.get(id, id)] for id in ids if now.get(id, id) in wishes},
    )


def contacts(act: Act, ids: Iterable[str]) -> dict[str, Recipient]:
    """Contacts by id."""
    return store.by_id(act, ids)


def preferences(act: Act) -> Stored[Preferences] | None:
    """The wishes of the actor's own organisation, None if it has not stated any."""
    try:
        return store.PREFERENCES.get(act, act.tenant())
    except NotFound:
        return None


def prefer(
    act: Act,
    channel: Channel | None,
    language: Language | None,
    quiet: tuple[time, time] | None,
) -> Receipt:
    """State the wishes of the actor's own organisation; they replace earlier ones."""
    state = Preferences(
        organisation=act.tenant(),
        channel=channel,
        language=language,
        quiet=QuietHours(start=quiet[0], end=quiet[1]) if quiet else None,
    )
    if preferences(act) is None:
        return store.PREFERENCES.create(act, act.tenant(), state)
    return store.PREFERENCES.save(act, store.PREFERENCES.load(act, act.tenant()), state)


def _stored(act: Act, contact: str) -> Stored[Recipient] | None:
    try:
        return store.RECIPIENTS.get(act, contact)
    except NotFound:
        return None
