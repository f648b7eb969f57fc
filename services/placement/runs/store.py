"""Runs in MongoDB, with what belongs to them: attempts, progress, files, result rows, lotteries.

Result rows carry their attempt. Only the rows of the attempt that a run's own state names are its
result; those of an attempt that was fenced off are never read and are removed later.
"""

import gzip
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from pymongo import ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.scope import Public, within
from services.placement.runs.model import Run

ATTEMPTS = "run_attempts"
PROGRESS = "run_progress"
RESULTS = "run_results"
FILES = "run_files"
LOTTERIES = "lotteries"

FROZEN = "frozen.json"
"""The market with the ids of the house, for repairs: the one file of a run that stays inside."""
LEASE_MS = 15_000
FILE_PART = 8 * 1024 * 1024

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    ATTEMPTS: [],
    PROGRESS: [],
    RESULTS: [
        [("run", 1), ("attempt", 1), ("number", 1)],
        [("run", 1), ("attempt", 1), ("applicant", 1)],
        [("parties", 1), ("run", 1), ("attempt", 1), ("number", 1)],
    ],
    FILES: [[("run", 1), ("attempt", 1), ("name", 1), ("part", 1)]],
    LOTTERIES: [],
}

runs = Aggregates(
    "runs",
    "placement.runs",
    Run,
    lambda run: Owners(
        centre=run.centre, public=run.schools is not None and run.schools.finished is not None
    ),
    indexes=[[("state.status", 1)], [("state.campaign", 1)]],
)


def page(act: Act, campaign: str | None, limit: int, after: str | None) -> Page[Run]:
    """A page of the runs within scope."""
    return runs.find(act, {} if campaign is None else {"state.campaign": campaign}, limit, after)


def open_runs(act: Act) -> list[Stored[Run]]:
    """Runs that wait for a solver, or whose solver may have died."""
    return list(runs.each(act, {"state.status": {"$in": ["waiting", "solving"]}}))


def unfinished(act: Act, campaign: str) -> int:
    """How many runs of a campaign are not over."""
    return runs.count(
        act, {"state.campaign": campaign, "state.status": {"$in": ["waiting", "solving"]}}
    )


def released(act: Act, campaign: str) -> Stored[Run] | None:
    """The run of a campaign that was released to hosts, if any."""
    found = list(runs.each(act, {"state.campaign": campaign, "state.hosts": {"$ne": None}}))
    return found[-1] if found else None


def released_public(act: Act, campaign: str) -> Stored[Run] | None:
    """The run of a campaign that everybody has been told of: its hashes are public."""
    return released(replace(act, scope=Public()), campaign)


# The fenced attempt


def claim(act: Act, run: str, owner: str) -> int | None:
    """Take the run's lease if nobody else holds it (on the database's clock). Returns the attempt.

    A copy of the role that comes back takes its own former lease at once: it is a new attempt.
    No scope: the solver's own lock, taken in the background and never read over HTTP.
    """
    attempts = collection(act, ATTEMPTS)
    with suppress(DuplicateKeyError):
        attempts.insert_one({"_id": run, "attempt": 0, "owner": "", "expires": _past()})
    found = attempts.find_one_and_update(
        {"_id": run, "$or": [{"owner": owner}, {"$expr": {"$lt": ["$expires", "$$NOW"]}}]},
        [
            {
                "$set": {
                    "attempt": {"$add": ["$attempt", 1]},
                    "owner": owner,
                    "expires": {"$add": ["$$NOW", LEASE_MS]},
                }
            }
        ],
        return_document=ReturnDocument.AFTER,
    )
    return None if found is None else int(found["attempt"])


def renew(act: Act, run: str, attempt: int) -> bool:
    """Hold on to the lease; False when a later attempt has taken over."""
    done = collection(act, ATTEMPTS).update_one(
        {"_id": run, "attempt": attempt},
        [{"$set": {"expires": {"$add": ["$$NOW", LEASE_MS]}}}],
        session=act.session,
    )
    return bool(done.matched_count)


def give_up(act: Act, run: str, attempt: int) -> None:
    """Let the lease go, so that the next look may take it at once."""
    collection(act, ATTEMPTS).update_one(
        {"_id": run, "attempt": attempt}, {"$set": {"expires": _past()}}, session=act.session
    )


def _past() -> datetime:
    return datetime.fromisoformat("2000-01-01T00:00:00+00:00")


# Progress: volatile, so it is no part of the aggregate and bumps no version


def show_progress(act: Act, run: str, attempt: int, row: Mapping[str, Any]) -> None:
    """Write what the solver has reached."""
    collection(act, PROGRESS).replace_one(
        {"_id": run}, {"_id": run, "attempt": attempt, "at": act.now, **row}, upsert=True
    )


def progress(act: Act, run: str) -> dict[str, Any] | None:
    """What the solver has reached.

    No scope: asked for a run that the caller has read within scope.
    """
    return collection(act, PROGRESS).find_one({"_id": run}, session=act.session)


# Result rows and files


def write_rows(act: Act, run: str, attempt: int, centre: str, rows: Sequence[Any]) -> None:
    """Write the rows of one attempt in bulk; writing them again changes nothing."""
    results = collection(act, RESULTS)
    for begin in range(0, len(rows), 500):
        results.bulk_write(
            [
                ReplaceOne(
                    {"_id": f"{run}:{attempt}:{row['applicant']}"},
                    {
                        "run": run,
                        "attempt": attempt,
                        "number": begin + place,
                        "centre": centre,
                        "parties": [row["school"]],
                        **row,
                    },
                    upsert=True,
                )
                for place, row in enumerate(rows[begin : begin + 500])
            ],
            ordered=False,
        )


def rows(
    act: Act,
    run: str,
    attempt: int,
    after: int = -1,
    limit: int = 500,
    states: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Result rows within scope, in order of their number."""
    wanted: dict[str, Any] = {"run": run, "attempt": attempt, "number": {"$gt": after}}
    if states:
        wanted["state"] = {"$in": list(states)}
    found = collection(act, RESULTS).find(within(act.scope, wanted), session=act.session)
    return list(found.sort("number", 1).limit(limit))


def row_counts(act: Act, run: str, attempt: int) -> dict[str, tuple[int, int]]:
    """Applicants and people of one attempt by the state of their rows, within scope."""
    found = collection(act, RESULTS).aggregate(
        [
            {"$match": within(act.scope, {"run": run, "attempt": attempt})},
            {"$group": {"_id": "$state", "rows": {"$sum": 1}, "people": {"$sum": "$people"}}},
        ],
        session=act.session,
    )
    return {row["_id"]: (row["rows"], row["people"]) for row in found}


def shares(act: Act, run: str, attempt: int) -> list[tuple[str, int, int]]:
    """(school, people placed, people who asked) of one attempt, within scope."""
    placed = {"$cond": [{"$eq": ["$state", "placed"]}, "$people", 0]}
    found = collection(act, RESULTS).aggregate(
        [
            {"$match": within(act.scope, {"run": run, "attempt": attempt})},
            {"$group": {"_id": "$school", "placed": {"$sum": placed}, "all": {"$sum": "$people"}}},
            {"$match": {"all": {"$gt": 0}}},
        ],
        session=act.session,
    )
    return [(row["_id"], row["placed"], row["all"]) for row in found]


def rows_for(
    act: Act, run: str, attempt: int, applicants: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The result rows of some applicants, by applicant."""
    wanted = {"run": run, "attempt": attempt, "applicant": {"$in": list(applicants)}}
    found = collection(act, RESULTS).find(within(act.scope, wanted), session=act.session)
    return {row["applicant"]: row for row in found}


def rows_for_school(act: Act, run: str, after: int, limit: int) -> list[dict[str, Any]]:
    """A school's own rows of a run, once they are released; the scope names the school."""
    wanted = {"run": run, "released": True, "number": {"$gt": after}}
    found = collection(act, RESULTS).find(within(act.scope, wanted), session=act.session)
    return list(found.sort("number", 1).limit(limit))


def waiting_rows(act: Act, run: str, attempt: int) -> int:
    """How many applicants the run itself put on the waitlist."""
    wanted = {"run": run, "attempt": attempt, "state": "waitlisted"}
    return collection(act, RESULTS).count_documents(within(act.scope, wanted), session=act.session)


def release_rows(act: Act, run: str, attempt: int) -> None:
    """From now on schools may read their own rows."""
    collection(act, RESULTS).update_many(
        within(act.scope, {"run": run, "attempt": attempt}), {"$set": {"released": True}}
    )


def roster(act: Act, run: str, attempt: int) -> dict[str, int]:
    """How many persons a run seats in each session.

    No scope: sums over the rows of a run that the caller has read within scope.
    """
    found = collection(act, RESULTS).aggregate(
        [
            {"$match": {"run": run, "attempt": attempt, "kind": "person", "state": "placed"}},
            {"$unwind": "$parts"},
            {"$unwind": "$parts.sessions"},
            {"$group": {"_id": "$parts.sessions", "people": {"$sum": "$parts.people"}}},
        ],
        session=act.session,
    )
    return {row["_id"]: row["people"] for row in found}


def drop_losers(act: Act, run: str, winner: int) -> None:
    """Remove rows and files of attempts that were fenced off."""
    lost = {"run": run, "attempt": {"$ne": winner}}
    collection(act, RESULTS).delete_many(lost)
    collection(act, FILES).delete_many(lost)


def write_file(act: Act, run: str, attempt: int, centre: str, name: str, content: bytes) -> str:
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


def read_file(act: Act, run: str, attempt: int, name: str) -> bytes | None:
    """A file of an attempt within scope."""
    parts = list(
        collection(act, FILES)
        .find(
            within(act.scope, {"run": run, "attempt": attempt, "name": name}), session=act.session
        )
        .sort("part", 1)
    )
    return gzip.decompress(b"".join(part["bytes"] for part in parts)) if parts else None


def file_list(act: Act, run: str, attempt: int) -> list[dict[str, str]]:
    """Name and SHA-256 of the public files of an attempt, by name.

    No scope: asked for a run that the caller has read within scope.
    """
    wanted = {"run": run, "attempt": attempt, "part": 0, "name": {"$ne": FROZEN}}
    found = collection(act, FILES).find(wanted, session=act.session).sort("name", 1)
    return [{"name": row["name"], "sha256": row["sha256"]} for row in found]


# Lotteries


def lottery(act: Act, campaign: str) -> dict[str, Any] | None:
    """The lottery of a campaign: {secret, commitment, made}.

    No scope: the commitment is published to everyone before the run, so that all can check it;
    the secret leaves only after the release.
    """
    return collection(act, LOTTERIES).find_one({"_id": campaign}, session=act.session)


def campaign_salt(act: Act, campaign: str) -> bytes:
    """What makes public names of the campaign: 256 random bits that are never published.

    No scope: the solver's own secret, never read over HTTP.
    """
    lotteries = collection(act, LOTTERIES)
    fresh = secrets.token_hex(32)
    with suppress(DuplicateKeyError):
        lotteries.update_one(
            {"_id": f"salt:{campaign}"}, {"$setOnInsert": {"salt": fresh}}, upsert=True
        )
    found = lotteries.find_one({"_id": f"salt:{campaign}"})
    if found is None:
        raise LookupError("the campaign's salt is gone")
    return bytes.fromhex(found["salt"])


def keep_lottery(act: Act, campaign: str, secret: str, commitment: str) -> None:
    """Keep a new secret; an existing one stays."""
    collection(act, LOTTERIES).update_one(
        {"_id": campaign},
        {"$setOnInsert": {"secret": secret, "commitment": commitment, "made": act.now}},
        upsert=True,
        session=act.session,
    )
