"""One JSON line an event, constant event names, ids instead of objects.

Personal data never reaches a log: callers pass ids, codes and numbers only, and tests look for
canaries in what was written.
"""

import sys
from typing import Any

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(service: str, role: str, level: str = "info") -> None:
    """Make every log line of this process JSON on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service, role=role)


def logger() -> Any:
    """The house's logger: `logger().info("survey_submitted", survey=id)`."""
    return structlog.get_logger()
