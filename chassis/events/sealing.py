"""Sealed topics: an event's data encrypted for the one service that may read it.

A sealed event's data is `{"sealed": "<compact JWE>"}`: ECDH-ES with X25519 agrees on a key, and
A256GCM encrypts and authenticates. Only the aggregate's id and the type stay readable.
"""

from typing import Any

import orjson
from joserfc import jwe

from chassis.secrets import Keys

REGISTRY = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"])
"""The only two algorithms that are spoken; made once, for every event asks for them."""


class Unreadable(Exception):
    """A sealed event that this service cannot open; an invalid message, not an outage."""


def seal(keys: Keys, recipient: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data as only `recipient` can read it. KeyError without that service's public key."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM"}
    return {
        "sealed": jwe.encrypt_compact(
            header, orjson.dumps(data), keys.sealing_public[recipient], registry=REGISTRY
        )
    }


def unseal(keys: Keys, data: dict[str, Any]) -> dict[str, Any]:
    """The data as it was before sealing. Raises Unreadable if it was not meant for this service."""
    if keys.sealing_private is None:
        raise Unreadable("this service has no sealing key")
    try:
        opened = jwe.decrypt_compact(data["sealed"], keys.sealing_private, registry=REGISTRY)
        found: dict[str, Any] = orjson.loads(opened.plaintext or b"")
    except Exception as error:
        raise Unreadable(type(error).__name__) from error
    return found
