"""Pages: the demand survey as a form that saves itself, its summary, and what follows from it.

The form is one address. Every button in it sends the whole form and comes back to the form by a
redirect; with a script the same answers replace only the parts that changed. A draft is known by
its content, so saving it twice does nothing, and what another window wrote is never overwritten
without a word.
"""

from dataclasses import replace
from datetime import datetime
from itertools import repeat
from pathlib import Path
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Receipt, Replayed, Stored
from chassis.errors import Invalid, NotFound, Problem, Stale, Unauthenticated
from chassis.facts import KST
from chassis.http import mends
from chassis.http.pages import render
from chassis.http.routes import Routes
from services.registration.surveys import apart, operations, said
from services.registration.surveys.answers import Answers, Id, with_ids
from services.registration.surveys.form import Filled, dates_line, filled, without_blank
from services.registration.surveys.history import changes
from services.registration.surveys.model import COUNTS, Survey
from services.registration.surveys.moves import moved, swapped
from services.registration.surveys.reading import answers_of, form_of
from services.registration.surveys.sheet import Mend, asks, to_mend, unread_to_mend, window
from services.registration.surveys.shown import Sheet, date_rows, sentence, sheet
from services.registration.surveys.terms import Terms, terms
from services.registration.surveys.writing import BEGUN, SCHOOL, draft_act, own_since

TEMPLATES = Path(__file__).parent / "templates"
routes = Routes("survey_pages", "/surveys", templates=str(TEMPLATES))
apart.add(routes)


class CampaignPath(BaseModel):
    """Which campaign."""

    campaign_id: Id


class FormQuery(BaseModel):
    """Whether the form is to say what has to be mended."""

    check: int = 0


@routes.page("/<campaign_id>", roles=SCHOOL)
def form(act: Act, path: CampaignPath, query: FormQuery) -> str:
    """The form with what is stored in it."""
    there, stored = _loaded(act, path)
    fields = filled(_draft(stored))
    found = _mends(act, stored, fields) if query.check else []
    return _render(act, there, stored, fields, found, checked=bool(query.check))


@routes.form("/<campaign_id>", roles=SCHOOL, keyed=False)
def fill(act: Act, path: CampaignPath) -> Response:
    """Keep what the form says, do what its button says, and come back to it."""
    there, stored = _loaded(act, path)
    # Only the form saving itself is sent without a button.
    do = request.form.get("do") or ("autosave" if request.headers.get("HX-Request") else "save")
    known = _draft(stored)
    fields, unread = form_of(request.form, window(there))
    fields = moved(fields, do, request.form.get("field_new", ""))
    if do == "previous":
        fields = _with_previous(act, path.campaign_id, fields)
    answers, more = answers_of(fields, known, window(there))
    # A form that was shown before its first save knows no ids: its groups are those in place.
    answers = with_ids(answers, known, repeat(""))
    found = unread_to_mend([*unread, *more])
    if found:
        if do == "autosave":
            return _saved(act, there, stored, "unread", sentence(found[0], fields))
        page = _render(act, there, stored, fields, found, checked=True)
        return make_response(page, 422)
    try:
        receipt = _keep(act, path.campaign_id, answers, stored)
    except (Stale, Invalid):
        # A group that another window took out is as stale as a version.
        if do == "autosave":
            return _saved(act, there, stored, "stale", "")
        return _compare(act, there, stored, answers)
    if do == "autosave":
        return _saved(act, there, operations.own(act, path.campaign_id), "saved", "")
    return _onward(act, path, do, receipt, fields)


@routes.page("/<campaign_id>/summary", roles=SCHOOL)
def summary(act: Act, path: CampaignPath) -> Response:
    """All answers on one page, before or after they are submitted."""
    there, stored = _loaded(act, path)
    if stored is None:
        return _to_form(path)
    return make_response(_summary(act, there, stored, None), 200)


@routes.form("/<campaign_id>/submit", roles=SCHOOL)
def submit(act: Act, path: CampaignPath) -> Response:
    """Submit the draft; refused, the draft stays and the page says what to do."""
    there, stored = _loaded(act, path)
    if stored is None:
        return _to_form(path)
    try:
        operations.submit(act, stored.id)
    except Replayed:
        return _to_summary(path)
    except Invalid:
        return _to_form(path, check=1)
    except (Unauthenticated, NotFound):
        raise
    except Problem as refused:
        return make_response(_summary(act, there, stored, refused), refused.status)
    return _to_summary(path)


@routes.page("/<campaign_id>/withdraw", roles=SCHOOL)
def ask_withdraw(act: Act, path: CampaignPath) -> str:
    """What withdrawing means, before it is done."""
    there, stored = _loaded(act, path)
    if stored is None:
        raise NotFound()
    return _withdraw(act, there, stored, None)


@routes.form("/<campaign_id>/withdraw", roles=SCHOOL)
def withdraw(act: Act, path: CampaignPath) -> Response:
    """Take the survey back; the draft stays."""
    there, stored = _loaded(act, path)
    if stored is None:
        raise NotFound()
    try:
        operations.withdraw(act, stored.id)
    except Replayed:
        return _to_summary(path)
    except Problem as refused:
        return make_response(_withdraw(act, there, stored, refused), refused.status)
    return _to_summary(path)


def _withdraw(act: Act, there: Terms, stored: Stored[Survey], refused: Problem | None) -> str:
    return render(
        "surveys/withdraw.html",
        there=there,
        stored=stored,
        late=act.now >= there.rules.deadline,
        leaves=operations.leaving(act, there.id),
        refused=mends.sentence(refused) if refused else "",
    )


@routes.form("/<campaign_id>/order", roles=SCHOOL, keyed=False)
def order(act: Act, path: CampaignPath) -> Response:
    """Keep an own order of sessions for some groups, or go back to the one by rule."""
    _, stored = _loaded(act, path)
    if stored is None:
        raise NotFound()
    ids = set(request.form.get("groups", "").split(","))
    entries = tuple(tuple(one.split("+")) for one in request.form.getlist("entry"))
    way, _, place = request.form.get("do", "").partition(":")
    listed = () if way == "reset" else swapped(entries, way, int(place) if place.isdigit() else -1)
    draft = stored.state.draft
    groups = [
        {**group.model_dump(by_alias=True), "order": listed} if group.id in ids else group
        for group in draft.groups
    ]
    answers = Answers.model_validate({"groups": groups, "remarks": draft.remarks})
    operations.save_draft(draft_act(act, None), path.campaign_id, answers)
    return _to_form(path, part="order")


def _loaded(act: Act, path: CampaignPath) -> tuple[Terms, Stored[Survey] | None]:
    there = terms(act, path.campaign_id)
    try:
        return there, operations.own(act, path.campaign_id)
    except NotFound:
        return there, None


def _draft(stored: Stored[Survey] | None) -> Answers:
    return stored.state.draft if stored else Answers()


def _mends(act: Act, stored: Stored[Survey] | None, fields: Filled) -> list[Mend]:
    return to_mend(operations.to_mend(act, stored.id), fields) if stored else []


def _keep(act: Act, campaign: str, answers: Answers, stored: Stored[Survey] | None) -> Receipt:
    """Save the draft unless another window changed it since the form was shown. Raises Stale."""
    version = request.form.get("version", "")
    if stored is not None and stored.state.draft == answers:
        return operations.save_draft(draft_act(act, None), campaign, answers)
    expected = int(version) if version.isdigit() else None
    here = request.form.get("window", "")
    if stored is not None and own_since(stored, expected or BEGUN, here):
        expected = stored.version
    elif stored is not None and expected is None:
        raise Stale(expected=0, found=stored.version)
    return operations.save_draft(draft_act(act, expected, here), campaign, answers)


def _with_previous(act: Act, campaign: str, fields: Filled) -> Filled:
    """The groups of the last campaign after those that are there."""
    try:
        earlier = filled(operations.previous(act, campaign))
    except NotFound:
        return fields
    kept = without_blank(fields)
    begun = tuple(group for group in kept.groups if not group.blank)
    copied = tuple(replace(group, apart=False) for group in earlier.groups)
    # The wishes come along only where none were written: nothing that was typed is replaced.
    empty = not (fields.wishes.fields or fields.wishes.dates)
    wishes = replace(earlier.wishes, dates=(), blackout="") if empty else fields.wishes
    return replace(kept, groups=(*begun, *copied), wishes=wishes)


def _onward(act: Act, path: CampaignPath, do: str, receipt: Receipt, fields: Filled) -> Response:
    """Where a button of the form leads."""
    verb, _, value = do.partition(":")
    checked = 1 if request.form.get("check") else 0
    match verb:
        case "next":
            if operations.to_mend(act, receipt.id):
                return _to_form(path, check=1)
            return _to_summary(path)
        case "apart":
            ids = receipt.extra["groups"]
            if value.isdigit() and int(value) < len(ids):
                address = f"/surveys/{path.campaign_id}/groups/{ids[int(value)]}"
                return redirect(address, 303)  # type: ignore[return-value]
        case "upload":
            return redirect(f"/surveys/{path.campaign_id}/upload", 303)  # type: ignore[return-value]
    return _to_form(path, check=checked, part=said.PART_OF_VERB.get(verb.partition("_")[0], ""))


def _render(
    act: Act,
    there: Terms,
    stored: Stored[Survey] | None,
    fields: Filled,
    found: list[Mend],
    checked: bool,
) -> str:
    found_sheet: Sheet = sheet(act, there, stored, fields, found)
    return render(
        "surveys/form.html",
        sheet=found_sheet,
        dates=date_rows(found_sheet, fields.wishes),
        line_of=dates_line,
        clock=_clock,
        checked=checked,
    )


def _saved(act: Act, there: Terms, stored: Stored[Survey] | None, how: str, why: str) -> Response:
    """The line that says when it was saved, with the version for the next time."""
    page = render(
        "surveys/saved.html",
        campaign=there.id,
        stored=stored,
        how=how,
        why=why,
        asks=asks(_draft(stored)),
        clock=_clock,
    )
    response = make_response(page)
    if how == "saved":
        response.headers["HX-Trigger"] = "draft-saved"
    return response


def _compare(act: Act, there: Terms, stored: Stored[Survey] | None, answers: Answers) -> Response:
    """What is stored beside what this window says: the reader chooses, nothing is overwritten."""
    kept = _draft(stored)
    rows = said.differences(changes(kept, answers), kept, answers)
    carried = [
        pair
        for pair in request.form.items(multi=True)
        if pair[0] not in ("version", "do", "form_token")
    ]
    page = render("surveys/compare.html", there=there, stored=stored, rows=rows, carried=carried)
    return make_response(page, 409)


def _summary(act: Act, there: Terms, stored: Stored[Survey], refused: Problem | None) -> str:
    state = stored.state
    counts = state.status in COUNTS
    return render(
        "surveys/summary.html",
        there=there,
        stored=stored,
        counts=counts,
        late=act.now >= there.rules.deadline,
        leaves=operations.leaving(act, there.id),
        act=act,
        groups=[(group, said.group_rows(group)) for group in state.draft.groups],
        refused=mends.sentence(refused) if refused else "",
        fresh=not counts or state.dirty,
    )


def _clock(at: datetime) -> str:
    """The time of day in Seoul as a save line shows it."""
    return at.astimezone(KST).strftime("%H:%M")


def _to_form(path: CampaignPath, check: int = 0, part: str = "") -> Response:
    query = f"?{urlencode({'check': 1})}" if check else ""
    anchor = f"#part-{part}" if part else ""
    address = url_for("survey_pages.form", campaign_id=path.campaign_id)
    return redirect(f"{address}{query}{anchor}", 303)  # type: ignore[return-value]


def _to_summary(path: CampaignPath) -> Response:
    address = url_for("survey_pages.summary", campaign_id=path.campaign_id)
    return redirect(address, 303)  # type: ignore[return-value]
