"""A simple lottery that can be recomputed: commit before, reveal after.

Before the deadline the campaign publishes H(secret) and the hash of its rules. The seed is
H(secret ‖ market hash ‖ rules hash): nobody can choose a secret that suits a market which does not
exist yet, and nobody can change market or rules without another seed.
"""

import hashlib
import secrets


def fresh_secret() -> str:
    """A new secret, 256 bits in hexadecimal."""
    return secrets.token_hex(32)


def commitment(secret: str) -> str:
    """What is published before the deadline: SHA-256 of the secret's bytes."""
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


def seed(secret: str, market_hash: str, rules_hash: str) -> str:
    """The seed of every lottery number of the campaign's runs on this market."""
    parts = (bytes.fromhex(secret), market_hash.encode(), rules_hash.encode())
    return hashlib.sha256(b"\x1f".join(parts)).hexdigest()
