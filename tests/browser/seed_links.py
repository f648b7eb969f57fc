"""Links that open nothing any more, and an invitation that still opens something."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chassis import links
from chassis.act import Act
from chassis.context import Context
from chassis.links import Asks, Link, Purpose
from chassis.scope import Centre
from services.placement.hosts import operations as hosts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.contacts.model import Reach
from services.registration.invitations import operations as invitations
from services.registration.invitations.model import LASTS, Way, secret
from services.registration.invitations.operations import Wanted
from tests.browser.seed import PASSWORD
from tests.browser.seed_visits import ASKED, CONFIRMED, DECLINED

KNOWN = "+821000001004"


def invited(context: Context, centre: str, school: str) -> dict[str, str]:
    """The tokens of four invitations by mail, by what became of them; `open` is still open."""
    tokens = {}
    for name in ("open", "used", "expired", "withdrawn"):
        act = replace(context.act(seed=f"browser invited {name}"), scope=Centre(centre))
        mail = f"{name}@school.example"
        wanted = Wanted(school, Role.SCHOOL, "grade_head", email=mail)
        id = invitations.invite(act, wanted).id
        assert act.keys is not None
        assert act.keys.kek is not None
        tokens[name] = secret(act.keys.kek, id, Way.EMAIL)
        _end(act, name, id, tokens[name])
    return tokens


def _end(act: Act, name: str, id: str, token: str) -> None:
    again = replace(act, seed=f"{act.seed} again")
    match name:
        case "used":
            holder = NewHolder("invited-one", PASSWORD, Reach(email="used@school.example"))
            invitations.accept(again, token, holder, "127.0.0.1")
        case "expired":
            invitations.expire(replace(again, now=act.now + LASTS + timedelta(minutes=1)), id)
        case "withdrawn":
            invitations.withdraw(again, id)


def closed(context: Context, centre: str, school: str, host: str) -> dict[str, str]:
    """Addresses of links to a host and to an escort, by why they open nothing or ask for more."""
    act = replace(context.act(seed="browser links"), scope=Centre(centre))
    earlier = act.now - timedelta(hours=1)
    hosts.revoke_links(replace(act, now=earlier), host)
    assert act.keys is not None
    assert act.keys.links is not None
    key = act.keys.links
    good = Link(
        purpose=Purpose.ANSWER,
        holder=DECLINED,
        subject=host,
        centre=centre,
        until=act.now + timedelta(days=30),
        asks=Asks.TELEPHONE,
        check=links.known_to(key, DECLINED, Asks.TELEPHONE, KNOWN),
        issued=act.now,
    )
    over = replace(good, until=earlier)
    revoked = replace(good, issued=earlier - timedelta(hours=1))
    escort = Link(Purpose.ESCORT, CONFIRMED, school, centre, earlier)
    missing = replace(escort, holder=DECLINED, until=good.until)

    def written(link: Link) -> str:
        return links.written(key, link)

    return {
        "host-good": f"/placement/a/{written(good)}/{ASKED}",
        "host-over": f"/placement/a/{written(over)}/{ASKED}",
        "host-revoked": f"/placement/a/{written(revoked)}/{ASKED}",
        "host-unknown": "/placement/a/not-a-link",
        "host-strange": f"/placement/a/{written(good)}/{CONFIRMED}",
        "escort-over": f"/placement/v/{written(escort)}",
        "escort-unknown": "/placement/v/not-a-link",
        "escort-missing": f"/placement/v/{written(missing)}",
    }
