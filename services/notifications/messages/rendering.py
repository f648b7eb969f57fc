"""A message in words: subject, text, HTML, the line for the inbox, and the script for a call.

One file an intent in `templates/`, with both languages; two layouts around them. A placeholder
without its fact is an error (`UnknownKey`), never an empty hole in somebody's letter.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from chassis.language import Catalogue, UnknownKey
from services.notifications.messages import layouts
from services.notifications.messages.layouts import TEMPLATES, Parts
from services.notifications.messages.model import DIGESTS, Message
from services.notifications.messages.wording import Wording, spoken_number, wording

LINES_MOST = 40
"""Lines of a digest; what goes beyond is counted and stands in Ieum."""
ASKING = frozenset({"placement_offered"})
"""What a school is asked to do something about; a digest without it only tells."""
_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in one language."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Note:
    """A message as the inbox shows it; `path` is relative to the public address."""

    subject: str
    lead: str
    rows: list[tuple[str, str]]
    body: list[str]
    act: str
    path: str


@dataclass(frozen=True, slots=True)
class Script:
    """What a caller says, in order, and what is read back at the end."""

    opening: str
    say: list[str]
    ask: str
    readback: str
    closing: str


@cache
def template(intent: str) -> dict[str, Any]:
    """The file of an intent. KeyError for an intent without one."""
    path = TEMPLATES / f"{intent}.yaml"
    if not path.exists():
        raise KeyError(intent)
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def intents() -> list[str]:
    """Every intent that has words."""
    return sorted(path.stem for path in TEMPLATES.glob("*.yaml"))


def by_telephone(intent: str) -> bool:
    """Whether the matter deserves a call to a contact without an address."""
    return bool(template(intent)["by_telephone"])


def only_by_telephone(intent: str) -> bool:
    """Whether the matter is a call and nothing else: the recipient asked for one."""
    return bool(template(intent).get("only_by_telephone", False))


class _Words:
    """Fills the placeholders of one template from the words of one message."""

    def __init__(self, intent: str, language: str, facts: Mapping[str, str]) -> None:
        self.intent = intent
        self.texts: Catalogue = wording(language).texts
        self.language = language
        self.facts = facts
        self.own = template(intent)[language]

    def fill(self, text: str) -> str:
        """The text with every placeholder written out."""

        def one(found: re.Match[str]) -> str:
            name, spec = found.group(1), found.group(2)
            if name not in self.facts:
                raise UnknownKey(f"{self.intent} ({self.language}) needs {name}")
            return self.texts.written(self.language, self.facts[name], spec)

        return _PLACEHOLDER.sub(one, text)

    def line(self, name: str) -> str:
        """One of the template's single texts, put together from the pieces whose fact is there."""
        found = self.own[name]
        return self.fill(found) if isinstance(found, str) else "".join(self._said(found))

    def body(self) -> list[str]:
        """The sentences whose condition holds."""
        return self._said(self.own["body"])

    def _said(self, pieces: Sequence[str | Mapping[str, str]]) -> list[str]:
        said = []
        for piece in pieces:
            if isinstance(piece, str):
                said.append(self.fill(piece))
            elif self._has(piece["if"]):
                said.append(self.fill(piece["say"]))
        return said

    def rows(self) -> list[tuple[str, str]]:
        """Pairs of label and value, the campaign first; what is known to be absent has no row."""
        named = ["campaign_name"] if self.facts.get("campaign_name") else []
        return [
            (self.texts.text(self.language, f"labels.{name}"), self.facts[name])
            for name in [*named, *self.own["rows"]]
            if self._has(name)
        ]

    def _has(self, name: str) -> bool:
        if name not in self.facts:
            raise UnknownKey(f"{self.intent} ({self.language}) needs {name}")
        return bool(self.facts[name])


def _common(words: Wording, message: Message, secret: Mapping[str, str]) -> dict[str, str]:
    common = message.common
    return {
        "centre": common["centre"] or words.say("product"),
        "phone": spoken_number(common["phone"]),
        "campaign_name": common.get("campaign") or "",
        "organisation": common["organisation"] or words.say(f"words.{_role(message)}"),
        **secret,
    }


def _role(message: Message) -> str:
    return message.role if message.role in ("school", "host") else "school"


def _words(message: Message, language: str, secret: Mapping[str, str]) -> _Words:
    """All words of a message; a digest has those of the whole and one line an item."""
    words = wording(language)
    common = _common(words, message, secret)
    items = [
        (item.intent, {**common, **words.item(item.facts, message.role)}) for item in message.items
    ]
    if message.intent not in DIGESTS.values():
        return _Words(message.intent, language, items[0][1])
    shown = items[:LINES_MOST]
    lines = [_Words(intent, language, facts).line("line") for intent, facts in shown]
    if len(items) > len(shown):
        lines.append(words.say("words.more", more=len(items) - len(shown)))
    replies = sorted({item.facts["reply_by"] for item in message.items if "reply_by" in item.facts})
    whole = {
        **common,
        "count": words.say("words.count", count=len(items)),
        "lines": "\n".join(lines),
        "reply_by": words.moment(replies[0]) if replies else "",
        "asks": next((intent for intent, _ in items if intent in ASKING), ""),
    }
    return _Words(message.intent, language, whole)


def _path(message: Message, secret: Mapping[str, str]) -> str:
    """Where the message's act is done, under the public address."""
    ids = {
        name: value
        for name, value in (message.items[0].facts if message.items else {}).items()
        if isinstance(value, str)
    }
    ids.update(secret)

    def one(found: re.Match[str]) -> str:
        return ids[found.group(1)]

    found = template(message.intent)
    link = found.get(f"link_{message.role}", found["link"])
    if "door" in secret:
        link = found.get("letter_link", link)
    return _PLACEHOLDER.sub(one, link)


def note(message: Message, language: str) -> Note:
    """The message for the inbox."""
    words = _words(message, language, {})
    return Note(
        subject=words.line("subject"),
        lead=words.line("lead"),
        rows=words.rows(),
        body=words.body(),
        act=words.line("act"),
        path=_path(message, {}),
    )


def render(
    message: Message,
    language: str,
    address: str,
    person: str | None = None,
    secret: Mapping[str, str] | None = None,
) -> Rendered:
    """The message as an e-mail. `address` is the public address that links start with."""
    secret = secret or {}
    words = _words(message, language, secret)
    facts = words.facts
    say = wording(language).say
    greeting = (
        say("layout.greeting_person", organisation=facts["organisation"], person=person)
        if person
        else say("layout.greeting", organisation=facts["organisation"])
    )
    subject = words.line("subject")
    parts = Parts(
        single=(
            language,
            subject,
            greeting,
            words.line("lead"),
            words.line("act"),
            address.rstrip("/") + _path(message, secret),
            say("layout.closing", centre=facts["centre"]),
            say("layout.phone", phone=facts["phone"]) if facts["phone"] else "",
            say("layout.why", organisation=facts["organisation"]),
        ),
        rows=words.rows(),
        body=words.body(),
    )
    return Rendered(subject=subject, text=layouts.plain(parts), html=layouts.html(parts))


def script(message: Message, language: str, secret: Mapping[str, str] | None = None) -> Script:
    """What a caller says. The rows are spoken as label and value."""
    words = _words(message, language, secret or {})
    facts, say = words.facts, wording(language).say
    spoken = [
        say("script.fact", label=label, value=line)
        for label, value in words.rows()
        for line in value.split("\n")
    ]
    closing = (
        say("script.closing", phone=facts["phone"])
        if facts["phone"]
        else say("script.closing_without_phone")
    )
    return Script(
        opening=say("script.opening", centre=facts["centre"], organisation=facts["organisation"]),
        say=[words.line("lead"), *spoken, *words.body()],
        ask=words.line("ask") if "ask" in words.own else "",
        readback=words.line("readback") if "readback" in words.own else "",
        closing=closing,
    )
