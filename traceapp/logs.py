"""Structured logs on stderr: one JSON object a line, times in UTC, no personal data."""
from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError


class _Stderr:
    """Whatever is standard error at the moment of writing."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure() -> None:
    """Set up logging for a long-running process."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True), _without_rows, structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )


def _without_rows(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A database's message may quote the row that it refused; its place and type are kept, its text is not."""
    if entry.get("exc_info"):
        error = sys.exc_info()[1]
        if isinstance(error, DBAPIError):
            entry.pop("exc_info")
            frames = "".join(traceback.format_tb(error.__traceback__))
            entry["exception"] = f"{frames}{type(error).__name__} ({type(error.orig).__name__})"
    return entry
