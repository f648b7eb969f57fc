"""What the demo reads out of `docker compose logs`."""

import pytest

from deploy.compose.stack import containers_that_say


@pytest.mark.parametrize("before", ["", "\x1b[2K", "\x1b[36m"])
def test_the_service_is_named_by_its_container_whatever_a_terminal_would_see_before_it(
    before: str,
) -> None:
    logs = "\n".join(
        [
            f'{before}registration-web-1  | {{"correlation_id": "this-act", "a": "b | c-2 |"}}',
            f'{before}registration-web-2  | {{"correlation_id": "this-act"}}',
            f'{before}notifications-worker-1  | {{"correlations": ["this-act"]}}',
            f'{before}placement-worker-1  | {{"correlation_id": "another"}}',
        ]
    )

    assert containers_that_say("this-act", logs) == {"registration-web", "notifications-worker"}
