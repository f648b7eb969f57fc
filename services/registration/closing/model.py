"""The manifest of a campaign: what had arrived, so that a copy can be compared with it."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

KINDS = ("surveys", "needs", "applications")


def bucket_of(aggregate: str) -> str:
    """Which of the 256 buckets an aggregate is in: two hex digits of the hash of its id."""
    return hashlib.sha256(aggregate.encode()).hexdigest()[:2]


def manifest(lines: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Count and hash per kind and bucket from rows of (kind, aggregate id, sequence).

    The hash is SHA-256 over the sorted lines `id:sequence`, in base64url without padding: as hex,
    three full kinds would not fit into one event. Empty buckets are left out.
    """
    rows: dict[str, dict[str, list[str]]] = {kind: defaultdict(list) for kind in KINDS}
    for kind, aggregate, sequence in lines:
        rows[kind][bucket_of(aggregate)].append(f"{aggregate}:{sequence}\n")
    return {
        kind: {
            bucket: {"count": len(found), "sha256": _digest("".join(sorted(found)))}
            for bucket, found in sorted(buckets.items())
        }
        for kind, buckets in rows.items()
    }


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
