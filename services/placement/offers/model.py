"""An offer: its draft, its published versions, and what may still change when.

draft → published (version 1) → revised (version 2, 3 …) → withdrawn. Once its campaign's survey
has closed, a placement relies on the version of that moment: sessions may be added and texts
mended, but none may be taken away or made smaller. Whoever cannot keep one then declines or
cancels the booking, which repairs the placement for those concerned.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis.errors import Refused
from chassis.facts import Event, derived_id, stamp
from services.placement.offers.content import Content, Session, Terms

LABELS_TOPIC = "placement.labels"
Status = Literal["draft", "published", "withdrawn"]


class Dictated(BaseModel):
    """The centre recorded this for somebody who said it on the telephone (대리 입력).

    With whom it spoke is kept under the offer's own key and never stands here in clear.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    sealed: bytes


class Change(BaseModel):
    """One change of an offer: what, when, by which account, and whether it was dictated."""

    model_config = ConfigDict(frozen=True)

    what: Literal["drafted", "published", "revised", "withdrawn"]
    at: datetime
    by: str
    version: int
    by_telephone: Dictated | None = None
    reason_code: str | None = None


class Offer(BaseModel):
    """The state of an offer. `version` counts what was published; 0 is a draft."""

    model_config = ConfigDict(frozen=True)

    centre: str
    host: str
    campaign: str | None
    status: Status
    version: int
    content: Content
    sessions: list[Session]
    skipped: list[dict[str, str]] = []
    changes: list[Change]

    @property
    def team(self) -> str | None:
        """The team that receives the group, if one is named."""
        return self.content.team

    @property
    def terms(self) -> Terms | None:
        """What the host accepts without being asked."""
        return self.content.terms

    def rewritten(
        self,
        content: Content,
        sessions: list[Session],
        skipped: list[dict[str, str]],
        change: Change,
        frozen: bool,
    ) -> "Offer":
        """The offer with new content: a draft stays one, a published one gets a new version.

        Sessions that fall away stand in this version as cancelled, so that everybody is told once.
        `frozen`: the campaign's survey has closed. Raises Refused.
        """
        if self.status == "withdrawn":
            raise Refused("offer_withdrawn")
        published = self.status == "published"
        if published:
            if frozen:
                _keeps_all(self.sessions, sessions, self.content, content)
            sessions = [*sessions, *_fallen_away(self.sessions, sessions)]
        version = self.version + 1 if published else self.version
        return self.model_copy(
            update={
                "version": version,
                "content": content,
                "sessions": sorted(sessions, key=lambda s: (s.start, s.id)),
                "skipped": skipped,
                "changes": [*self.changes, change.model_copy(update={"version": version})],
            }
        )

    def published(self, change: Change) -> "Offer":
        """The first version, or after a withdrawal the next one. Raises Refused."""
        if self.status == "published":
            raise Refused("already_published")
        if not self.open_sessions():
            raise Refused("no_sessions")
        version = self.version + 1
        return self.model_copy(
            update={
                "status": "published",
                "version": version,
                "changes": [*self.changes, change.model_copy(update={"version": version})],
            }
        )

    def withdrawn(self, change: Change, frozen: bool) -> "Offer":
        """The offer taken back. Raises Refused when a placement may already rely on it."""
        if self.status != "published":
            raise Refused("not_published")
        if frozen:
            raise Refused("offer_frozen")
        return self.model_copy(
            update={
                "status": "withdrawn",
                "changes": [*self.changes, change.model_copy(update={"version": self.version})],
            }
        )

    def open_sessions(self) -> list[Session]:
        """The sessions that can be asked for."""
        return [s for s in self.sessions if s.status == "open"]


def plain(name: str) -> str:
    """A team's name as two spellings of it are compared."""
    return " ".join(name.split()).casefold()


def team_of(host: str, content: Content, known: Mapping[str, str]) -> Content:
    """The content with its team's id: the same name at the same host is the same team.

    So offers share a team without anybody keeping a list of teams. `known` are the host's teams
    by id with their names: one that came with another entry of this host keeps its id.
    """
    if content.team is not None or not content.team_name:
        return content
    name = plain(content.team_name)
    own = derived_id("team", host, name)
    there = sorted(id for id, called in known.items() if plain(called) == name)
    team = there[0] if there and own not in there else own
    return content.model_copy(update={"team": team})


def facts(offer: Offer) -> dict[str, Any]:
    """The offer as its events carry it: codes, ids, numbers and times."""
    content = offer.content
    return {
        "centre": offer.centre,
        "campaign": offer.campaign,
        "host": offer.host,
        "version": offer.version,
        "team": content.team,
        "field": content.field,
        "kind": content.kind,
        "levels": content.levels,
        "grades": content.grades,
        "hazards": list(content.hazards),
        "setting": content.setting,
        "place_code": content.place_code,
        "accessible": content.accessible,
        "minimum": content.minimum,
        "maximum": content.maximum,
        "lead_days": content.lead_days,
        "travel_minutes": content.travel_minutes,
        "sessions": [
            {
                "id": s.id,
                "start": stamp(s.start),
                "end": stamp(s.end),
                "minimum": s.minimum,
                "maximum": s.maximum,
                "status": s.status,
            }
            for s in offer.sessions
        ],
    }


def label(offer: Offer) -> dict[str, Any]:
    """The texts of an offer for notifications, sealed on their way."""
    content = offer.content
    return {
        "kind": "offer",
        "title": content.title,
        "team_name": content.team_name,
        "place": content.place,
        "meeting_point": content.meeting_point,
        "telephone": content.telephone,
    }


def events(offer: Offer, what: Literal["published", "revised", "withdrawn"]) -> list[Event]:
    """The events of a change: the fact for everybody, the texts for notifications only."""
    fact = Event(f"offer.{what}", facts(offer))
    if what == "withdrawn":
        return [fact]
    return [fact, Event("offer_label.changed", label(offer), topic=LABELS_TOPIC)]


def _fallen_away(before: list[Session], after: list[Session]) -> list[Session]:
    kept = {s.id for s in after}
    return [
        s.model_copy(update={"status": "cancelled"})
        for s in before
        if s.id not in kept and s.status == "open"
    ]


def _keeps_all(before: list[Session], after: list[Session], old: Content, new: Content) -> None:
    """Refuse a change that takes something away from those who rely on it."""
    by_id = {s.id: s for s in after}
    for session in before:
        if session.status != "open":
            continue
        now = by_id.get(session.id)
        if now is None or now.maximum < session.maximum or now.minimum > session.minimum:
            raise Refused("offer_frozen")
    same = ("team", "field", "kind", "setting", "place_code")
    if any(getattr(old, name) != getattr(new, name) for name in same):
        raise Refused("offer_frozen")
    if new.maximum < old.maximum or new.minimum > old.minimum:
        raise Refused("offer_frozen")
