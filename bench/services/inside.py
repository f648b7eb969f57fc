"""A service's context in this process, on a running stack: to prepare what is not measured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from chassis.context import Context, open_context
from chassis.settings import Settings
from deploy.local import state
from deploy.local.plan import Plan
from deploy.local.stack import Stack


@contextmanager
def context_inside(stack: Stack, service: str) -> Iterator[Context]:
    """What a process of this service would hold, as `Stack.command` starts one."""
    found = state.running(stack.layout)
    if found is None:
        raise RuntimeError(f"the stack {stack.layout.name} does not run")
    plan = Plan(stack.layout, Path(found.data), found.ports, found.services)
    with mock.patch.dict(os.environ, plan.settings(service)):
        context = open_context(Settings(service=service))
    try:
        yield context
    finally:
        context.database.client.close()
