"""Deliveries, telephone tasks and the ledger over HTTP, for the centre."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.notifications.deliveries import operations
from services.notifications.deliveries.model import Call, Status
from services.notifications.deliveries.operations import Shown
from services.notifications.messages.wording import spoken_number

routes = Routes("deliveries", "/api/v1")


class PageQuery(BaseModel):
    """A page."""

    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=100)


class DeliveryQuery(PageQuery):
    """A page of deliveries, narrowed by state or channel."""

    status: Status | None = None
    channel: Literal["email", "inbox", "telephone"] | None = None


class DeliveryView(BaseModel):
    """How a message fared on its way to one contact. The address is masked."""

    id: str
    version: int
    message: str
    intent: str
    organisation: str
    organisation_name: str | None
    recipient: str
    address: str | None
    channel: str
    status: str
    code: str | None
    tries: int
    due_at: datetime
    ended_at: datetime | None
    created: datetime
    campaign: str | None


class DeliveriesView(BaseModel):
    """What went wrong first; `next` is where the following page begins."""

    items: list[DeliveryView]
    next: str | None


class ScriptView(BaseModel):
    """What the caller says, in order, and what is read back at the end."""

    opening: str
    say: list[str]
    ask: str
    readback: str
    closing: str


class TaskView(BaseModel):
    """A telephone task with the number to call."""

    task: DeliveryView
    telephone: str | None
    person: str | None
    script: ScriptView


class DonePath(BaseModel):
    """A telephone task."""

    task_id: str


class MessagePath(BaseModel):
    """A message."""

    message_id: str


class DoneBody(Body):
    """What came of the call. `spoken_with` is needed when somebody was reached."""

    outcome: Call
    spoken_with: str | None = Field(default=None, max_length=100)
    note: str | None = Field(default=None, max_length=500)


class AttemptView(BaseModel):
    """One row of the ledger. An attempt without an outcome was cut short."""

    delivery: str
    channel: str
    number: int
    began: datetime
    ended: datetime | None
    outcome: str
    code: str | None


class LedgerView(BaseModel):
    """Every attempt of one message, oldest first."""

    items: list[AttemptView]


def _view(shown: Shown) -> DeliveryView:
    stored = shown.delivery
    state = stored.state
    return DeliveryView(
        id=stored.id,
        version=stored.version,
        message=state.message,
        intent=state.intent,
        organisation=state.organisation,
        organisation_name=shown.organisation,
        recipient=state.recipient,
        address=shown.address,
        channel=state.channel,
        status=state.status,
        code=state.code,
        tries=state.tries,
        due_at=state.due_at,
        ended_at=state.ended_at,
        created=stored.created,
        campaign=state.campaign,
    )


@routes.query("/deliveries", roles=(Role.CENTRE, Role.OFFICE), answer=DeliveriesView)
def deliveries(act: Act, query: DeliveryQuery) -> DeliveriesView:
    found, following = operations.deliveries(
        act, query.status, query.channel, query.limit, query.cursor
    )
    return DeliveriesView(items=[_view(one) for one in found], next=following)


@routes.query("/tasks", roles=(Role.CENTRE,), answer=DeliveriesView)
def tasks(act: Act, query: PageQuery) -> DeliveriesView:
    found, following = operations.tasks(act, query.limit, query.cursor)
    return DeliveriesView(items=[_view(one) for one in found], next=following)


@routes.query("/tasks/<task_id>", roles=(Role.CENTRE,), answer=TaskView)
def task(act: Act, path: DonePath) -> TaskView:
    found = operations.task(act, path.task_id)
    return TaskView(
        task=_view(found.shown),
        telephone=spoken_number(found.telephone) or None,
        person=found.person,
        script=ScriptView(
            opening=found.script.opening,
            say=found.script.say,
            ask=found.script.ask,
            readback=found.script.readback,
            closing=found.script.closing,
        ),
    )


@routes.command("POST", "/tasks/<task_id>/done", roles=(Role.CENTRE,))
def done(act: Act, path: DonePath, body: DoneBody) -> Receipt:
    return operations.close_task(act, path.task_id, body.outcome, body.spoken_with, body.note)


@routes.command("POST", "/messages/<message_id>/again", roles=(Role.CENTRE,))
def again(act: Act, path: MessagePath) -> Receipt:
    return operations.send_again(act, path.message_id)


@routes.query("/messages/<message_id>/ledger", roles=(Role.CENTRE,), answer=LedgerView)
def ledger(act: Act, path: MessagePath) -> LedgerView:
    rows = operations.ledger(act, path.message_id)
    return LedgerView(items=[AttemptView.model_validate(row) for row in rows])
