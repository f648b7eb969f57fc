"""The words of a message before there is one: every fact is its name in brackets.

An operator looks at what a release will say before anything is sent; whom it concerns, and with
which figures, is shown by the service that releases.
"""

import re
from dataclasses import dataclass

from services.notifications.messages.rendering import template
from services.notifications.messages.wording import wording

_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")

OF_STAGE: dict[str, tuple[str, ...]] = {
    "hosts": ("digest_hosts", "booking_asked", "booking_preaccepted"),
    "reminder": ("survey_reminder",),
    "schools": (
        "digest_schools",
        "placement_offered",
        "placement_waitlisted",
        "placement_not_selected",
    ),
}
"""Which messages a release sends: the bundle of several first, then each one alone."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A message's words; `rows` are the labels of its table."""

    intent: str
    subject: str
    lead: str
    rows: list[str]
    body: list[str]


def specimen(intent: str, language: str) -> Specimen:
    """The words of an intent with names in brackets for its facts. KeyError for an unknown one."""
    texts = wording(language).texts
    own = template(intent)[language]

    def fill(text: str) -> str:
        def one(found: re.Match[str]) -> str:
            word = f"[{texts.text(language, f'page.desk.slot.{found.group(1)}')}]"
            return texts.written(language, word, found.group(2))

        # A subject that begins with the centre in brackets has them already.
        return _PLACEHOLDER.sub(one, text).replace("[[", "[").replace("]]", "]")

    said = [one if isinstance(one, str) else one["say"] for one in own["body"]]
    return Specimen(
        intent=intent,
        subject=fill(own["subject"]),
        lead=fill(own["lead"]),
        rows=[texts.text(language, f"labels.{name}") for name in own["rows"]],
        body=[fill(one) for one in said],
    )
