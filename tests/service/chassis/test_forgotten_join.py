"""The client's join that outlasts its poll, while the reason for it goes away."""

from chassis.context import Context
from chassis.events.broker import Place, Reader
from tests.support.house import eventually

TOPIC = "registration.programmes"


def test_a_reader_whose_client_forgot_its_join_gets_its_places_again(context: Context) -> None:
    given: list[Place] = []

    def places(assigned: list[Place]) -> dict[Place, int]:
        given.extend(assigned)
        return dict.fromkeys(assigned, 0)

    reader = Reader(context.settings, "test-forgotten-join", "member-0", [TOPIC], places)
    eventually(lambda: reader.poll() or given)
    given.clear()
    # As it happened: other metadata ask for a join, the poll ends before it, and the metadata are
    # as before again when its answer has come.
    coordinator = reader._consumer._coordinator
    snapshot = coordinator._assignment_snapshot
    coordinator._assignment_snapshot = {"another": 1}
    reader._consumer.poll(0)
    coordinator._assignment_snapshot = snapshot
    eventually(lambda: coordinator._join_task.is_done)
    eventually(lambda: reader.poll() or given)
    assert coordinator.stable()
    reader.close()
