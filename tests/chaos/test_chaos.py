"""The short run of faults that every `make test` has; `make chaos` is the long one."""

import random

from tests.chaos.run import chaos

SECONDS = 35.0


def test_nothing_is_lost_doubled_or_out_of_order_while_everything_breaks() -> None:
    for _ in range(2):
        report = chaos(random.SystemRandom().randrange(10**6), SECONDS, print, results=None)
        assert not report.broken, report.text()
        if not report.missing:
            return
    raise AssertionError(f"two runs did not see what a run has to see:\n{report.text()}")
