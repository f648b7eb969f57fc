"""The public form of a market: names that only the campaign knows, and nothing about needs. Pure.

What is published is what was solved: applicants stand under HMAC-SHA-256(salt, id) and in the
order of those names; schools with fewer than five people apply as one line; and the codes of
exclusion that could tell of somebody's needs are one code. The salt stays with the campaign, so
that nobody can try out ids; the same applicant has the same name in every run of it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

#: Schools with fewer people than this apply as one.
FEWEST = 5
#: Exclusions that are told apart for the centre only: one of them follows from access needs.
MERGED = frozenset({"access", "kind", "place", "travel_limit"})
UNSUITED = "not_suitable"
SMALL_SCHOOLS = "schools of fewer than five"


@dataclass(frozen=True, slots=True)
class Names:
    """Public names and whom they stand for."""

    of: Mapping[str, str]
    """Public name by applicant id."""
    whose: Mapping[str, str]
    """Id of an applicant or school by public name; small schools together stand for nobody."""

    def inner(self, found: Any) -> Any:
        """Any document with public names of applicants and schools turned into ids."""
        if isinstance(found, str):
            return self.whose.get(found, found)
        if isinstance(found, Mapping):
            return {key: self.inner(value) for key, value in found.items()}
        if isinstance(found, (list, tuple)):
            return [self.inner(value) for value in found]
        return found


def pseudonym(salt: bytes, id: str) -> str:
    """The public name of an applicant in one campaign: 32 hexadecimal digits."""
    return hmac.new(salt, id.encode(), hashlib.sha256).hexdigest()[:32]


def published(document: Document, salt: bytes) -> tuple[Document, Names]:
    """The market under public names, and the names."""
    of = {row["id"]: pseudonym(salt, row["id"]) for row in document["applicants"]}
    schools = _schools(document, salt)
    shared = pseudonym(salt, SMALL_SCHOOLS)
    alone = {name: id for id, name in schools.items() if name != shared}
    names = Names(of, {**alone, **{name: id for id, name in of.items()}})
    applicants = [
        {**row, "id": of[row["id"]], "school": schools[row["school"]]}
        for row in document["applicants"]
    ]
    rules = document["rules"]
    public: Document = {
        **document,
        "applicants": sorted(applicants, key=lambda row: row["id"]),
        "excluded": sorted(
            (_excluded(of, row) for row in document["excluded"]), key=lambda row: (row[0], row[1])
        ),
        "rules": {
            **rules,
            "fixed": [{**row, "applicant": of[row["applicant"]]} for row in rules.get("fixed", ())],
        },
    }
    return public, names


def _excluded(of: Mapping[str, str], row: list[Any]) -> list[Any]:
    applicant, session, code, facts = row
    if code in MERGED:
        return [of[applicant], session, UNSUITED, {}]
    return [of[applicant], session, code, facts]


def _schools(document: Document, salt: bytes) -> dict[str, str]:
    """The public name of every school. Under a cap on schools each has to count for itself."""
    people: dict[str, int] = {}
    for row in document["applicants"]:
        people[row["school"]] = people.get(row["school"], 0) + row["people"]
    capped = (document["rules"].get("caps") or {}).get("schools") is not None
    together = pseudonym(salt, SMALL_SCHOOLS)
    small = {school for school, count in people.items() if count < FEWEST}
    return {
        school: school if school not in small else pseudonym(salt, school) if capped else together
        for school in people
    }
