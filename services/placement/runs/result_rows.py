"""The result rows of runs in MongoDB: one for each applicant of an attempt.

Rows carry their attempt. Only those of the attempt that a run's own state names are its result;
those of an attempt that was fenced off are never read and are removed later.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ReplaceOne

from chassis.act import Act, collection
from chassis.scope import within

RESULTS = "run_results"

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    RESULTS: [
        [("run", 1), ("attempt", 1), ("number", 1)],
        [("run", 1), ("attempt", 1), ("applicant", 1)],
        [("parties", 1), ("run", 1), ("attempt", 1), ("number", 1)],
    ]
}


def write(act: Act, run: str, attempt: int, centre: str, rows: Sequence[Any]) -> None:
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


def page(
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


def counts(act: Act, run: str, attempt: int) -> dict[str, tuple[int, int]]:
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


def of_applicants(
    act: Act, run: str, attempt: int, applicants: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The result rows of some applicants, by applicant."""
    wanted = {"run": run, "attempt": attempt, "applicant": {"$in": list(applicants)}}
    found = collection(act, RESULTS).find(within(act.scope, wanted), session=act.session)
    return {row["applicant"]: row for row in found}


def of_school(act: Act, run: str, after: int, limit: int) -> list[dict[str, Any]]:
    """A school's own rows of a run, once they are released; the scope names the school."""
    wanted = {"run": run, "released": True, "number": {"$gt": after}}
    found = collection(act, RESULTS).find(within(act.scope, wanted), session=act.session)
    return list(found.sort("number", 1).limit(limit))


def waiting(act: Act, run: str, attempt: int) -> int:
    """How many applicants the run itself put on the waitlist."""
    wanted = {"run": run, "attempt": attempt, "state": "waitlisted"}
    return collection(act, RESULTS).count_documents(within(act.scope, wanted), session=act.session)


def of_schools(act: Act, run: str, attempt: int, schools: Iterable[str]) -> int:
    """How many rows of an attempt belong to these schools."""
    wanted = {"run": run, "attempt": attempt, "parties": {"$in": sorted(schools)}}
    return collection(act, RESULTS).count_documents(within(act.scope, wanted), session=act.session)


def release(act: Act, run: str, attempt: int) -> None:
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
    """Remove the rows of attempts that were fenced off."""
    collection(act, RESULTS).delete_many({"run": run, "attempt": {"$ne": winner}})
