"""Bringing groups from a file into a survey: look first, then take over, or give back marked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis.act import Act
from chassis.documents import Receipt, Stored
from chassis.errors import Invalid
from services.registration.imports import model, workbook
from services.registration.imports.cells import Reader, Table
from services.registration.imports.columns import columns
from services.registration.imports.model import Import
from services.registration.imports.reading import table
from services.registration.imports.workbook import Look
from services.registration.surveys import operations as surveys
from services.registration.surveys.answers import Answers
from services.registration.surveys.model import Survey
from services.registration.surveys.terms import Terms, terms

Say = Callable[[str, Mapping[str, Any]], str]
"""A sentence for a code and its facts, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that was read, and the survey it is meant for."""

    stored: Stored[Survey]
    there: Terms
    table: Table
    found: Import


def look(act: Act, survey: str, content: bytes, language: str) -> Looked:
    """Read a file for a survey without changing anything. Raises Refused for a useless file."""
    stored = surveys.shown(act, survey)
    there = terms(act, stored.state.campaign)
    rows = table(content)
    rules = there.rules
    reader = Reader(columns(), rules.codes, rules.first, rules.last, language)
    return Looked(stored, there, rows, model.understood(rows, reader, rules))


def take(act: Act, survey: str, content: bytes, replace: bool, language: str) -> Receipt:
    """Put the file's groups into the draft, after those that are there or instead of them.

    All rows or none: Invalid names every cell to mend.
    """
    looked = look(act, survey, content, language)
    if looked.found.faults:
        raise Invalid([fault.as_field() for fault in looked.found.faults])
    state = looked.stored.state
    kept = () if replace else state.draft.groups
    answers = Answers(groups=(*kept, *looked.found.groups), remarks=state.draft.remarks)
    return surveys.save_draft(act, state.campaign, answers)


def give_back(act: Act, survey: str, content: bytes, language: str, say: Say) -> bytes:
    """The file as a workbook with a leading column that says what to mend in each row."""
    looked = look(act, survey, content, language)
    said: dict[int, list[str]] = {}
    for fault in looked.found.faults:
        title = columns().title(fault.column, language)
        said.setdefault(fault.row, []).append(f"{title}: {say(fault.code, fault.facts)}")
    return workbook.marked(
        _look(looked.there, language),
        looked.table,
        looked.found.header,
        looked.found.places,
        {row: "\n".join(sentences) for row, sentences in said.items()},
    )


def template(act: Act, campaign: str, language: str, hints: Mapping[str, str]) -> bytes:
    """The empty workbook of a campaign."""
    return workbook.template(_look(terms(act, campaign), language), hints)


def _look(there: Terms, language: str) -> Look:
    return Look(
        columns=columns(),
        codes=there.rules.codes,
        language=language,
        fields=tuple(there.rules.fields),
        first=there.rules.first,
        last=there.rules.last,
        campaign=there.id,
    )
