"""Sessions in MongoDB. The hash of the secret is the `_id`: who knows the secret may read it."""

from datetime import datetime
from typing import Any

from pymongo import IndexModel

from chassis.act import Act, collection
from chassis.clock import shift
from chassis.together import Question
from services.registration.sessions.model import Session

SESSIONS = "sessions"
SIGN_INS = "sign_ins"
INDEXES = {
    SESSIONS: [IndexModel("ends", expireAfterSeconds=0), IndexModel("account")],
    SIGN_INS: [IndexModel("at")],
}


def put(act: Act, secret_hash: str, session: Session) -> None:
    """Keep a session until its last possible moment."""
    # The database drops it by its own clock, which a rehearsal does not shift.
    row = {"_id": secret_hash, **session.model_dump(), "ends": session.ends - shift()}
    collection(act, SESSIONS).insert_one(row, session=act.session)


def get(act: Act, secret_hash: str) -> Session | None:
    """The session of a secret.

    No scope: knowing the secret is the right to the session.
    """
    found = collection(act, SESSIONS).find_one({"_id": secret_hash}, session=act.session)
    return Session.model_validate(found) if found else None


def touch(act: Act, secret_hash: str, now: datetime) -> None:
    """Note that the session was used."""
    collection(act, SESSIONS).update_one({"_id": secret_hash}, {"$max": {"used": now}})


def drop(act: Act, secret_hash: str) -> None:
    """End one session."""
    collection(act, SESSIONS).delete_one({"_id": secret_hash}, session=act.session)


def drop_all(act: Act, account: str) -> int:
    """End every session of an account. Returns how many there were."""
    return (
        collection(act, SESSIONS)
        .delete_many({"account": account}, session=act.session)
        .deleted_count
    )


def signed_in(act: Act, account: str, at: datetime) -> datetime | None:
    """Note a sign-in; answers when the one before it was.

    No scope: asked for the account whose password was right.
    """
    before: dict[str, Any] | None = collection(act, SIGN_INS).find_one_and_update(
        {"_id": account}, [{"$set": {"before": "$at", "at": at}}], upsert=True
    )
    return before["at"] if before else None


def last_sign_in(act: Act, account: str) -> datetime | None:
    """When the account last signed in.

    No scope: asked for the account of a session whose secret was shown.
    """
    found = collection(act, SIGN_INS).find_one({"_id": account}, session=act.session)
    return found["at"] if found else None


def sign_in_before(account: str) -> Question:
    """When the account signed in the time before the last one: a document with `before`.

    No scope: asked by a person for the own account.
    """
    return Question(SIGN_INS, [{"$match": {"_id": account}}, {"$project": {"before": 1}}])
