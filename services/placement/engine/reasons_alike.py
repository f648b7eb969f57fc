"""Who is alike: applicants whom an exchange of seats would make no difference to, but the draw."""

from __future__ import annotations

from typing import Any

from services.placement.engine.groups_state import Static

Kind = tuple[Any, ...]


class Kinds:
    """What makes applicants alike: head-count, school, priority and the same wish list.

    The columns are read once as plain numbers; a kind is made when somebody asks for it.
    """

    def __init__(self, static: Static) -> None:
        x, w = static.market.applicants, static.market.wishes
        self._market = static.market
        numbers = zip(w.rank.tolist(), w.cost.tolist(), w.priority.tolist(), strict=True)
        self._wishes: list[Kind] = [
            (tuple(stops), tuple(seats), *three, barrier is None)
            for stops, seats, three, barrier in zip(
                static.stops, static.own_seats, numbers, static.barrier, strict=True
            )
        ]
        own = (x.school, x.people, x.wants, x.split_smallest, x.split_parts, x.priority)
        self._own = list(zip(*(c.tolist() for c in (*own, x.all_or_none)), strict=True))
        self._known: dict[int, Kind] = {}

    def of(self, a: int) -> Kind:
        """Equal for two applicants exactly when they are alike."""
        if a not in self._known:
            mine = self._market.wishes_of(a)
            self._known[a] = (*self._own[a], tuple(self._wishes[mine.start : mine.stop]))
        return self._known[a]
