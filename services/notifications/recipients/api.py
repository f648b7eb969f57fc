"""Preferences over HTTP: an organisation says how and when it wants to be told."""

from datetime import datetime, time

from pydantic import BaseModel, Field

from chassis.act import Act
from chassis.documents import Receipt
from chassis.http.routes import Body, Routes
from chassis.roles import Role
from services.notifications.recipients import operations
from services.notifications.recipients.model import Channel, Language

routes = Routes("preferences", "/api/v1/preferences")

OWN = (Role.SCHOOL, Role.HOST, Role.CENTRE)


class QuietHoursBody(Body):
    """Clock times in Asia/Seoul; the span may pass midnight."""

    start: time
    end: time


class PreferencesBody(Body):
    """What is left out is left to the contact and to the rule."""

    channel: Channel | None = None
    language: Language | None = None
    quiet: QuietHoursBody | None = None


class PreferencesView(BaseModel):
    """The wishes of the own organisation; version 0 as long as none were stated."""

    version: int = Field(description="For If-Match")
    channel: Channel | None = None
    language: Language | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    changed: datetime | None = None


@routes.query("", roles=OWN, answer=PreferencesView)
def show(act: Act) -> PreferencesView:
    stored = operations.preferences(act)
    if stored is None:
        return PreferencesView(version=0)
    quiet = stored.state.quiet
    return PreferencesView(
        version=stored.version,
        channel=stored.state.channel,
        language=stored.state.language,
        quiet_from=quiet.start if quiet else None,
        quiet_until=quiet.end if quiet else None,
        changed=stored.changed,
    )


@routes.command("PUT", "", roles=OWN)
def replace(act: Act, body: PreferencesBody) -> Receipt:
    quiet = (body.quiet.start, body.quiet.end) if body.quiet else None
    return operations.prefer(act, body.channel, body.language, quiet)
