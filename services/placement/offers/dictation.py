"""What a centre records for a host on the telephone (대리 입력), and a change with who said so."""

from typing import Any

from chassis import vault
from chassis.act import Act
from chassis.errors import FieldError, Invalid, NotFound
from chassis.facts import in_ms, stamp
from chassis.scope import Centre
from services.placement.offers.content import ByTelephone
from services.placement.offers.model import Change, Dictated


def dictated(act: Act, by_telephone: ByTelephone | None) -> None:
    """Raise Invalid unless the act may record what was said on the telephone."""
    if errors := undictated(act, by_telephone is not None):
        raise Invalid(errors)


def undictated(act: Act, by_telephone: bool) -> list[FieldError]:
    """Only a centre records what somebody said on the telephone."""
    if not by_telephone or isinstance(act.scope, Centre):
        return []
    return [FieldError("/by_telephone", "by_telephone_centre_only")]


def changed(
    act: Act,
    id: str,
    what: Any,
    by_telephone: ByTelephone | None,
    reason_code: str | None = None,
) -> Change:
    """A change of an offer by whoever acts, with whom it was spoken sealed."""
    return Change(
        what=what,
        at=act.now,
        by=act.actor,
        version=0,
        by_telephone=None if by_telephone is None else _dictation(act, id, by_telephone),
        reason_code=reason_code,
    )


def told(act: Act, id: str, said: Dictated) -> str | None:
    """With whom the centre spoke; None once that was erased."""
    try:
        return vault.unseal(act, id, stamp(said.at), said.sealed)
    except NotFound:
        return None


def _dictation(act: Act, id: str, said: ByTelephone) -> Dictated:
    sealed = vault.seal(act, id, stamp(said.at), said.spoken_with)
    return Dictated(at=in_ms(said.at), sealed=sealed or b"")
