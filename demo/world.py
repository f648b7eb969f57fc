"""What the story is told with: its data, its people, and what has come about so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from demo.client import Json, Person

DATA = Path(__file__).parent / "data"
KST = ZoneInfo("Asia/Seoul")
PASSWORD = "ieum-demo-2024"  # noqa: S105 - the demonstration prints it
SESSION_HOURS = 2


@dataclass
class World:
    """One played campaign. Ids are found by the keys of the data file."""

    data: Json
    origin: str
    mail_api: str
    command: Callable[..., Any]
    say: Callable[[str], None]
    shift: timedelta
    centre: Person = field(default_factory=lambda: Person(""))
    people: dict[str, Person] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        """The present moment of the house that plays."""
        return datetime.now(KST) + self.shift

    def name(self, id: str | None) -> str:
        """The name of an organisation of the story."""
        known = self.notes.setdefault("names", {})
        return str(known.get(id, id or ""))

    def group_id(self, key: str) -> str:
        """The id of a group named `school/number`."""
        return self.ids[f"group:{key}"]

    def group_key(self, id: str) -> str:
        """The name `school/number` of a group's id."""
        for key, value in self.ids.items():
            if key.startswith("group:") and value == id:
                return key.removeprefix("group:")
        return id


def load(name: str) -> Json:
    """A data set."""
    found: Json = yaml.safe_load((DATA / name).read_text())
    return found


def slot(text: str) -> tuple[str, str]:
    """Start and end of a session written `YYYY-MM-DD HH:MM` in Asia/Seoul."""
    start = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=KST)
    return start.isoformat(), (start + timedelta(hours=SESSION_HOURS)).isoformat()


def addressee(mail: Json) -> str:
    """The address that a caught mail went to."""
    to = mail["To"]
    first = to[0] if isinstance(to, list) else to
    return str(first["Address"] if isinstance(first, dict) else first)


def mails_to(mails: list[Json], address: str) -> list[Json]:
    """Those of the caught mails that went to an address."""
    return [one for one in mails if addressee(one) == address]
