"""The consuming roles of a service: `project` follows for its read models, `react` for its acts."""

from collections.abc import Sequence
from dataclasses import replace

from pymongo.client_session import ClientSession

from chassis.context import Context
from chassis.contracts import consumed_by, topics
from chassis.events.consumer import Follower
from chassis.events.envelope import Received
from chassis.events.handlers import Write
from chassis.facts import derived_id
from chassis.service import Service


def projector(context: Context, service: Service) -> Follower:
    """The follower that keeps all read models of a service."""
    wanted = service.projections.topics()

    def handle(event: Received, session: ClientSession) -> Sequence[Write]:
        return service.projections.writes(event)

    return Follower(
        context, "project", [one for one in topics().values() if one.name in wanted], handle
    )


def reactor(context: Context, service: Service) -> Follower:
    """The follower that calls operations, in one transaction what may be done together."""
    handlers = service.reactions.handlers

    def handle(event: Received, session: ClientSession) -> Sequence[Write]:
        for reaction in handlers.get(event.type, ()):
            act = context.act(
                correlation=event.correlation,
                causation=event.id,
                seed=derived_id(event.id, reaction.__name__),
            )
            reaction(replace(act, session=session, traceparent=event.traceparent or None), event)
        return ()

    wanted = [
        topic
        for topic in consumed_by(service.name)
        if any(kind in handlers for kind in topic.types)
    ]
    return Follower(context, "react", wanted, handle, alone=service.reactions.alone)


def followers(context: Context, service: Service) -> list[Follower]:
    """The consumer groups of a service."""
    found = [projector(context, service)]
    if service.reactions.handlers:
        found.append(reactor(context, service))
    return found


def run_project(context: Context, service: Service) -> None:
    """The role `project`."""
    if service.projections.topics():
        projector(context, service).run()


def run_react(context: Context, service: Service) -> None:
    """The role `react`."""
    if service.reactions.handlers:
        reactor(context, service).run()
    while not context.stopping():
        context.beat()
        context.wait(1)
