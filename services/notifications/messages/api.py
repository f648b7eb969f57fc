"""The inbox over HTTP: what an organisation was told, by whatever channel."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Stored
from chassis.http.problems import lang
from chassis.http.routes import Routes
from chassis.roles import Role
from services.notifications.messages import operations
from services.notifications.messages.model import Message
from services.notifications.messages.rendering import note

routes = Routes("inbox", "/api/v1/inbox")


class InboxQuery(BaseModel):
    """A page of the inbox."""

    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=100)


class RowView(BaseModel):
    """A label and its value."""

    label: str
    value: str


class NoteView(BaseModel):
    """A message in the reader's language. `path` leads to its act, under the public address."""

    id: str
    intent: str
    campaign: str | None
    at: datetime
    subject: str
    lead: str
    rows: list[RowView]
    body: list[str]
    act: str
    path: str
    items: list[dict[str, Any]] = Field(description="Intent and ids of each thing it tells")


class InboxView(BaseModel):
    """Newest first; `next` is where the following page begins."""

    items: list[NoteView]
    next: str | None


@routes.query("", roles=(Role.SCHOOL, Role.HOST, Role.CENTRE), answer=InboxView)
def inbox(act: Act, query: InboxQuery) -> InboxView:
    found, following = operations.inbox(act, query.limit, query.cursor)
    return InboxView(items=[_view(one, lang()) for one in found], next=following)


def _view(stored: Stored[Message], language: str) -> NoteView:
    shown = note(stored.state, language)
    return NoteView(
        id=stored.id,
        intent=stored.state.intent,
        campaign=stored.state.campaign,
        at=stored.created,
        subject=shown.subject,
        lead=shown.lead,
        rows=[RowView(label=label, value=value) for label, value in shown.rows],
        body=shown.body,
        act=shown.act,
        path=shown.path,
        items=[
            {
                "intent": item.intent,
                **{
                    name: item.facts[name]
                    for name in ("survey", "booking", "placement", "run")
                    if item.facts.get(name)
                },
            }
            for item in stored.state.items
        ],
    )
