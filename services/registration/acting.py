"""For whom an act is done, in the words of registration."""

from dataclasses import replace
from datetime import date

from chassis.act import Act
from chassis.errors import Forbidden
from chassis.facts import KST
from chassis.scope import Centre, Link, Party, Public, System


def in_public(act: Act) -> Act:
    """The act as anyone sees it: organisations and announced campaigns are public data."""
    return act if isinstance(act.scope, System) else replace(act, scope=Public())


def only(act: Act, *ids: str) -> Act:
    """The act narrowed to documents that a secret (a password, a code) has just opened."""
    return replace(act, scope=Link(ids))


def own_centre(act: Act) -> str:
    """The centre on whose behalf the act is done. Raises Forbidden for anyone else."""
    if isinstance(act.scope, Centre):
        return act.scope.id
    raise Forbidden("only_centre")


def own_organisation(act: Act) -> str:
    """The organisation of whoever acts. Raises Forbidden where there is none."""
    if isinstance(act.scope, Centre | Party):
        return act.scope.id
    raise Forbidden("only_members")


def today(act: Act) -> date:
    """The calendar day of the act in Seoul."""
    return act.now.astimezone(KST).date()
