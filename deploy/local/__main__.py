"""The local stack by hand: up, down, status, run, jars."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import asdict

import click

from deploy.local import jars, machine
from deploy.local.plan import SERVICES
from deploy.local.refusal import EXIT_CODE, Refusal
from deploy.local.stack import Stack

_name = click.option("--name", default="run", show_default=True, help="Which stack.")
_servers = click.option("--servers", is_flag=True, help="Broker and database only.")
_fresh = click.option("--fresh", is_flag=True, help="Begin with empty data.")


def _handle(name: str, *, servers: bool) -> Stack:
    return Stack(name, services=() if servers else SERVICES)


def _show(stack: Stack) -> None:
    for key, address in stack.addresses.items():
        click.echo(f"  {key:14} {address}")


@click.group()
def main() -> None:
    """Run Ieum on this machine without Docker: broker, database, services, mailbox, proxy."""


@main.command()
@_name
@_servers
@_fresh
def up(name: str, servers: bool, fresh: bool) -> None:
    """Start the stack, or find the one that runs, and leave it running."""
    stack = _handle(name, servers=servers).start(fresh=fresh, progress=click.echo)
    _show(stack)


@main.command()
@_name
def down(name: str) -> None:
    """Stop the stack and whatever an earlier one left behind."""
    Stack(name).stop()
    click.echo(f"stack {name} is stopped")


@main.command()
@_name
@_servers
@_fresh
def run(name: str, servers: bool, fresh: bool) -> None:
    """Start the stack, stay until Ctrl-C, stop it."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: over.set())
    stack = _handle(name, servers=servers)
    try:
        stack.start(fresh=fresh, follow=True, progress=click.echo)
        _show(stack)
        click.echo("Ctrl-C stops it.")
        over.wait()
    finally:
        stack.release()


@main.command()
@_name
@click.option("--json", "as_json", is_flag=True, help="The whole state as JSON.")
def status(name: str, as_json: bool) -> None:
    """Say what runs; exit code 1 if nothing does."""
    stack = Stack(name)
    found = stack.status()
    if as_json:
        click.echo(json.dumps(None if found is None else asdict(found), indent=1))
    elif found is None:
        click.echo(f"stack {name} is not running")
    else:
        click.echo(f"stack {name} is {found.phase} (data in {found.data})")
        _show(stack)
        for child, process in found.children.items():
            click.echo(f"  {child:24} process {process.pid}")
    sys.exit(found is None)


@main.command("jars")
@click.option("--check", is_flag=True, help="Compare only, fetch nothing.")
def jars_command(check: bool) -> None:
    """Fetch Kafka's jars and compare them with the lock."""
    machine.check()
    locked = jars.locked()
    if not check:
        jars.class_path(click.echo)
    missing = jars.verify(jars.DIRECTORY, locked)
    if missing:
        raise Refusal(
            f"{len(missing)} of {len(locked)} jars are missing: run this without --check."
        )
    click.echo(f"{len(locked)} jars are as the lock says")


if __name__ == "__main__":
    try:
        main()
    except Refusal as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(EXIT_CODE)
