"""Whether an account may still act: asked with each request, so that one who was shut out is out.

Mostly it is asked before anything else. Where a route's first question fetches one document
(`Aggregates.load_with`) or many answers at once (`chassis.together`), that question may bring this
answer along: the way to the database is most of what both cost. Until it is there nothing else is
read or written, and nothing that is stored is answered.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pymongo.database import Database

from chassis.errors import Unauthenticated

REVOCATIONS = "revocations"
BROUGHT = "beside_revocations"


class Vouch:
    """What is to be asked of the account of one token, once."""

    def __init__(self, database: Database[dict[str, Any]], account: str, issued: int) -> None:
        self._database = database
        self._account = account
        self._issued = issued
        self.open = True
        """Whether it has still to be asked."""

    def settle(self) -> None:
        """Ask, unless it was. Raises Unauthenticated for an account that was shut out."""
        if self.open:
            self._judge(self._database[REVOCATIONS].find_one({"_id": self._account}))

    def question(self) -> list[dict[str, Any]]:
        """The stages of an aggregation over `REVOCATIONS` that find what `heard` wants to know."""
        return [{"$match": {"_id": self._account}}]

    def stage(self) -> dict[str, Any]:
        """The stage of any aggregation by which each of its documents brings that along."""
        return {"$lookup": {"from": REVOCATIONS, "pipeline": self.question(), "as": BROUGHT}}

    def heard(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the answer from elsewhere. Raises Unauthenticated as `settle`."""
        self._judge(next(iter(rows), None))

    def _judge(self, row: Mapping[str, Any] | None) -> None:
        if row is not None:
            not_before = datetime.fromisoformat(row["tokens_not_before"]).timestamp()
            if not row["active"] or self._issued < int(not_before):
                raise Unauthenticated("token_expired")
        self.open = False
