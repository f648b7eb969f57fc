"""Pages: deliveries with what went wrong first, telephone tasks with their script, the inbox."""

from pathlib import Path
from typing import Literal, get_args

from flask import Response, redirect, request, url_for
from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.errors import Invalid
from chassis.http.mends import mends
from chassis.http.pages import render
from chassis.http.problems import lang, text
from chassis.http.routes import Routes
from chassis.roles import Role
from services.notifications.deliveries import finding
from services.notifications.deliveries import operations as deliveries
from services.notifications.deliveries.model import Call
from services.notifications.messages import operations as messages
from services.notifications.messages.rendering import intents, note
from services.notifications.messages.specimen import OF_STAGE, specimen
from services.notifications.messages.wording import spoken_number

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
PAGE, FEW, MOST_WORDS = 25, 20, 500
CALLS: tuple[Call, ...] = get_args(Call)

routes = Routes("desk", templates=str(TEMPLATES))


class PageQuery(BaseModel):
    """Where the page begins."""

    cursor: str | None = Field(default=None, max_length=100)


class DeskQuery(PageQuery):
    """Which deliveries: all, those to one organisation, or those of one message."""

    organisation: str | None = Field(default=None, max_length=40)
    message: str | None = Field(default=None, max_length=40)


class FindQuery(BaseModel):
    """What is looked for."""

    q: str = Field(default="", max_length=100)


class WordsQuery(BaseModel):
    """Whose messages."""

    stage: Literal["hosts", "schools", "reminder"] = "hosts"


class TaskPath(BaseModel):
    """Which telephone task."""

    task_id: str


class MessagePath(BaseModel):
    """Which message."""

    message_id: str


@routes.page("/", roles=CENTRE)
def overview(act: Act, query: DeskQuery) -> str:
    """Telephone tasks first, then every delivery, what went wrong before what arrived."""
    tasks, _ = deliveries.tasks(act, FEW, None)
    found, following = deliveries.deliveries(
        act, None, None, PAGE, query.cursor, query.organisation, query.message
    )
    if query.organisation:
        tasks = [one for one in tasks if one.delivery.state.organisation == query.organisation]
    if query.message:
        tasks = [one for one in tasks if one.delivery.state.message == query.message]
    some = bool(query.organisation or query.message)
    whom = next((one.organisation for one in found), None) if some else None
    return render(
        "desk/overview.html",
        tasks=tasks,
        found=found,
        following=following,
        some=some,
        organisation=query.organisation,
        message=query.message,
        whom=whom,
    )


@routes.page("/find", roles=CENTRE)
def find(act: Act, query: FindQuery) -> str:
    """Messages by recipient, campaign or kind; the centre's search page brings them along."""
    kinds = [(one, text(f"page.desk.intent.{one}")) for one in intents()]
    hits, more = finding.find(act, query.q, kinds)
    return render("desk/find.html", q=query.q, hits=hits, more=more)


@routes.page("/words", roles=CENTRE)
def words(act: Act, query: WordsQuery) -> str:
    """What a release will say, before it says it."""
    found = [specimen(intent, lang()) for intent in OF_STAGE[query.stage]]
    return render("desk/words.html", stage=query.stage, found=found)


@routes.page("/inbox", roles=(Role.SCHOOL, Role.HOST, Role.CENTRE))
def inbox(act: Act, query: PageQuery) -> str:
    """What the reader's own organisation was told, newest first."""
    found, following = messages.inbox(act, FEW, query.cursor)
    notes = [(one, note(one.state, lang())) for one in found]
    return render("desk/inbox.html", notes=notes, following=following)


@routes.page("/tasks/<task_id>", roles=CENTRE)
def task(act: Act, path: TaskPath) -> str:
    """One telephone task: the number, what to say, and a form for what came of it."""
    return _task(act, path.task_id, [])


@routes.form("/tasks/<task_id>/done", roles=CENTRE)
def done(act: Act, path: TaskPath) -> Response | tuple[str, int]:
    """Record what came of a call."""
    outcome = request.form.get("outcome")
    call: Call = next((one for one in CALLS if one == outcome), "no_answer")
    spoken_with = request.form.get("spoken_with", "")[:100]
    words = request.form.get("note", "")[:MOST_WORDS]
    try:
        deliveries.close_task(act, path.task_id, call, spoken_with, words)
    except Invalid as refused:
        return _task(act, path.task_id, mends(refused)), refused.status
    return redirect(url_for("desk.overview"), 303)  # type: ignore[return-value]


@routes.form("/messages/<message_id>/again", roles=CENTRE)
def again(act: Act, path: MessagePath) -> Response:
    """Send again what did not arrive."""
    deliveries.send_again(act, path.message_id)
    return redirect(url_for("desk.overview"), 303)  # type: ignore[return-value]


def _task(act: Act, id: str, found: list[tuple[str, str]]) -> str:
    shown = deliveries.task(act, id)
    return render(
        "desk/task.html",
        task=shown,
        number=spoken_number(shown.telephone) or "",
        calls=CALLS,
        found=found,
        errors=dict(found),
        said=request.form.get("spoken_with", ""),
    )
