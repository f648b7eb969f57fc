"""The role `solve`: runs that wait for a solver, then repairs that wait for their preview.

The engine and its compiled kernels are imported here alone, so that no other role pays for them.
"""

from chassis.context import Context
from chassis.leases import stable_name

IDLE_SECONDS = 0.3


def run(context: Context) -> None:
    """Solve what there is until asked to stop."""
    from services.placement.repairs.previews import preview_next
    from services.placement.runs.solving import work

    owner = stable_name(context.settings.replica, "solve")
    while not context.stopping():
        context.beat()
        if not work(context, owner) and not preview_next(context.act()):
            context.wait(IDLE_SECONDS)
