"""How a command answers: a table for a person, JSON for a program."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

PIPE_SIGNS = 10_000
MOST_BESIDE = 4
"""One thing with more to say of itself is written downwards."""

as_json = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")


def tell(found: Any, as_json: bool) -> None:
    """Print an answer: one row or a list of rows with the same names."""
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str, indent=1))
        return
    rows = found if isinstance(found, list) else [found]
    if not rows:
        click.echo("nothing")
        return
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        # What goes through a pipe is searched and copied: an id must not be broken in two.
        console = Console(soft_wrap=False, width=PIPE_SIGNS)
    if isinstance(found, dict) and len(found) > MOST_BESIDE:
        rows = [{"what": name, "value": value} for name, value in found.items()]
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(str(name), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
