"""Comparing the own copy with a campaign's manifest, bucket by bucket. Pure."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Why = Literal["lag", "gap", "dead_letter", "not_closed", "beyond"]


@dataclass(frozen=True, slots=True)
class Hole:
    """A bucket in which the copy differs from the manifest, and what is known of the cause.

    `lag`: still on its way. `gap`: a message waits for one before it. `dead_letter`: an operator
    has to look. `beyond`: the copy knows more than the manifest, whose amendment is on its way.
    """

    kind: str
    bucket: str
    why: Why
    expected: int
    found: int


def bucket_of(aggregate: str) -> str:
    """Which of the 256 buckets an aggregate is in: two hex digits of the hash of its id."""
    return hashlib.sha256(aggregate.encode()).hexdigest()[:2]


def digest(lines: Iterable[tuple[str, int]]) -> str:
    """SHA-256 over the sorted lines `id:sequence`, in base64url without padding."""
    text = "".join(sorted(f"{id}:{sequence}\n" for id, sequence in lines))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def holes(
    kind: str,
    manifest: Mapping[str, Mapping[str, Any]],
    copy: Mapping[str, list[tuple[str, int]]],
    stuck: Mapping[str, str],
    buried: bool,
) -> list[Hole]:
    """Every bucket of a kind in which count or hash differ, in order, with the cause."""
    found = []
    for bucket in sorted({*manifest, *copy}):
        expected = manifest.get(bucket)
        lines = copy.get(bucket, [])
        if expected is not None and expected["sha256"] == digest(lines):
            continue
        count = 0 if expected is None else int(expected["count"])
        found.append(
            Hole(kind, bucket, _why(bucket, count, lines, stuck, buried), count, len(lines))
        )
    return found


def _why(
    bucket: str,
    count: int,
    lines: list[tuple[str, int]],
    stuck: Mapping[str, str],
    buried: bool,
) -> Why:
    if stuck.get(bucket) == "dead_letter" or (buried and len(lines) < count):
        return "dead_letter"
    if bucket in stuck:
        return "gap"
    return "beyond" if len(lines) > count else "lag"
