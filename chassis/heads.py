"""Signed heads of the audit chain: what shows that it was cut off or computed anew.

A head is the chain's last number and hash at a moment, signed with a key that follows from the
service's key-encryption key, so that no further secret has to be kept. Each is stored and written
to the log as `audit_head`; whoever keeps the logs elsewhere can check the chain against them later
(`audit check`), also when the database's own heads were removed with its links.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.act import Documents
from chassis.clock import now
from chassis.context import Context
from chassis.errors import Unavailable
from chassis.facts import stamp
from chassis.logs import logger
from chassis.secrets import Keys

SIGNED = ("service", "number", "hash", "at")


def signing_key(keys: Keys) -> Ed25519PrivateKey:
    """The key that signs this service's heads. Raises Unavailable without its key file."""
    if keys.kek is None:
        raise Unavailable("no_keys")
    derived = HKDF(SHA256(), 32, salt=None, info=f"audit head of {keys.service}".encode())
    return Ed25519PrivateKey.from_private_bytes(derived.derive(keys.kek))


def public_key(keys: Keys) -> str:
    """What verifies the heads, in hex; to be kept where the logs are kept."""
    raw = signing_key(keys).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return raw.hex()


def _said(head: Mapping[str, Any]) -> bytes:
    return "\x1f".join(str(head[name]) for name in SIGNED).encode()


def sign(context: Context) -> dict[str, Any] | None:
    """Sign the chain's present head, keep it and write it to the log. None for an empty chain."""
    last = context.database["audit"].find_one(sort=[("number", -1)])
    if last is None:
        return None
    head: dict[str, Any] = {
        "service": context.settings.service,
        "number": last["number"],
        "hash": last["hash"],
        "at": stamp(now()),
    }
    head["signature"] = signing_key(context.keys).sign(_said(head)).hex()
    id = f"{head['number']}/{head['at']}"
    context.database["audit_heads"].update_one({"_id": id}, {"$set": head}, upsert=True)
    # As one field: a line has a time of its own, and would sign with that.
    logger().info("audit_head", head=head)
    return head


def told(lines: Iterable[str], service: str) -> list[dict[str, Any]]:
    """A service's heads among lines of JSON: those that a log wrote, or bare ones."""
    rows = (json.loads(line) for line in lines if line.strip())
    found = [row.get("head", row) for row in rows]
    return [head for head in found if head.get("service") == service]


def faults(
    database: Documents, keys: Keys, told: Iterable[Mapping[str, Any]] | None = None
) -> Iterator[str]:
    """A sentence for each signed head that the chain does not hold; `told` or the stored ones."""
    raw = bytes.fromhex(public_key(keys)) if keys.kek is not None else None
    for head in database["audit_heads"].find() if told is None else told:
        place = f"the head {head['number']} of {head['at']}"
        if raw is not None and not _signed(raw, head):
            yield f"{place} has a wrong signature"
            continue
        link = database["audit"].find_one({"number": head["number"]}, {"hash": 1})
        if link is None:
            yield f"{place} was signed, and the chain ends before it"
        elif link["hash"] != head["hash"]:
            yield f"{place} was signed with another hash: the chain was computed anew"


def _signed(raw: bytes, head: Mapping[str, Any]) -> bool:
    try:
        signature = bytes.fromhex(str(head["signature"]))
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, _said(head))
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True
