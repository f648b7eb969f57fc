"""One JSON line an event, constant event names, ids instead of objects.

Personal data never reaches a log: callers pass ids, codes and numbers only, and tests look for
canaries in what was written.
"""

import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

import structlog

IDS_IN_A_LINE = 100
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class _Standard:
    """Standard error as it is when a line is written: it may be replaced under a long life."""

    def write(self, text: str) -> int:
        """Write a whole line."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Hand over what was written."""
        sys.stderr.flush()


def configure(service: str, role: str, level: str = "info") -> None:
    """Make every log line of this process JSON on standard error, with service and role.

    Both belong to the process and not to the context of one thread: a web process answers in many.
    """

    def signed(_logger: Any, _method: str, line: Any) -> Any:
        return {"service": service, "role": role, **line}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            signed,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Standard())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()


def logger() -> Any:
    """The house's logger: `logger().info("survey_submitted", survey=id)`."""
    return structlog.get_logger()


def trace(event: str, correlations: Iterable[str], **facts: Any) -> None:
    """Say of a batch which acts it carries on, so that one id finds every step of an act.

    One line names at most a hundred ids: a container engine cuts lines of more than 16 KB.
    """
    ids = sorted({one for one in correlations if one})
    for start in range(0, len(ids), IDS_IN_A_LINE):
        logger().info(event, **facts, correlations=ids[start : start + IDS_IN_A_LINE])
