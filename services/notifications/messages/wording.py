"""Facts as words: codes, numbers and times of a message as people say them, in one language.

A fact that is known to be absent becomes an empty text, which leaves out the row or sentence that
needs it; a fact that a template names and nobody provides is an error.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import phonenumbers

from chassis.facts import KST, moment
from chassis.language import Catalogue, UnknownKey, catalogue

Facts = Mapping[str, Any]
CATALOGUE = Path(__file__).parents[1] / "catalogue"


class Wording:
    """The words of one language."""

    def __init__(self, language: str, texts: Catalogue) -> None:
        self.language = language
        self.texts = texts

    def say(self, key: str, **facts: Any) -> str:
        """A text of the catalogue. What many letters of a batch say alike is written once."""
        if "person" in facts:
            # A person's name is not kept in memory longer than her letter takes.
            return self.texts.text(self.language, key, **facts)
        return _said(self.language, key, tuple(facts.items()))

    def word(self, group: str, code: str | None, numbers: Facts | None = None) -> str:
        """The words for a code with its numbers; general ones for a code or number unknown here.

        Codes are other services' and grow; a message must not fail for a new one.
        """
        key = f"words.{group}.{code}"
        if code is not None and self.texts.has(self.language, key):
            with suppress(UnknownKey):
                return self.say(key, **(numbers or {}))
        return self.say(f"words.{group}.any")

    def moment(self, text: str | None) -> str:
        """Day and clock time."""
        return _moment(self.language, text) if text else ""

    def people(self, number: int | None) -> str:
        """A head-count with its counter."""
        return "" if number is None else self.say("words.people", people=number)

    def grade(self, number: int | None) -> str:
        """A school year."""
        return "" if number is None else self.say("words.grade", grade=number)

    def window(self, window: Facts) -> str:
        """From one day to another."""
        first, last = (date.fromisoformat(window[name]) for name in ("first", "last"))
        return self.say("words.window", first=first, last=last)

    def span(self, start: str, end: str) -> str:
        """A day with begin and end; the half of the day is said once if it is the same."""
        begins, ends = moment(start).astimezone(KST), moment(end).astimezone(KST)
        closing = self.texts.clock(self.language, ends)
        if self.language == "ko" and (begins.hour < 12) == (ends.hour < 12):
            key = "words.hour_minutes" if ends.minute else "words.hour"
            closing = self.say(key, hour=ends.hour % 12 or 12, minute=ends.minute)
        return self.say(
            "words.span",
            day=begins.date(),
            start=self.texts.clock(self.language, begins),
            end=closing,
        )

    def group(self, facts: Facts, with_school: bool) -> str:
        """A school's group, or individuals, by what everyone can recognise them by."""
        people = self.people(facts["people"])
        if facts["group"] is None:
            said = self.say("words.person", people=people)
        elif facts["grade"] is None:
            said = self.say("words.group_without_grade", people=people)
        else:
            said = self.say("words.group", grade=self.grade(facts["grade"]), people=people)
        if not with_school:
            return said
        school = facts["school_name"] or self.say("words.school")
        return self.say("words.group_of_school", school=school, group=said)

    def visitors(self, facts: Facts) -> str:
        """Who comes to a host: a school with its grade, or individuals."""
        if facts["school"] is None:
            return self.say("words.individuals")
        school = facts["school_name"] or self.say("words.school")
        if facts["grade"] is None:
            return self.say("words.no_grade", school=school)
        return self.say("words.visitors", school=school, grade=self.grade(facts["grade"]))

    def stop_name(self, stop: Facts) -> str:
        """A stop by its team, else its title, else its host."""
        return str(
            stop.get("team_name")
            or stop.get("title")
            or stop.get("host_name")
            or self.say("words.offer")
        )

    def stop(self, stop: Facts) -> str:
        """A stop with its time and place."""
        when, name = self.span(stop["start"], stop["end"]), self.stop_name(stop)
        if stop.get("place"):
            return self.say("words.stop_at_place", when=when, name=name, place=stop["place"])
        return self.say("words.stop", when=when, name=name)

    def visit(self, parts: list[dict[str, Any]]) -> str:
        """The whole visit in a few words."""
        stops = [stop for part in parts for stop in part["stops"]]
        if not stops:
            return self.say("words.no_visit")
        first = stops[0]
        said = {"starts": self.moment(first["start"]), "name": self.stop_name(first)}
        if len(stops) == 1:
            return self.say("words.visit", **said)
        return self.say("words.visit_more", **said, more=len(stops) - 1)

    def visits(self, parts: list[dict[str, Any]]) -> str:
        """Every stop on a line of its own; with several parts, how many people each is for."""
        lines = []
        for part in parts:
            for stop in part["stops"]:
                line = self.stop(stop)
                if len(parts) > 1:
                    people = self.people(part["people"])
                    line = self.say("words.parts", people=people, stops=line)
                lines.append(line)
        return "\n".join(lines)

    def condition(self, condition: Facts) -> str:
        """Under which condition a host would accept."""
        said = []
        if condition["people"] is not None:
            people = self.people(condition["people"])
            said.append(self.say("words.condition_people", people=people))
        if condition["start"] and condition["end"]:
            when = self.span(condition["start"], condition["end"])
            said.append(self.say("words.condition_time", when=when))
        elif condition["start"]:
            said.append(self.say("words.condition_time", when=self.moment(condition["start"])))
        return ", ".join(said) or self.say("words.condition_other")

    def item(self, facts: Facts, role: str) -> dict[str, str]:
        """Every word that the facts of one item give."""
        found: dict[str, str] = {}
        for name, write in _SIMPLE.items():
            if name in facts:
                found[_NAMES.get(name, name)] = write(self, facts[name])
        if "reason_code" in facts:
            code = facts["reason_code"]
            found["reason"] = self.word("reason", code, facts.get("facts")) if code else ""
        if "parts" in facts:
            found["group"] = self.group(facts, with_school=role != "school")
            found["visit"] = self.visit(facts["parts"])
            found["visits"] = self.visits(facts["parts"])
            found["meeting"] = (
                next((s["meeting_point"] for p in facts["parts"] for s in p["stops"][:1]), None)
                or ""
            )
        if "school_name" in facts:
            found["school"] = facts["school_name"] or self.say("words.school")
        if "booking" in facts:
            found["visitors"] = self.visitors(facts)
            found["learners"] = self.word("learners", facts["level"])
            found["when"] = self.span(facts["start"], facts["end"])
            found["starts"] = self.moment(facts["start"])
            found["host"] = facts["host_name"] or self.say("words.host")
            found["title"] = facts["title"] or facts["team_name"] or self.say("words.offer")
            found["place"] = facts["place"] or self.say("words.place")
        return found


_NAMES = {
    "opens_at": "opens",
    "submitted_at": "submitted",
    "expires_at": "expires",
    "released_at": "released",
    "wish_rank": "wish",
    "reserve_rank": "reserve",
    "what_code": "what",
}

_SIMPLE: dict[str, Callable[[Wording, Any], str]] = {
    "opens_at": Wording.moment,
    "deadline": Wording.moment,
    "submitted_at": Wording.moment,
    "expires_at": Wording.moment,
    "released_at": Wording.moment,
    "reply_by": Wording.moment,
    "confirm_by": Wording.moment,
    "window": Wording.window,
    "people": Wording.people,
    "groups": lambda words, number: words.say(
        "words.one_group" if number == 1 else "words.groups", groups=number
    ),
    "condition": Wording.condition,
    "stage": lambda words, code: words.say(f"words.stage.{code}") if code else "",
    "position": lambda words, number: "" if number is None else str(number),
    "reserve_rank": lambda words, number: "" if number is None else str(number),
    # The first wish has rank 0 in the engine's counting; people count from one.
    "wish_rank": lambda words, number: (
        "" if number is None else words.say("words.wish", wish=number + 1)
    ),
    "what_code": lambda words, code: words.word("what", code),
}


@lru_cache(maxsize=8192)
def _said(language: str, key: str, facts: tuple[tuple[str, Any], ...]) -> str:
    return catalogue(CATALOGUE).text(language, key, **dict(facts))


@lru_cache(maxsize=4096)
def _moment(language: str, text: str) -> str:
    return catalogue(CATALOGUE).moment(language, moment(text))


@cache
def wording(language: str) -> Wording:
    """The words of a language, read once per process."""
    return Wording(language, catalogue(CATALOGUE))


@lru_cache(maxsize=1024)
def spoken_number(number: str | None) -> str:
    """A telephone number as it is dialled at home: `+82311234567` as `031-123-4567`."""
    if not number:
        return ""
    try:
        parsed = phonenumbers.parse(number, "KR")
    except phonenumbers.NumberParseException:
        return number
    home = parsed.country_code == 82
    style = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, style.NATIONAL if home else style.INTERNATIONAL))
