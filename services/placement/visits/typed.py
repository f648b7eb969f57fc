"""What the pages of a visit share: the fields of their forms, and how they are answered."""

from datetime import date

from flask import Response, make_response, request

from chassis.errors import FieldError, Invalid
from chassis.http.pages import render

MOST_WORDS = 500


def page(name: str, status: int, **data: object) -> Response:
    """A page that nobody keeps: what it shows concerns one group."""
    response = make_response(render(f"visits/{name}.html", **data), status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def field(name: str) -> str:
    """What was typed, without spaces around it."""
    return request.form.get(name, "").strip()[:MOST_WORDS]


def number(name: str) -> int:
    """The number that was typed. Raises Invalid."""
    text = field(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Invalid([fault(name, "not_a_number")])
    return int(text)


def day(name: str) -> str | None:
    """The day that was typed, if any. Raises Invalid."""
    text = field(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid([fault(name, "not_a_day")]) from None


def fault(name: str, code: str) -> FieldError:
    """A field to mend."""
    return FieldError(f"/{name}", code)
