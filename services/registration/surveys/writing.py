"""How the survey's pages write a draft."""

from dataclasses import replace

from chassis.act import Act, Command
from chassis.facts import fresh_id
from chassis.roles import Role

SCHOOL = (Role.SCHOOL,)


def draft_act(act: Act, expected: int | None) -> Act:
    """The act of saving a draft that was shown in version `expected`.

    A draft is no command that a key protects: saving the same again changes nothing.
    """
    command = Command(key=fresh_id(), body_hash="", route="draft", expected=expected)
    return replace(act, command=command)
