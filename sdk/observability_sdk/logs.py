"""Structured logs: the standard library's logging, one JSON object a line.

Every line has timestamp (RFC 3339, UTC), level, message, service and logger; inside a span trace_id and
span_id; while a request is served method, route and request_id; after an exception its stack in one field,
`exception`. What a call passes as `extra` becomes further fields, which cannot overwrite these.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Protocol

from opentelemetry import trace
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class RequestContext(Protocol):
    """What log lines say about the request being served."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def route(self) -> str:
        """The route's template, as far as it is known yet."""

    @property
    def request_id(self) -> str:
        """The client's x-request-id, or one made here."""


current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)
"""The request being served in this context; the middleware sets it."""


def level_name(level: int) -> str:
    """Return the lower-case name of the standard level at or below `level`: a label of five values."""
    standard = max(logging.DEBUG, min(level // 10 * 10, logging.CRITICAL))
    return logging.getLevelName(standard).lower()


class LogFormatter(JsonFormatter):
    """Formats a log record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__(
            rename_fields={"exc_info": "exception", "stack_info": "stack"},
            # uvicorn's copy of its message, with terminal colours.
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
            json_serializer=partial(json.dumps, allow_nan=False),
        )
        self._service = service

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill `log_data`: our own fields first, then what the call passed."""
        created = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        own: dict[str, Any] = {
            "timestamp": created.replace("+00:00", "Z"),
            "level": level_name(record.levelno),
            "message": message_dict.get("message", record.message),
            "service": self._service,
            "logger": record.name,
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            own |= {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
        if request := current_request.get():
            own |= {"method": request.method, "route": request.route, "request_id": request.request_id}
        passed: dict[str, Any] = {}
        super().add_fields(passed, record, message_dict)
        log_data |= own | {key: value for key, value in passed.items() if key not in own}

    def serialize_log_record(self, log_data: dict[str, Any]) -> str:
        """Write the line. Where JSON cannot say a value (NaN, a cycle), values are written as text."""
        try:
            return super().serialize_log_record(log_data)
        except (TypeError, ValueError, RecursionError):
            return super().serialize_log_record({str(key): str(value) for key, value in log_data.items()})


def configure_logging(service: str, level: str, file: str | Path | None) -> tuple[logging.Handler, ...]:
    """Send the root logger's records to standard output, and to `file` if given; return the handlers.

    Raises:
        ValueError: `level` is not one of LEVELS.
        OSError: `file` cannot be opened.
    """
    if str(level).upper() not in LEVELS:
        raise ValueError(f"log_level {level!r} is not a level: write one of {', '.join(LEVELS)}")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if file is not None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        # Reopened when something else has rotated it.
        handlers.append(WatchedFileHandler(file, encoding="utf-8"))
    root = logging.getLogger()
    for handler in root.handlers[:]:
        # What logging.basicConfig installed would write every line a second time, as plain text.
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    for handler in handlers:
        handler.setFormatter(LogFormatter(service))
        root.addHandler(handler)
    root.setLevel(level.upper())
    return tuple(handlers)


def restore_logging(handlers: tuple[logging.Handler, ...]) -> None:
    """Remove what `configure_logging` returned."""
    for handler in handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
