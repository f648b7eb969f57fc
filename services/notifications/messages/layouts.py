"""The two layouts around the texts of a letter: plain, and HTML.

A layout with its loops costs more than all that is said in it. So it is rendered once for each
shape of a letter (how many rows, of how many lines each, how many sentences), with numbered holes,
and the texts of each letter fill the holes. What is kept says nothing of anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

TEMPLATES = Path(__file__).parent / "templates"
SINGLE = ("language", "subject", "greeting", "lead", "act", "link", "closing", "phone", "why")
"""The texts that stand once in a letter, in the order of their holes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The texts of a letter. `single` are those of SINGLE; only `phone` may be empty."""

    single: Sequence[str]
    rows: Sequence[tuple[str, str]]
    body: Sequence[str]


def plain(parts: Parts) -> str:
    """The letter as plain text."""
    return _form("layout.txt", *_shape(parts)).format(*_texts(parts))


def html(parts: Parts) -> str:
    """The letter as HTML; its texts are escaped."""
    return _form("layout.html", *_shape(parts)).format(*map(escape, _texts(parts)))


def _shape(parts: Parts) -> tuple[tuple[int, ...], int, bool]:
    lines = tuple(value.count("\n") + 1 for _, value in parts.rows)
    return lines, len(parts.body), bool(parts.single[SINGLE.index("phone")])


def _texts(parts: Parts) -> list[str]:
    found = [*parts.single]
    for label, value in parts.rows:
        found += (label, *value.split("\n"))
    return [*found, *parts.body]


@lru_cache(maxsize=512)
def _form(layout: str, lines: tuple[int, ...], sentences: int, phone: bool) -> str:
    """The layout for a letter of this shape, with a hole for each of its texts."""
    holes = iter(
        f"{{{number}}}" for number in range(len(SINGLE) + sum(lines) + len(lines) + sentences)
    )
    single = {name: next(holes) for name in SINGLE}
    rows = [(next(holes), "\n".join(next(holes) for _ in range(many))) for many in lines]
    body = [next(holes) for _ in range(sentences)]
    given = {**single, "phone": single["phone"] if phone else "", "rows": rows, "body": body}
    return _template(layout).render(given)


@cache
def _template(layout: str) -> Template:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        auto_reload=False,
    ).get_template(layout)
