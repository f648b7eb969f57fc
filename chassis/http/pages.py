"""Pages: templates, static files and the few things that every template may ask for.

A page that may not be shown says so as a page: to a person who asked for HTML a refusal is one
sentence with a way out, and an ended token leads through its renewal, or to the sign-in page.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, redirect, request
from flask import render_template as render
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException

from chassis.clock import now
from chassis.errors import Problem
from chassis.facts import KST, fresh_id
from chassis.http import preferences, problems, security, system
from chassis.http.preferences import CONTRAST, HIGH
from chassis.language import Catalogue
from chassis.roles import Role
from chassis.service import Service
from chassis.tokens import Identity

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"
RENEWAL = "/session/onward"
"""Where the one origin renews a token: only there the browser shows its session."""

TIMED = Markup('<time datetime="%s">%s</time>')
MOST_SAID = 4096
"""How many days, and how many times, a process remembers the words of."""
CLOCKS = ("clock_am", "clock_pm", "clock_am_minutes", "clock_pm_minutes")
NUMBER = re.compile(r"\b0\d{1,2}-\d{3,4}-\d{4}\b")
HARD_SPACE, JOINER = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"

TABS: dict[Role, tuple[tuple[str, str], ...]] = {
    Role.CENTRE: (
        ("todo", "/"),
        ("placement", "/placement/"),
        ("hosts", "/placement/hosts"),
        ("organisations", "/organisations"),
        ("messages", "/notifications/"),
    ),
    Role.SCHOOL: (
        ("todo", "/"),
        ("survey", "/surveys"),
        ("results", "/placement/placements"),
        ("messages", "/notifications/inbox"),
        ("school", "/school"),
    ),
    Role.HOST: (
        ("asked", "/placement/asked"),
        ("offers", "/placement/offers"),
        ("messages", "/notifications/inbox"),
    ),
    Role.OFFICE: (("todo", "/"), ("office", "/placement/office")),
    Role.ADMIN: (("todo", "/"), ("system", "/system")),
}
"""The main menu of each role over the whole origin: the key of the word, and the address."""

__all__ = ["STATIC", "TEMPLATES", "register", "render"]


def register(app: Flask, service: Service, token_of: Callable[[Identity], str]) -> None:
    """Let templates find the house's layouts, the service's own pages, and the texts.

    `token_of` gives what a form of a session must carry.
    """
    folders = [TEMPLATES, *service.templates]
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(str(folder)) for folder in folders])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_api(preferences.routes.blueprint)  # type: ignore[attr-defined]
    app.register_api(system.routes_of(service).blueprint)  # type: ignore[attr-defined]

    app.jinja_env.globals.update(
        t=words,
        when=when,
        day=day,
        said_when=said_when,
        said_day=said_day,
        said_clock=said_clock,
        said_short=said_short,
        said_typed=said_typed,
        time_words=time_words,
        has_text=lambda key: problems.catalogue().has(problems.lang(), key),
        named=named,
        unbroken=unbroken,
        month_name=month_name,
        weekday_name=weekday_name,
        here=here,
        nonce=security.nonce,
        fresh_id=fresh_id,
        form_token=lambda: token_of(g.identity) if g.get("identity") else "",
    )

    @app.context_processor
    def _given() -> dict[str, object]:
        identity: Identity | None = g.get("identity")
        role = identity.role if identity else Role.PUBLIC
        return {
            "lang": problems.lang(),
            "high_contrast": request.cookies.get(CONTRAST) == HIGH,
            "identity": identity,
            "role": role.value,
            "session_left": session_left(identity),
            "tabs": TABS.get(role, ()),
        }

    app.register_error_handler(Problem, refused)
    app.register_error_handler(HTTPException, _unknown)


def session_left(identity: Identity | None) -> int:
    """The seconds that the reader's session still lives if it is left alone; 0: not known."""
    if identity is None or not identity.session_ends:
        return 0
    return max(0, int(identity.session_ends - now().timestamp()))


def here() -> str:
    """The address of this page on the one origin."""
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return f"{request.script_root}{request.path}{query}"


def words(key: str, **facts: Any) -> str:
    """A text of the catalogue in which no day and no time breaks over two lines."""
    return problems.text(key, **{name: _fact(value) for name, value in facts.items()})


def _fact(value: Any) -> Any:
    if isinstance(value, datetime):
        return said_when(value)
    return said_day(value) if isinstance(value, date) else value


def when(value: datetime) -> Markup:
    """Day and clock time, neither of which breaks over two lines."""
    local = value.astimezone(KST)
    attribute = local.isoformat("T", "minutes")
    return _timed(attribute, said_when(value))


def said_when(value: datetime) -> str:
    """The same as plain words, to be a fact of a sentence."""
    return f"{said_day(value.astimezone(KST).date())} {said_clock(value)}"


def said_day(value: date) -> str:
    """A calendar day as plain words that do not break over two lines."""
    return _day_words(problems.catalogue(), problems.lang(), value)


def said_days(first: date, last: date) -> str:
    """Days in a row as plain words; one day alone is said as a day."""
    if first == last:
        return said_day(first)
    if (first.year, first.month) != (last.year, last.month):
        return words("times.days", first=first, last=last)
    return _whole(
        problems.text(
            "times.days_in_month",
            month=first.month,
            month_name=month_name(first),
            day=first.day,
            weekday=weekday_name(first.isoweekday()),
            last_day=last.day,
            last_weekday=weekday_name(last.isoweekday()),
        )
    )


def said_clock(value: datetime) -> str:
    """A clock time as plain words that do not break over two lines."""
    minute = value.replace(second=0, microsecond=0)
    return _clock_words(problems.catalogue(), problems.lang(), minute)


def said_short(value: datetime) -> Markup:
    """A clock time for a column of them."""
    local = value.astimezone(KST)
    words = f"{local.hour}:{local.minute:02d}"
    return _timed(local.isoformat("T", "minutes"), words)


def said_typed(value: str) -> str:
    """A day or moment as a form's field holds it, in words; nothing for what is neither."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return ""
    return said_when(at.replace(tzinfo=KST)) if "T" in value else said_day(at.date())


def time_words() -> list[tuple[str, str]]:
    """By what a script says a day and a time as `said_when` does: the catalogue's own words."""
    texts, language = problems.catalogue(), problems.lang()
    found = []
    for name in ("day", *CLOCKS, "weekdays", "months"):
        if texts.has(language, f"times.{name}"):
            words = texts.raw(language, f"times.{name}")
            found.append((name, words if isinstance(words, str) else ",".join(words)))
    return found


def day(value: date) -> Markup:
    """A calendar day that does not break over two lines."""
    return _timed(value.isoformat(), said_day(value))


def month_name(value: date) -> str:
    """The name of a day's month, where the language has names for them."""
    texts, language = problems.catalogue(), problems.lang()
    known = texts.has(language, "times.months")
    return str(texts.raw(language, "times.months")[value.month - 1]) if known else ""


def weekday_name(number: int) -> str:
    """The short name of a weekday; 1 is Monday."""
    return str(problems.catalogue().raw(problems.lang(), "times.weekdays")[number - 1])


def named(name: str) -> Markup:
    """A name as it was given; names are Korean, whatever the page's language is."""
    if problems.lang() == "ko":
        return escape(name)
    return Markup('<span lang="ko">{}</span>').format(name)


def unbroken(text: str) -> str:
    """A text in which no telephone number breaks over two lines."""
    return NUMBER.sub(lambda found: found[0].replace("-", f"{JOINER}-{JOINER}"), text)


def refused(error: Problem) -> Response:
    """A refusal: a page for a person who asked for one, else problem+json."""
    if not _for_a_person():
        return problems.answer(error)
    if error.status == 401:
        # A form is sent on as it is, so that nobody loses what was typed while a token ran out.
        code = 307 if request.method == "POST" else 303
        return redirect(f"{RENEWAL}?{urlencode({'next': here()})}", code)  # type: ignore[return-value]
    facts = {**error.facts, "count": len(error.errors), "correlation": g.get("correlation", "")}
    found = [problems.text(f"field.{one.code}", **one.facts) for one in error.errors]
    page = render(
        "refused.html", sentence=problems.text(f"problem.{error.code}", **facts), mend=found
    )
    return Response(page, error.status, content_type="text/html; charset=utf-8")


def _unknown(error: HTTPException) -> Response:
    if error.response is not None or not _for_a_person():
        return problems.of_http(error)
    problem = Problem(problems.CODES.get(error.code or 500, "malformed"))
    problem.status = error.code or 500
    return refused(problem)


def _for_a_person() -> bool:
    """Whether a page was asked for: an API's answer stays JSON, whatever a browser accepts."""
    view = current_app.view_functions.get(request.endpoint or "")
    declared = getattr(view, "declared", None)
    if view is not None and not getattr(declared, "page", False):
        return False
    return "text/html" in request.headers.get("Accept", "")


def _timed(attribute: str, words: str) -> Markup:
    return TIMED % (attribute, words)


# The days of a campaign stand on every page about it, so that few are ever new to a process.
@lru_cache(MOST_SAID)
def _day_words(texts: Catalogue, language: str, value: date) -> str:
    return _whole(texts.day(language, value))


@lru_cache(MOST_SAID)
def _clock_words(texts: Catalogue, language: str, value: datetime) -> str:
    return _whole(texts.clock(language, value))


def _whole(words: str) -> str:
    return words.replace(" ", HARD_SPACE).replace("(", f"{JOINER}(")
