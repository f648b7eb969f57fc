"""Pages of the hosts: how far each is vetted, who is likely the same, and the next step."""

from pathlib import Path
from typing import Literal, get_args

from flask import Response, redirect, request, url_for
from pydantic import BaseModel

from chassis.act import Act
from chassis.documents import PAGE_MOST, Replayed, Stored
from chassis.errors import FieldError, Invalid, NotFound, Problem, Refused
from chassis.http.mends import mends
from chassis.http.pages import render
from chassis.http.problems import text
from chassis.http.routes import Routes
from chassis.http.sheets import attachment, workbook
from chassis.likeness import likely
from chassis.roles import Role
from services.placement.hosts import operations
from services.placement.hosts.model import NEXT, HeldFor, Status, Vetting
from services.placement.organisations import operations as organisations

TEMPLATES = Path(__file__).parent / "templates"
CENTRE = (Role.CENTRE,)
Shown = Literal["all", "new", "found", "contacted", "visited", "approved", "held"]
SHOWN: tuple[Shown, ...] = get_args(Shown)
DONE = ("send", "revoke")
HELD_FOR: tuple[HeldFor, ...] = get_args(HeldFor)

routes = Routes("host_pages", "/hosts", templates=str(TEMPLATES))


class HostPath(BaseModel):
    """Which host."""

    host_id: str


class HostsQuery(BaseModel):
    """Which hosts are shown."""

    state: Shown = "all"


@routes.page("", roles=CENTRE)
def hosts(act: Act, query: HostsQuery) -> str:
    """The centre's hosts by the state of their vetting, and which are likely one."""
    names, states = _hosts(act)
    counts = {one: sum(1 for id in names if _fits(one, states.get(id))) for one in SHOWN}
    rows = [(id, names[id], states.get(id)) for id in names if _fits(query.state, states.get(id))]
    return render(
        "hosts/list.html",
        chosen=query.state,
        counts=counts,
        rows=sorted(rows, key=lambda row: row[1]),
        twins=[(one, names[one], other, names[other]) for one, other in likely(names)],
    )


@routes.query("/hosts.xlsx", roles=CENTRE)
def sheet(act: Act, query: HostsQuery) -> Response:
    """The hosts that the page shows, as a workbook."""
    names, states = _hosts(act)
    heads = [text("page.desk.host"), text("page.hosts.state")]
    lines = sorted(
        (name, text(f"page.hosts.status.{states.get(id) or 'new'}"))
        for id, name in names.items()
        if _fits(query.state, states.get(id))
    )
    title = text("page.hosts.title")
    return attachment(title, workbook(title, heads, lines))


@routes.page("/<host_id>", roles=CENTRE)
def host(act: Act, path: HostPath) -> str:
    """One host: the steps so far, and what may come next."""
    return _host(act, path, None)


@routes.form("/<host_id>", roles=CENTRE)
def step(act: Act, path: HostPath) -> Response | tuple[str, int]:
    """Record one step of the vetting."""
    sent = request.form
    statuses: tuple[Status, ...] = get_args(Status)
    wanted = next((one for one in statuses if one == sent.get("status")), None)
    reason = next((one for one in HELD_FOR if one == sent.get("reason_code")), None)
    note = sent.get("note", "").strip()[:500]
    try:
        if wanted is None:
            raise Invalid([FieldError("/status", "missing")])
        operations.vet(act, path.host_id, wanted, reason if wanted == "held" else None, note)
    except Problem as refused:
        return _host(act, path, refused), refused.status
    return redirect(url_for("host_pages.host", host_id=path.host_id), 303)  # type: ignore[return-value]


@routes.form("/<host_id>/links", roles=CENTRE)
def links(act: Act, path: HostPath) -> Response | tuple[str, int]:
    """Send a new link for answers, or first make those void that are out."""
    do = request.form.get("do", "")
    operations.show(act, path.host_id)
    try:
        if do == "revoke":
            operations.revoke_links(act, path.host_id)
        elif do == "send":
            operations.send_link(act, path.host_id)
    except Replayed:
        pass
    except Refused as refused:
        return _host(act, path, refused), refused.status
    return redirect(  # type: ignore[return-value]
        url_for("host_pages.host", host_id=path.host_id, done=do if do in DONE else None), 303
    )


def _host(act: Act, path: HostPath, refused: Problem | None) -> str:
    names, _ = _hosts(act)
    if path.host_id not in names:
        raise NotFound("host_unknown")
    try:
        stored: Stored[Vetting] | None = operations.show(act, path.host_id)
    except NotFound:
        stored = None
    following = sorted(NEXT[stored.state.status]) if stored else ["found"]
    card = organisations.card(act, path.host_id)
    return render(
        "hosts/one.html",
        id=path.host_id,
        name=names[path.host_id],
        phone=card.phone,
        vetting=stored.state if stored else None,
        following=[one for one in following if one != "held"],
        held="held" in following,
        done=next((one for one in DONE if one == request.args.get("done")), ""),
        reasons=[(one, text(f"page.hosts.held.{one}")) for one in HELD_FOR],
        twins=[
            names[other if one == path.host_id else one]
            for one, other in likely(names)
            if path.host_id in (one, other)
        ],
        mends=mends(refused, lambda _: ""),
    )


def _hosts(act: Act) -> tuple[dict[str, str], dict[str, Status]]:
    """Names of the centre's hosts, and the state of those that were begun, by id."""
    states: dict[str, Status] = {}
    after: str | None = None
    while True:
        page = operations.page(act, None, PAGE_MOST, after)
        states |= {one.state.host: one.state.status for one in page.items}
        after = page.next
        if after is None:
            break
    ids = {*states, *organisations.others(act, "centre_host")}
    named = organisations.names(act, ids)
    # A name travels apart from the relation and may arrive after it.
    return {id: named.get(id, "") for id in ids}, states


def _fits(shown: Shown, status: Status | None) -> bool:
    return shown == "all" or shown == (status or "new")
