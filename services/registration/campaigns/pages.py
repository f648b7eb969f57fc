"""Pages of the campaign wizard: a programme, a plan kept as a draft, and its announcement."""

from pathlib import Path
from typing import Any

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import PAGE_MOST, Stored
from chassis.errors import Invalid, Problem
from chassis.http.mends import again
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.registration.campaigns import form, operations
from services.registration.campaigns.model import Campaign, Status
from services.registration.campaigns.plan import Mode, Plan, rules_hash
from services.registration.codes import codes
from services.registration.organisations.model import Level
from services.registration.programmes import operations as programmes
from services.registration.programmes.model import Kind, Programme, Tier
from services.registration.programmes.model import Status as ProgrammeStatus
from services.registration.views import Id

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
GRADES = range(1, 7)

routes = Routes("campaign_pages", templates=str(TEMPLATES))


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class NewQuery(BaseModel):
    """Of which programme."""

    programme: str = Field("", max_length=40)


@routes.page("/programmes/new", roles=CENTRE)
def new_programme(act: Act) -> str:
    """What the centre runs under a name of its own."""
    return _programme({"level": Level.MIDDLE.value, "grades": []})


@routes.form("/programmes/new", roles=CENTRE)
def publish_programme(act: Act) -> Response | tuple[str, int]:
    """Publish a programme, and go on to its campaign."""
    sent = request.form
    grades = [int(one) for one in sent.getlist("grades") if one.isdecimal()]
    kept = {**sent.to_dict(), "grades": [str(one) for one in grades]}
    name = sent.get("name", "").strip()
    level = next((one for one in Level if one.value == sent.get("level")), Level.MIDDLE)
    state = Programme(
        centre="",
        name=name[: form.NAME_MOST],
        brand="programme",
        level=level,
        tier=next((one for one in Tier if one.value == sent.get("tier")), Tier.BASIC),
        kind=next((one for one in Kind if one.value == sent.get("kind")), Kind.GROUPS),
        grades=tuple(grades),
    )
    try:
        done = programmes.publish(act, state)
    except Invalid as refused:
        return _programme(kept, refused), refused.status
    return _to(url_for("campaign_pages.new", programme=done.id))


@routes.page("/campaigns/new", roles=CENTRE)
def new(act: Act, query: NewQuery) -> str:
    """An empty plan with proposed dates."""
    found = _programmes(act)
    chosen = next((one for one in found if one[0] == query.programme), found[0] if found else None)
    kind = chosen[2] if chosen else Kind.GROUPS.value
    return _plan(act, form.proposed(chosen[0] if chosen else "", kind, act.now))


@routes.form("/campaigns/new", roles=CENTRE)
def draft(act: Act) -> Response | tuple[str, int]:
    """Keep the plan as a draft that only the centre sees."""
    kept = form.typed(request.form)
    try:
        done = operations.draft(act, _read(act, kept))
    except Problem as refused:
        return _plan(act, kept, refused), refused.status
    return _to(url_for("campaign_pages.summary", campaign_id=done.id))


@routes.page("/campaigns/<campaign_id>/plan", roles=CENTRE)
def edit(act: Act, path: CampaignPath) -> str:
    """The plan of a campaign, to be changed."""
    stored = operations.own(act, path.campaign_id)
    return _plan(act, form.fields_of(stored.state.plan()), campaign=path.campaign_id)


@routes.form("/campaigns/<campaign_id>/plan", roles=CENTRE)
def replan(act: Act, path: CampaignPath) -> Response | tuple[str, int]:
    """Change the plan."""
    kept = form.typed(request.form)
    stored = operations.own(act, path.campaign_id)
    before = stored.state
    if before.status is not Status.DRAFT:
        # What is fixed by the announcement is shown and not asked.
        kept |= {"programme": before.programme, "kind": before.kind.value}
    try:
        changes = _read(act, kept, stored).model_dump(exclude={"stages"})
        operations.replan(act, path.campaign_id, changes)
    except Problem as refused:
        return _plan(act, kept, refused, path.campaign_id), refused.status
    if before.status is Status.DRAFT:
        return _to(url_for("campaign_pages.summary", campaign_id=path.campaign_id))
    return _to(url_for("home.campaign", campaign_id=path.campaign_id))


@routes.page("/campaigns/<campaign_id>/summary", roles=CENTRE)
def summary(act: Act, path: CampaignPath) -> str:
    """All of a draft on one page, and what happens when it is announced."""
    return _summary(act, path)


@routes.form("/campaigns/<campaign_id>/announce", roles=CENTRE)
def announce(act: Act, path: CampaignPath) -> Response | tuple[str, int]:
    """Make the campaign public."""
    try:
        operations.announce(act, path.campaign_id)
    except Problem as refused:
        return _summary(act, path, refused), refused.status
    return _to(url_for("home.campaign", campaign_id=path.campaign_id))


def _read(act: Act, kept: dict[str, Any], before: Stored[Campaign] | None = None) -> Plan:
    """The plan that was typed. Raises Invalid with what cannot be read, and beside it what the
    rules say to the rest, so that nobody has to come back for one fault after the other."""
    said, unread = form.read(kept, before.state if before else None)
    if unread:
        raise Invalid([*unread, *operations.faults(act, said, before.id if before else None)])
    return Plan.model_validate(said)


def _programme(kept: dict[str, Any], refused: Problem | None = None) -> str:
    return render(
        "campaigns/programme.html",
        kept=kept,
        levels=[(one.value, codes().levels[one.value][lang()]) for one in Level],
        grades=GRADES,
        kinds=[(one.value, text(f"page.wizard.kind.{one.value}")) for one in Kind],
        tiers=[(one.value, text(f"page.wizard.tier.{one.value}")) for one in Tier],
        **again(refused, form.field_of),
    )


def _plan(
    act: Act, kept: dict[str, Any], refused: Problem | None = None, campaign: str | None = None
) -> str:
    status = operations.own(act, campaign).state.status if campaign else Status.DRAFT
    return render(
        "campaigns/plan.html",
        campaign=campaign,
        announced=status is not Status.DRAFT,
        kept=kept,
        programmes=[(id, name) for id, name, _ in _programmes(act)],
        kinds=[(one.value, text(f"page.wizard.kind.{one.value}")) for one in Kind],
        modes=[(one.value, text(f"page.wizard.mode.{one.value}")) for one in Mode],
        moments=form.MOMENTS,
        free=form.FREE,
        offered=[(code, names[lang()]) for code, names in codes().fields.items()],
        **again(refused, form.field_of, form.FIELDS),
    )


def _summary(act: Act, path: CampaignPath, refused: Problem | None = None) -> str:
    stored = operations.own(act, path.campaign_id)
    return render(
        "campaigns/summary.html",
        id=stored.id,
        campaign=stored.state,
        programme=programmes.shown(act, stored.state.programme).state,
        fields=[codes().fields[code][lang()] for code in stored.state.fields],
        moments=[name for name in form.MOMENTS if getattr(stored.state, name) is not None],
        rules_hash=rules_hash(stored.state),
        **again(refused, form.field_of),
    )


def _programmes(act: Act) -> list[tuple[str, str, str]]:
    """Id, name and kind of the programmes that take a campaign, by name."""
    page = programmes.listed(act, PAGE_MOST, None)
    found = [
        (one.id, one.state.name, one.state.kind.value)
        for one in page.items
        if one.state.status is ProgrammeStatus.PUBLISHED
    ]
    return sorted(found, key=lambda one: one[1])


def _to(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]
