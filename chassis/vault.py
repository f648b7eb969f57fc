"""Personal data at rest: each record's fields under a key of its own.

A record's data key is wrapped by the service's key-encryption key and kept in `vault`. Deleting
that one document makes every copy of the record's fields unreadable, in backups too.
"""

import os

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


def unseal(act: Act, record: str, field: str, sealed: bytes | None) -> str | None:
    """The text again. Raises NotFound if the record was erased."""
    if sealed is None:
        return None
    if act.database["vault"].find_one({"_id": record}, session=act.session) is None:
        raise NotFound("erased")
    place = f"{record}|{field}".encode()
    return AESGCM(_data_key(act, record)).decrypt(sealed[:NONCE], sealed[NONCE:], place).decode()


def erase(act: Act, record: str) -> None:
    """Make every field of the record unreadable for good."""
    act.database["vault"].delete_one({"_id": record}, session=act.session)
