"""Runs in MongoDB, with their attempts, progress and lotteries; their rows: result_rows.py."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from chassis.scope import Public
from services.placement.runs.model import Run

ATTEMPTS = "run_attempts"
PROGRESS = "run_progress"
LOTTERIES = "lotteries"

LEASE_MS = 15_000

INDEXES: dict[str, list[list[tuple[str, int]]]] = {ATTEMPTS: [], PROGRESS: [], LOTTERIES: []}

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
