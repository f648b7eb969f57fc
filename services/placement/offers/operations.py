"""Drafting, publishing, revising and withdrawing offers, and asking for their sessions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chassis.act import Act
from chassis.documents import Page, Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound, Refused
from chassis.scope import Centre, Party, Public
from services.placement.campaigns import operations as campaigns
from services.placement.hosts import operations as hosts
from services.placement.offers import calendar, partly, publicholidays, store
from services.placement.offers.codes import codes
from services.placement.offers.content import MOST_SESSIONS, ByTelephone, Content, Session, faults
from services.placement.offers.dictation import changed, dictated, told, undictated
from services.placement.offers.model import Offer, events, plain, team_of
from services.placement.offers.recurring import expand
from services.placement.offers.store import Version
from services.placement.organisations import operations as organisations


@dataclass(frozen=True, slots=True)
class Opening:
    """A session of a published offer with what the offer says about it."""

    session: Session
    offer_id: str
    offer: Offer
    open: bool


def draft(
    act: Act,
    content: Content,
    campaign: str | None,
    host: str | None = None,
    centre: str | None = None,
    by_telephone: ByTelephone | None = None,
) -> Receipt:
    """Begin an offer. A centre names the host it records for; a host names the centre.

    Raises NotFound for a host without a relation to the centre, Invalid with every fault.
    """
    host, centre = organisations.host_and_centre(act, host, centre)
    id = act.new_id("offer")
    content, sessions, skipped = _prepared(act, id, host, centre, campaign, content, by_telephone)
    offer = Offer(
        centre=centre,
        host=host,
        campaign=campaign,
        status="draft",
        version=0,
        content=content,
        sessions=sessions,
        skipped=skipped,
        changes=[changed(act, id, "drafted", by_telephone)],
    )
    return store.offers.create(act, id, offer, extra=_extra(offer))


def rewrite(
    act: Act, id: str, content: Content, by_telephone: ByTelephone | None = None
) -> Receipt:
    """Change a draft, or revise what is published into its next version."""

    def work(act: Act) -> Receipt:
        stored = store.offers.load(act, id)
        before = stored.state
        new, sessions, skipped = _prepared(
            act, id, before.host, before.centre, before.campaign, content, by_telephone
        )
        change = changed(act, id, "revised", by_telephone)
        after = before.rewritten(new, sessions, skipped, change, frozen=_frozen(act, before))
        if after.status != "published":
            return store.offers.save(act, stored, after, extra=_extra(after))
        return _put(act, stored, after, "revised")

    return act.together(work)


def faults_in(
    act: Act, sent: Mapping[str, Any], campaign: str | None = None, id: str | None = None
) -> list[FieldError]:
    """What the rules find in what can be read of an offer's content, of which a part cannot.

    `campaign` is that of a new offer; a known one has its own. Raises NotFound.
    """
    if id is not None:
        campaign = store.offers.get(act, id).state.campaign
    frame = campaigns.show(act, campaign) if campaign is not None else None
    field = sent.get("field")
    return [
        *undictated(act, sent.get("by_telephone") is not None),
        *partly.faults_in(sent, codes()),
        *(_unoffered(frame, field) if isinstance(field, str) else ()),
    ]


def publish(act: Act, id: str, by_telephone: ByTelephone | None = None) -> Receipt:
    """Publish an offer. Raises Refused unless the centre has approved the host, when the team is
    taken at that time, or when the offer has no session."""
    dictated(act, by_telephone)

    def work(act: Act) -> Receipt:
        stored = store.offers.load(act, id)
        offer = stored.state
        hosts.require_approved(replace(act, scope=Centre(offer.centre)), offer.centre, offer.host)
        _campaign_takes(act, offer)
        return _put(
            act, stored, offer.published(changed(act, id, "published", by_telephone)), "published"
        )

    return act.together(work)


def withdraw(
    act: Act, id: str, reason_code: str, by_telephone: ByTelephone | None = None
) -> Receipt:
    """Take a published offer back. Raises Refused once the campaign's survey has closed."""
    dictated(act, by_telephone)

    def work(act: Act) -> Receipt:
        stored = store.offers.load(act, id)
        change = changed(act, id, "withdrawn", by_telephone, reason_code)
        after = stored.state.withdrawn(change, frozen=_frozen(act, stored.state))
        return _put(act, stored, after, "withdrawn")

    return act.together(work)


def show(act: Act, id: str) -> Stored[Offer]:
    """An offer that is the act's own, or a published one. Raises NotFound."""
    try:
        return store.offers.get(act, id)
    except NotFound:
        return store.offers.get(replace(act, scope=Public()), id)


def spoken_with(act: Act, stored: Stored[Offer]) -> list[str | None]:
    """With whom the centre spoke, change by change; None where nobody did, or it was erased."""
    return [
        None if change.by_telephone is None else told(act, stored.id, change.by_telephone)
        for change in stored.state.changes
    ]


def versions(act: Act, id: str) -> list[Version]:
    """What each version said, oldest first. Raises NotFound."""
    store.offers.get(act, id)
    return store.versions_of(act, id)


def page(
    act: Act,
    campaign: str | None = None,
    status: str | None = None,
    host: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Offer]:
    """A page of the act's own offers."""
    return store.page(act, campaign, status, host, limit, after)


def catalogue(act: Act, campaign: str, limit: int, after: str | None) -> Page[Offer]:
    """A page of what is published for a campaign, for everybody."""
    found = campaigns.show(act, campaign)
    return store.published_page(
        replace(act, scope=Public()), found["centre"], campaign, limit, after
    )


def by_id(act: Act, ids: Iterable[str]) -> dict[str, Offer]:
    """Published offers, and the act's own, by id; others are left out."""
    wanted = set(ids)
    found = {row.id: row.state for row in store.many(replace(act, scope=Public()), wanted)}
    found.update({row.id: row.state for row in store.many(act, wanted - set(found))})
    return found


def sessions(act: Act, campaign: str) -> list[Opening]:
    """Every session of every published offer for the campaign, in order of offer and time.

    `open` is false for closed and cancelled sessions and for all of a host that is held: nobody
    is placed there, and each wish for one says so.
    """
    found = campaigns.show(act, campaign)
    rows = store.published(replace(act, scope=Public()), found["centre"], campaign)
    approved = hosts.approved(act, found["centre"], [row.state.host for row in rows])
    return [
        Opening(session, row.id, row.state, session.status == "open" and row.state.host in approved)
        for row in rows
        for session in row.state.sessions
    ]


def team_calendars(act: Act) -> list[tuple[str, list[tuple[calendar.Taken, Offer]]]]:
    """The calendars of a host's own teams over all centres, each session with its offer."""
    found = store.calendars(act)
    known = by_id(act, {one.offer for _, taken in found for one in taken})
    return [
        (team, [(one, known[one.offer]) for one in taken if one.offer in known])
        for team, taken in found
    ]


def same_named(act: Act, one: str, other: str) -> list[str]:
    """Names of teams that published offers of both hosts give to two different calendars."""
    everybody = replace(act, scope=Public())
    there = {(plain(name), id) for id, name in store.teams(everybody, other).items()}
    return sorted(
        name
        for id, name in store.teams(everybody, one).items()
        if any(called == plain(name) and found != id for called, found in there)
    )


def move_host(act: Act, gone: str, survivor: str) -> None:
    """Offers and calendars of one host are another's from now on."""
    store.move_host(act, gone, survivor)


def _put(act: Act, stored: Stored[Offer], after: Offer, what: Any) -> Receipt:
    """Write a published or withdrawn offer with its calendar, its version and its events."""
    _move_in_calendars(act, stored.id, stored.state, after)
    if what != "withdrawn":
        store.keep_version(replace(act, command=None), stored.id, after)
    return store.offers.save(act, stored, after, events(after, what), extra=_extra(after))


def _move_in_calendars(act: Act, id: str, before: Offer, after: Offer) -> None:
    wanted = calendar.taken(id, after)
    for team in sorted({t for t in (before.team, after.team) if t is not None}):
        held = store.hold_calendar(act, after.host, team)
        if held is None:
            raise Invalid([FieldError("/team", "team_of_another_host")])
        others = [one for one in held if one.offer != id]
        mine = wanted if team == after.team else []
        found = calendar.clash(others, mine)
        if found is not None:
            raise _busy(act, after, *found)
        store.write_calendar(act, after.host, team, [*others, *mine])


def _busy(act: Act, offer: Offer, wanted: calendar.Taken, other: calendar.Taken) -> Refused:
    """The clash with its name, as far as the reader may know it: another centre's is a time."""
    seen = by_id(act, [other.offer]).get(other.offer)
    own = seen is not None and (seen.centre == offer.centre or act.scope == Party(offer.host))
    return Refused(
        "team_busy" if own else "team_busy_elsewhere",
        team=offer.content.team_name or "",
        start=wanted.start,
        end=wanted.end,
        other_start=other.start,
        other_end=other.end,
        **({"title": seen.content.title, "offer": other.offer} if own and seen else {}),
    )


def _prepared(
    act: Act,
    id: str,
    host: str,
    centre: str,
    campaign: str | None,
    content: Content,
    by_telephone: ByTelephone | None,
) -> tuple[Content, list[Session], list[dict[str, str]]]:
    """The content with its team, its sessions, and the days that fell out. Raises Invalid."""
    content = team_of(host, content, store.teams(replace(act, scope=Party(host)), host))
    frame = campaigns.show(act, campaign) if campaign is not None else None
    if frame is not None and frame["centre"] != centre:
        raise NotFound("campaign_unknown")
    errors = [
        *undictated(act, by_telephone is not None),
        *faults(content, codes()),
        *_unoffered(frame, content.field),
    ]
    if not any(one.pointer.startswith(("/slots", "/recurring")) for one in errors):
        holidays = frozenset(
            day
            for rule in content.recurring
            for day in publicholidays.between(
                date.fromisoformat(rule.first), date.fromisoformat(rule.last)
            )
        )
        unusable = campaigns.unusable(frame) if frame is not None else frozenset()
        found = expand(id, content, holidays, unusable)
        if len(found.sessions) > MOST_SESSIONS:
            facts = {"most": MOST_SESSIONS, "count": len(found.sessions)}
            errors.append(FieldError("/recurring", "too_many_sessions", facts))
    if errors:
        raise Invalid(errors)
    skipped = [{"date": s.day.isoformat(), "code": s.code} for s in found.skipped]
    return content, list(found.sessions), skipped


def _unoffered(frame: Mapping[str, Any] | None, field: str) -> list[FieldError]:
    """A campaign that names its fields takes no others."""
    if frame is None or not frame["fields"] or field in frame["fields"]:
        return []
    return [FieldError("/field", "field_not_in_campaign", {"field": field})]


def _campaign_takes(act: Act, offer: Offer) -> None:
    if offer.campaign is None:
        return
    status = campaigns.show(act, offer.campaign)["status"]
    if status == "cancelled":
        raise Refused("campaign_over", status=status)


def _frozen(act: Act, offer: Offer) -> bool:
    return offer.campaign is not None and campaigns.closed(campaigns.show(act, offer.campaign))


def _extra(offer: Offer) -> dict[str, Any]:
    return {
        "offer_version": offer.version,
        "team": offer.team,
        "sessions": len(offer.open_sessions()),
        "skipped": len(offer.skipped),
    }
