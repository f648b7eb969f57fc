"""How a relay shares its turns: quick behind a lone act, patient under a steady load."""

from chassis.events.relay import BATCH, BUSY_SECONDS, LONGEST_GATHER, gathering


def test_what_follows_a_lone_act_is_not_held_up() -> None:
    assert gathering(1) < BUSY_SECONDS


def test_a_steady_load_is_gathered_for_no_longer_than_promised() -> None:
    assert gathering(20) == gathering(BATCH - 1) == LONGEST_GATHER


def test_a_backlog_is_published_without_a_rest() -> None:
    assert gathering(BATCH) == 0
