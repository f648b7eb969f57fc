"""The files of runs in MongoDB, compressed and in parts: those published, and one inside."""

import gzip
from hashlib import sha256

from chassis.act import Act, collection
from chassis.scope import within

FILES = "run_files"
FROZEN = "frozen.json"
"""The market with the ids of the house, for repairs: the one file of a run that stays inside."""
FILE_PART = 8 * 1024 * 1024

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    FILES: [[("run", 1), ("attempt", 1), ("name", 1), ("part", 1)]]
}


def write(act: Act, run: str, attempt: int, centre: str, name: str, content: bytes) -> str:
    """Keep a file of an attempt, compressed. Returns the SHA-256 of its content."""
    files = collection(act, FILES)
    packed = gzip.compress(content, mtime=0)
    digest = sha256(content).hexdigest()
    for part, begin in enumerate(range(0, len(packed), FILE_PART)):
        files.replace_one(
            {"_id": f"{run}:{attempt}:{name}:{part}"},
            {
                "run": run,
                "attempt": attempt,
                "name": name,
                "part": part,
                "centre": centre,
                "parties": [],
                "sha256": digest,
                "bytes": packed[begin : begin + FILE_PART],
            },
            upsert=True,
        )
    return digest


def read(act: Act, run: str, attempt: int, name: str) -> bytes | None:
    """A file of an attempt within scope."""
    parts = list(
        collection(act, FILES)
        .find(
            within(act.scope, {"run": run, "attempt": attempt, "name": name}), session=act.session
        )
        .sort("part", 1)
    )
    return gzip.decompress(b"".join(part["bytes"] for part in parts)) if parts else None


def public(act: Act, run: str, attempt: int) -> list[dict[str, str]]:
    """Name and SHA-256 of the public files of an attempt, by name.

    No scope: asked for a run that the caller has read within scope.
    """
    wanted = {"run": run, "attempt": attempt, "part": 0, "name": {"$ne": FROZEN}}
    found = collection(act, FILES).find(wanted, session=act.session).sort("name", 1)
    return [{"name": row["name"], "sha256": row["sha256"]} for row in found]


def drop_losers(act: Act, run: str, winner: int) -> None:
    """Remove the files of attempts that were fenced off."""
    collection(act, FILES).delete_many({"run": run, "attempt": {"$ne": winner}})
