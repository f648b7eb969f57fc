"""Personal data at rest: each record's fields under a key of its own.

A record's data key is wrapped by the service's key-encryption key and kept in `vault`. Deleting
that one document makes every copy of the record's fields unreadable, in backups too.
"""

import os
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo.errors import DuplicateKeyError

from chassis.act import Act
from chassis.errors import NotFound, Unavailable

NONCE = 12


def _cipher(act: Act) -> AESGCM:
    if act.keys is None or act.keys.kek is None:
        raise Unavailable("no_vault_key")
    return AESGCM(act.keys.kek)


def _data_key(act: Act, record: str) -> bytes:
    """The record's own key, made at first use."""
    keeping = act.database["vault"]
    found = keeping.find_one({"_id": record}, session=act.session)
    if found is None:
        key, nonce = os.urandom(32), os.urandom(NONCE)
        wrapped = nonce + _cipher(act).encrypt(nonce, key, record.encode())
        try:
            keeping.insert_one({"_id": record, "wrapped": wrapped}, session=act.session)
        except DuplicateKeyError:
            return _data_key(act, record)
        return key
    wrapped = bytes(found["wrapped"])
    return _cipher(act).decrypt(wrapped[:NONCE], wrapped[NONCE:], record.encode())


def seal(act: Act, record: str, field: str, text: str | None) -> bytes | None:
    """The field's text encrypted for storage; None stays None."""
    if text is None:
        return None
    nonce = os.urandom(NONCE)
    place = f"{record}|{field}".encode()
    return nonce + AESGCM(_data_key(act, record)).encrypt(nonce, text.encode(), place)


Sealed = tuple[str, str, bytes | None]
"""Where a sealed text belongs (record, field), and its bytes."""


def unseal(act: Act, record: str, field: str, sealed: bytes | None) -> str | None:
    """The text again. Raises NotFound if the record was erased."""
    if sealed is None:
        return None
    found = unseal_many(act, [(record, field, sealed)])[0]
    if found is None:
        raise NotFound("erased")
    return found


def unseal_many(act: Act, rows: Sequence[Sealed]) -> list[str | None]:
    """The texts in the order given, with one query; None for an erased record."""
    records = {record for record, _, sealed in rows if sealed is not None}
    cipher = _cipher(act)
    keys = {
        row["_id"]: cipher.decrypt(
            row["wrapped"][:NONCE], row["wrapped"][NONCE:], row["_id"].encode()
        )
        for row in act.database["vault"].find({"_id": {"$in": list(records)}}, session=act.session)
    }
    return [
        None
        if sealed is None or record not in keys
        else AESGCM(keys[record])
        .decrypt(sealed[:NONCE], sealed[NONCE:], f"{record}|{field}".encode())
        .decode()
        for record, field, sealed in rows
    ]


def erase(act: Act, record: str) -> None:
    """Make every field of the record unreadable for good."""
    act.database["vault"].delete_one({"_id": record}, session=act.session)
