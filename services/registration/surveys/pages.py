"""Pages: the demand survey as a form that saves itself, and the order of sessions that follows.

The form is one address. Every button in it sends the whole form and comes back to the form by a
redirect; with a script the same answers replace only the parts that changed. A draft is known by
its content, so saving it twice does nothing, and what another window wrote is never overwritten
without a word.
"""

from dataclasses import replace
from datetime import datetime
from itertools import repeat
from pathlib import Path

from flask import Response, make_response, redirect, request
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import FieldError, Invalid, NotFound, Stale
from chassis.facts import KST
from chassis.http.pages import render
from chassis.http.routes import Routes
from services.registration.surveys import apart, operations, said, submitting
from services.registration.surveys.answers import Answers, with_ids
from services.registration.surveys.form import Filled, dates_line, filled, without_blank
from services.registration.surveys.history import changes
from services.registration.surveys.model import Survey
from services.registration.surveys.moves import moved, swapped
from services.registration.surveys.reading import answers_of, form_of
from services.registration.surveys.sheet import asks, to_mend, window
from services.registration.surveys.shown import Sheet, date_rows, sentence, sheet
from services.registration.surveys.submitting import CampaignPath, loaded, to_form, to_summary
from services.registration.surveys.terms import Terms
from services.registration.surveys.writing import BEGUN, SCHOOL, draft_act, own_since

TEMPLATES = Path(__file__).parent / "templates"
routes = Routes("survey_pages", "/surveys", templates=str(TEMPLATES))
apart.add(routes)
submitting.add(routes)


class FormQuery(BaseModel):
    """Whether the form is to say what has to be mended."""

    check: int = 0


@routes.page("/<campaign_id>", roles=SCHOOL)
def form(act: Act, path: CampaignPath, query: FormQuery) -> str:
    """The form with what is stored in it."""
    there, stored = loaded(act, path)
    fields = filled(_draft(stored))
    found = _mends(act, stored, fields) if query.check else []
    return _render(act, there, stored, fields, found, checked=bool(query.check))


@routes.form("/<campaign_id>", roles=SCHOOL, keyed=False)
def fill(act: Act, path: CampaignPath) -> Response:
    """Keep what the form says, do what its button says, and come back to it."""
    there, stored = loaded(act, path)
    # Only the form saving itself is sent without a button.
    do = request.form.get("do") or ("autosave" if request.headers.get("HX-Request") else "save")
    known = _draft(stored)
    fields, unread = form_of(request.form, window(there))
    fields = moved(fields, do, window(there), request.form.get("field_new", ""))
    if do == "previous":
        fields = _with_previous(act, path.campaign_id, fields)
    answers, more = answers_of(fields, known, window(there))
    # A form that was shown before its first save knows no ids: its groups are those in place.
    answers = with_ids(answers, known, repeat(""))
    found = [*unread, *more]
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


@routes.form("/<campaign_id>/order", roles=SCHOOL, keyed=False)
def order(act: Act, path: CampaignPath) -> Response:
    """Keep an own order of sessions for some groups, or go back to the one by rule."""
    _, stored = loaded(act, path)
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
    return to_form(path, part="order")


def _draft(stored: Stored[Survey] | None) -> Answers:
    return stored.state.draft if stored else Answers()


def _mends(act: Act, stored: Stored[Survey] | None, fields: Filled) -> list[FieldError]:
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
                return to_form(path, check=1)
            return to_summary(path)
        case "apart":
            ids = receipt.extra["groups"]
            if value.isdigit() and int(value) < len(ids):
                address = f"/surveys/{path.campaign_id}/groups/{ids[int(value)]}"
                return redirect(address, 303)  # type: ignore[return-value]
        case "upload":
            return redirect(f"/surveys/{path.campaign_id}/upload", 303)  # type: ignore[return-value]
    return to_form(path, check=checked, part=said.PART_OF_VERB.get(verb.partition("_")[0], ""))


def _render(
    act: Act,
    there: Terms,
    stored: Stored[Survey] | None,
    fields: Filled,
    found: list[FieldError],
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


def _clock(at: datetime) -> str:
    """The time of day in Seoul as a save line shows it."""
    return at.astimezone(KST).strftime("%H:%M")
