"""Pages: every survey of a school, and the wishes of one group that differ from the others'."""

from dataclasses import replace

from flask import Response, make_response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Stored
from chassis.errors import FieldError, NotFound, Stale
from chassis.facts import KST
from chassis.http.pages import render
from chassis.http.problems import text
from chassis.http.routes import Routes
from services.registration.campaigns import operations as campaigns
from services.registration.surveys import operations
from services.registration.surveys.answers import Answers, Group, Id
from services.registration.surveys.form import Filled, GroupFields, dates_line, wishes_in
from services.registration.surveys.model import Survey
from services.registration.surveys.moves import wish_moved
from services.registration.surveys.reading import form_of, wishes_of
from services.registration.surveys.sheet import window
from services.registration.surveys.shown import date_rows, sheet
from services.registration.surveys.terms import Terms, terms
from services.registration.surveys.writing import SCHOOL, draft_act

MOST = 50


class GroupPath(BaseModel):
    """Which group of which campaign's survey."""

    campaign_id: Id
    group_id: Id


def add(routes: Routes) -> None:
    """Add these pages to the survey's."""
    routes.page("", roles=SCHOOL)(listed)
    routes.page("/<campaign_id>/groups/<group_id>", roles=SCHOOL)(apart)
    routes.form("/<campaign_id>/groups/<group_id>", roles=SCHOOL, keyed=False)(fill_apart)


def listed(act: Act) -> str:
    """The surveys that a school was asked to answer, the next deadline first."""
    rows: list[tuple[Terms, Stored[Survey] | None, bool]] = []
    for found in campaigns.listed(act, None, MOST, None).items:
        there = terms(act, found.id)
        rows.append((there, _stored(act, found.id), found.state.takes_answers))
    rows.sort(key=lambda row: (not row[2], row[0].rules.deadline))
    return render("surveys/list.html", rows=rows, kst=KST)


def apart(act: Act, path: GroupPath) -> str:
    """The wishes of one group, apart from those of the others."""
    there, stored, place = _group(act, path)
    group = stored.state.draft.groups[place]
    return _page(act, there, stored, place, Filled((_named(group),), wishes_in(group)), [])


def fill_apart(act: Act, path: GroupPath) -> Response:
    """Keep the group's own wishes, do what the button says, and come back."""
    there, stored, place = _group(act, path)
    draft = stored.state.draft
    verb, _, value = request.form.get("do", "").partition(":")
    form, unread = form_of(request.form, window(there))
    wishes = wish_moved(form.wishes, verb, value, window(there), request.form.get("field_new", ""))
    form = replace(form, groups=(_named(draft.groups[place]),), wishes=wishes)
    group, more = wishes_of(wishes, draft.groups[place], window(there))
    found = [*unread, *more]
    if found:
        return make_response(_page(act, there, stored, place, form, found), 422)
    groups = [*draft.groups[:place], group, *draft.groups[place + 1 :]]
    answers = Answers(groups=tuple(groups), remarks=draft.remarks)
    version = request.form.get("version", "")
    try:
        kept = draft_act(act, int(version) if version.isdigit() else None)
        operations.save_draft(kept, path.campaign_id, answers)
    except Stale:
        changed = [FieldError("", "draft_changed")]
        return make_response(_page(act, there, stored, place, form, changed), 409)
    if verb != "done":
        return redirect(request.path, 303)  # type: ignore[return-value]
    address = url_for("survey_pages.form", campaign_id=path.campaign_id)
    return redirect(f"{address}#part-groups", 303)  # type: ignore[return-value]


def _group(act: Act, path: GroupPath) -> tuple[Terms, Stored[Survey], int]:
    there = terms(act, path.campaign_id)
    stored = operations.own(act, path.campaign_id)
    ids = [group.id for group in stored.state.draft.groups]
    if path.group_id not in ids:
        raise NotFound()
    return there, stored, ids.index(path.group_id)


def _page(
    act: Act,
    there: Terms,
    stored: Stored[Survey],
    place: int,
    form: Filled,
    found: list[FieldError],
) -> str:
    shown = sheet(act, there, stored, form, found)
    group = stored.state.draft.groups[place]
    named = group.class_name
    return render(
        "surveys/apart.html",
        sheet=shown,
        group=group.id,
        name=text("page.form.group_named", number=place + 1, name=named)
        if named
        else text("page.form.group", number=place + 1),
        dates=date_rows(shown, form.wishes),
        line_of=dates_line,
    )


def _named(group: Group) -> GroupFields:
    return GroupFields(id=group.id, class_name=group.class_name)


def _stored(act: Act, campaign: str) -> Stored[Survey] | None:
    try:
        return operations.own(act, campaign)
    except NotFound:
        return None
