"""`python -m services.<name> ROLE`: every process and every operator's command of a service.

Each command takes `--json` and teaches with `--help`. Exit codes: 0 done, 1 something to look at,
2 the call itself was wrong.
"""

import os
import sys
from collections.abc import Callable

import click

from chassis import audit, away, logs, measuring, operators, timers, worker
from chassis.context import Context, open_context
from chassis.contracts import owned_by
from chassis.database import prepare
from chassis.events import relay, roles
from chassis.events.consumer import OtherLog, Standstill, Twin
from chassis.events.recover import RecoverFirst
from chassis.events.topics import MissingTopics
from chassis.printing import as_json, tell
from chassis.service import Service
from chassis.settings import Settings, metrics_port
from chassis.teaching import teach


def main(service: Service) -> None:
    """The command line of a service."""
    # A command's answer stands alone on standard output; roles configure this again.
    logs.configure(service.name, "command")
    try:
        group(service)(prog_name=f"python -m services.{service.name}")
    except Exception as error:
        server = away.away(error)
        if server is None:
            raise
        click.echo(away.sentence(server, error), err=True)
        raise SystemExit(1) from None


def group(service: Service) -> click.Group:
    """All roles and commands of a service."""

    @click.group(help=f"Processes and operators' commands of {service.name}.")
    def commands() -> None: ...

    _roles(commands, service)
    operators.add(commands, service)
    for command in service.commands:
        commands.add_command(command)
    teach(commands, f"python -m services.{service.name}", _names(service))
    return commands


def _names(service: Service) -> dict[str, str]:
    """What stands in the examples: this service's own topics, collections and read models."""
    aggregate = "0192f0c1-0000-7000-8000-000000000007"
    followed = next(iter(sorted(service.projections.topics())), "registration.keys")
    return {
        "aggregate": aggregate,
        "collection": service.aggregates[0].name if service.aggregates else "campaigns",
        "letter": f"{service.name}-project|{followed}|{aggregate}|7",
        "own": next((topic.name for topic in owned_by(service.name)), followed),
        "projection": next(iter(service.projections.all), "campaigns"),
        "topic": followed,
    }


def opened(service: Service, role: str) -> Context:
    """Settings, logs and clients of this process."""
    settings = Settings(service=service.name)
    logs.configure(service.name, role, settings.log_level)
    return open_context(settings)


def _role(service: Service, name: str, run: Callable[[Context], None], said: str) -> click.Command:
    return click.Command(name, callback=lambda: _enter(service, name, run), help=said)


def _enter(service: Service, name: str, run: Callable[[Context], None]) -> None:
    """Be this role until asked to stop."""
    context = opened(service, name)
    context.stop_on_signals()
    try:
        run(context)
    except Exception as error:  # noqa: BLE001
        # Crash-only: what a role cannot handle ends it, and the parent starts it again.
        _tell_end(error)
        sys.stderr.flush()
        os._exit(1)


def _tell_end(error: Exception) -> None:
    """Say why a role ends; only a fault that nobody has foreseen shows where it happened."""
    name, server = type(error).__name__, away.away(error)
    if server is not None:
        logs.logger().warning("role_waits", waits_for=server, error=name)
    elif isinstance(error, MissingTopics | OtherLog | Standstill | Twin | RecoverFirst):
        logs.logger().error("role_failed", error=name, why=str(error))
    else:
        logs.logger().error("role_failed", error=name, exc_info=error)


def background(service: Service) -> dict[str, tuple[Callable[[Context], None], str]]:
    """The roles that a worker runs, by name."""
    found: dict[str, tuple[Callable[[Context], None], str]] = {
        "relay": (
            lambda context: relay.run(context, service.aggregates),
            "Publish what stands in the outboxes.",
        ),
        "project": (
            lambda context: roles.run_project(context, service),
            "Follow the topics and keep the read models.",
        ),
        "timers": (lambda context: timers.run(context, service), "Call what is due."),
        "audit": (audit.run, "Chain acts and reads of personal data."),
    }
    if service.reactions.handlers:
        found["react"] = (
            lambda context: roles.run_react(context, service),
            "Follow the topics and call operations.",
        )
    if metrics_port() is not None:
        found["metrics"] = (
            lambda context: measuring.run(context, service),
            "Show over HTTP what the other roles measure.",
        )
    for name, run in service.background.items():
        found[name] = (run, f"The background role {name}.")
    return found


def _roles(commands: click.Group, service: Service) -> None:
    running = background(service)
    for name, (run, said) in running.items():
        commands.add_command(_role(service, name, run, said))

    @commands.command(
        "worker", help=f"Run and look after the background roles: {', '.join(running)}."
    )
    def work() -> None:
        logs.configure(service.name, "worker", Settings(service=service.name).log_level)
        worker.run(list(running), lambda role: _enter(service, role, running[role][0]))

    @commands.command(help="Serve HTTP under gunicorn (deploy/gunicorn.conf.py).")
    def web() -> None:
        app = f"services.{service.name}.app:create_app()"
        arguments = ["gunicorn", "-c", "deploy/gunicorn.conf.py", app]
        os.execv(sys.executable, [sys.executable, "-m", *arguments])  # noqa: S606

    @commands.command(help="Create missing collections and indexes; safe to repeat.")
    @away.waiting
    @as_json
    def migrate(wait: float, as_json: bool) -> None:
        context = opened(service, "migrate")
        made = away.patient(
            lambda: prepare(context.database, service.aggregates, service.indexes), wait
        )
        tell({"service": service.name, "collections made": ", ".join(made) or "none"}, as_json)
