"""Structured logs: every line is one JSON object with the promised fields."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from observability_sdk import Instrumentation, instrument
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instrumentation]:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    telemetry = instrument(
        "shop", log_level="debug", log_file=tmp_path / "logs" / "shop.log", registry=CollectorRegistry()
    )
    yield telemetry
    telemetry.shutdown()


@pytest.fixture
def logger() -> logging.Logger:
    return logging.getLogger("shop.orders")


def strict(line: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    parsed = json.loads(line, parse_constant=refuse)
    assert isinstance(parsed, dict)
    return parsed


@pytest.fixture
def lines(telemetry: Instrumentation, tmp_path: Path) -> Any:
    return lambda: [strict(line) for line in (tmp_path / "logs" / "shop.log").read_text().splitlines()]


def test_fields(telemetry: Instrumentation, logger: logging.Logger, lines: Any) -> None:
    logger.info("order %d\nstored", 7, extra={"order_id": 7})
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "message": "order 7\nstored",
        "service": "shop",
        "logger": "shop.orders",
        "order_id": 7,
    }


def test_stdout_gets_the_same_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    telemetry = instrument("shop", log_file=tmp_path / "log", registry=CollectorRegistry())
    logging.getLogger("x").warning("twice")
    telemetry.shutdown()
    logging.getLogger("x").warning("never")
    written = capsys.readouterr().out
    assert written == (tmp_path / "log").read_text()
    assert [strict(line)["message"] for line in written.splitlines()] == ["twice"]


def test_levels_have_five_names(telemetry: Instrumentation, logger: logging.Logger, lines: Any) -> None:
    for level in (1, 5, 10, 15, 20, 25, 30, 40, 50, 70):
        logger.log(level, "x")
    assert [line["level"] for line in lines()] == [
        "debug",
        "debug",
        "info",
        "info",
        "warning",
        "error",
        "critical",
        "critical",
    ]


def test_trace_and_span_are_the_active_ones(
    telemetry: Instrumentation, logger: logging.Logger, lines: Any
) -> None:
    with telemetry.tracer.start_as_current_span("work") as span:
        logger.info("inside")
    logger.info("outside")
    inside, outside = lines()
    context = span.get_span_context()
    assert inside["trace_id"] == f"{context.trace_id:032x}"
    assert inside["span_id"] == f"{context.span_id:016x}"
    assert "trace_id" not in outside


def test_an_exception_is_one_field(telemetry: Instrumentation, logger: logging.Logger, lines: Any) -> None:
    try:
        int("stock")
    except ValueError:
        logger.exception("failed")
    (line,) = lines()
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: 'stock'")
    assert "exc_info" not in line


def test_extra_cannot_forge_our_fields(
    telemetry: Instrumentation, logger: logging.Logger, lines: Any
) -> None:
    logger.info("x", extra={"service": "bank", "level": "critical", "timestamp": "never"})
    logger.info({"message": "from a mapping", "level": "critical", "amount": 3})
    forged, mapping = lines()
    assert (forged["service"], forged["level"]) == ("shop", "info")
    assert forged["timestamp"] != "never"
    assert (mapping["message"], mapping["level"], mapping["amount"]) == ("from a mapping", "info", 3)


def test_values_json_cannot_say_do_not_lose_the_line(
    telemetry: Instrumentation, logger: logging.Logger, lines: Any
) -> None:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    logger.info("nan", extra={"ratio": float("nan")})
    logger.info("cycle", extra={"cycle": cycle})
    logger.info("keys", extra={"by": {("a", 1): 2}})
    logger.info("object", extra={"object": object()})
    assert [line["message"] for line in lines()] == ["nan", "cycle", "keys", "object"]
    assert lines()[0]["ratio"] == "nan"


def test_a_plain_handler_does_not_write_lines_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    plain = logging.StreamHandler()
    logging.getLogger().addHandler(plain)
    telemetry = instrument("shop", registry=CollectorRegistry())
    logging.getLogger("x").warning("once")
    telemetry.shutdown()
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("once") == 1


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="log_level 'LOUD' is not a level: write one of DEBUG, INFO"):
        instrument("shop", log_level="LOUD", registry=CollectorRegistry())
