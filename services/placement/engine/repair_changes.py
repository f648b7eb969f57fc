"""Changes to a market after its answer: what happened, and the market that results.

A change is one object or a list of them, each with a `kind`:
  cancel_session   {session}                       the session does not take place at all
  decline          {session, school | applicant}   the host declines one school's group there
  capacity         {session, max, min?}            other seats than were offered
  add_applicant    {applicant: {...}}              a late applicant, as in the market file
  add_session      {session: {...}}                a further session, as in the market file
  add_wish         {applicant, wish: {...}}        "if we also came on another day"
  withdraw         {applicant} or {school}         an applicant or a whole school withdraws
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.placement.engine.market import Market, MarketError, MarketErrors

Change = Mapping[str, Any]
Document = dict[str, Any]


def as_list(change: Change | Sequence[Change]) -> list[Change]:
    """One change or several, as a list."""
    return [change] if isinstance(change, Mapping) else list(change)


def changed(market: Market, change: Change | Sequence[Change]) -> Market:
    """The market after the changes; raises `MarketErrors` where they do not fit it."""
    document = market.to_json()
    errors: list[MarketError] = []
    for i, one in enumerate(as_list(change)):
        if not isinstance(one, Mapping) or one.get("kind") not in _KINDS:
            kinds = ", ".join(sorted(_KINDS))
            errors.append(MarketError(f"/{i}/kind", "unknown_kind", f"a kind is one of {kinds}"))
            continue
        errors.extend(_KINDS[one["kind"]](document, one, f"/{i}"))
    if errors:
        raise MarketErrors(errors)
    return Market.from_json(document)


def _find(rows: list[Document], name: object) -> Document | None:
    return next((row for row in rows if row["id"] == name), None)


def _missing(at: str, what: str, name: object) -> list[MarketError]:
    return [MarketError(f"{at}/{what}", f"unknown_{what}", f"there is no {what} {name!r}")]


def _bar(document: Document, session: str, who: Callable[[Document], bool], code: str) -> None:
    """Exclude those who wished for a session, and drop fixed placements that used it."""
    barred: set[str] = set()
    for applicant in document["applicants"]:
        if who(applicant) and any(session in w["stops"] for w in applicant["wishes"]):
            document["excluded"].append([applicant["id"], session, code, {}])
            barred.add(applicant["id"])
    wishes = {a["id"]: a["wishes"] for a in document["applicants"]}
    document["rules"]["fixed"] = [
        f
        for f in document["rules"]["fixed"]
        if f["applicant"] not in barred or session not in wishes[f["applicant"]][f["wish"]]["stops"]
    ]


def _cancel(document: Document, change: Change, at: str) -> list[MarketError]:
    session = _find(document["sessions"], change.get("session"))
    if session is None:
        return _missing(at, "session", change.get("session"))
    session["open"] = False
    _bar(document, session["id"], lambda a: True, "session_cancelled")
    return []


def _decline(document: Document, change: Change, at: str) -> list[MarketError]:
    session = _find(document["sessions"], change.get("session"))
    if session is None:
        return _missing(at, "session", change.get("session"))
    key = "applicant" if "applicant" in change else "school"
    field = "id" if key == "applicant" else "school"
    if not any(a[field] == change.get(key) for a in document["applicants"]):
        return _missing(at, key, change.get(key))
    _bar(document, session["id"], lambda a: bool(a[field] == change[key]), "host_declined")
    return []


def _capacity(document: Document, change: Change, at: str) -> list[MarketError]:
    session = _find(document["sessions"], change.get("session"))
    if session is None:
        return _missing(at, "session", change.get("session"))
    if "max" not in change:
        return [MarketError(f"{at}/max", "required", "max is missing")]
    session["max"] = change["max"]
    session["min"] = change.get("min", min(session["min"], session["max"]))
    return []


def _add_applicant(document: Document, change: Change, at: str) -> list[MarketError]:
    if not isinstance(change.get("applicant"), Mapping):
        return [MarketError(f"{at}/applicant", "type", "an applicant object is needed")]
    document["applicants"].append(dict(change["applicant"]))
    return []


def _add_session(document: Document, change: Change, at: str) -> list[MarketError]:
    if not isinstance(change.get("session"), Mapping):
        return [MarketError(f"{at}/session", "type", "a session object is needed")]
    document["sessions"].append(dict(change["session"]))
    return []


def _add_wish(document: Document, change: Change, at: str) -> list[MarketError]:
    applicant = _find(document["applicants"], change.get("applicant"))
    if applicant is None:
        return _missing(at, "applicant", change.get("applicant"))
    if not isinstance(change.get("wish"), Mapping):
        return [MarketError(f"{at}/wish", "type", "a wish object is needed")]
    applicant["wishes"].append(dict(change["wish"]))
    return []


def _withdraw(document: Document, change: Change, at: str) -> list[MarketError]:
    key = "applicant" if "applicant" in change else "school"
    field = "id" if key == "applicant" else "school"
    gone = {a["id"] for a in document["applicants"] if a[field] == change.get(key)}
    if not gone:
        return _missing(at, key, change.get(key))
    document["applicants"] = [a for a in document["applicants"] if a["id"] not in gone]
    document["excluded"] = [e for e in document["excluded"] if e[0] not in gone]
    rules = document["rules"]
    rules["fixed"] = [f for f in rules["fixed"] if f["applicant"] not in gone]
    return []


_KINDS: dict[str, Callable[[Document, Change, str], list[MarketError]]] = {
    "cancel_session": _cancel,
    "decline": _decline,
    "capacity": _capacity,
    "add_applicant": _add_applicant,
    "add_session": _add_session,
    "add_wish": _add_wish,
    "withdraw": _withdraw,
}
