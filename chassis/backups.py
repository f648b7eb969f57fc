"""What is on record of backups, so that an administrator sees on a page when the last was taken.

A backup itself is made with the database's own tools (runbook, "Backups"); the command here is
called right after it, and notes which file it was and what the database held.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from chassis.clock import now
from chassis.context import Context
from chassis.printing import as_json, tell

OLD = timedelta(hours=26)
"""A daily backup may be two hours late before somebody should look."""
ID = "backup"
CHUNK = 1024 * 1024


def note(context: Context, file: Path) -> dict[str, Any]:
    """Put a backup that was just made on record: the file, its hash, and what the database held."""
    database = context.database
    counts = {
        name: database[name].estimated_document_count()
        for name in sorted(database.list_collection_names())
    }
    row = {
        "at": now(),
        "file": file.name,
        "bytes": file.stat().st_size,
        "sha256": _hash(file),
        "collections": len(counts),
        "documents": sum(counts.values()),
        "published": counts.get("published", 0),
    }
    database["house"].update_one({"_id": ID}, {"$set": row}, upsert=True)
    return row


def last(context: Context) -> dict[str, Any] | None:
    """The youngest backup on record, or None."""
    found: dict[str, Any] | None = context.database["house"].find_one({"_id": ID})
    return found


def is_old(row: dict[str, Any] | None) -> bool:
    """Whether somebody should look: there is none, or it is older than a day and a bit."""
    at: datetime | None = row["at"] if row else None
    return at is None or now() - at > OLD


def add(commands: click.Group, opened: Callable[[], Context]) -> None:
    """Add the command that notes a backup."""

    @commands.group(name="backup", help="What is on record of backups.")
    def backup() -> None: ...

    @backup.command(
        name="note",
        help="Put a backup that was just made on record, for the administrator's page: the "
        "file's size and hash, and what the database holds.",
    )
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @as_json
    def note_one(file: Path, as_json: bool) -> None:
        tell(note(opened(), file), as_json)

    @backup.command(name="last", help="The youngest backup on record; exit code 1 if it is old.")
    @as_json
    def show(as_json: bool) -> None:
        row = last(opened())
        tell({name: value for name, value in (row or {}).items() if name != "_id"}, as_json)
        raise SystemExit(1 if is_old(row) else 0)


def _hash(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(CHUNK):
            found.update(piece)
    return found.hexdigest()
