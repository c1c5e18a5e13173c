from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from consumer.log import LogFormat, LogLevel, Summary, configure, librdkafka, places


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # pytest's own, which `configure` would close
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def entries(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def failing(text: str) -> None:
    raise ValueError(text)


def test_an_event_is_one_line_of_json_where_nobody_watches(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.AUTO, out)
    structlog.get_logger().info("halted", fault="unauthorized", partitions=3)
    (entry,) = entries(out)
    assert str(entry.pop("timestamp")).endswith("Z")
    assert entry == {"event": "halted", "level": "info", "fault": "unauthorized", "partitions": 3}


def test_an_event_is_for_reading_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    configure(LogLevel.INFO, LogFormat.AUTO, terminal)
    structlog.get_logger().info("halted", fault="unauthorized")
    assert "\x1b[" in terminal.getvalue()
    assert "halted" in terminal.getvalue()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    configure(LogLevel.INFO, LogFormat.CONSOLE, terminal)
    structlog.get_logger().info("halted")
    assert "\x1b" not in terminal.getvalue()


def test_the_format_can_be_chosen() -> None:
    terminal = Terminal()
    configure(LogLevel.INFO, LogFormat.JSON, terminal)
    structlog.get_logger().info("halted")
    assert entries(terminal)[0]["event"] == "halted"


def test_what_is_below_the_level_is_not_said(out: io.StringIO) -> None:
    configure(LogLevel.WARNING, LogFormat.JSON, out)
    structlog.get_logger().info("joined")
    structlog.get_logger().warning("halted")
    assert [entry["event"] for entry in entries(out)] == ["halted"]


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.CONSOLE])
def test_an_exception_is_its_type_and_places_on_one_line_without_its_text(out: io.StringIO, form: LogFormat) -> None:
    configure(LogLevel.DEBUG, form, out)
    try:
        failing("jane.doe@example.com")
    except ValueError as error:
        structlog.get_logger().exception("unexpected")
        structlog.get_logger().error("unexpected", exc_info=error)
        structlog.get_logger().error("unexpected", why=error)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert all("ValueError at test_log.py:" in line for line in lines)
    assert all("failing <" in line for line in lines)
    assert "jane.doe" not in out.getvalue()


def test_the_causes_of_an_exception_are_told() -> None:
    try:
        try:
            failing("cause")
        except ValueError as cause:
            raise KeyError("effect") from cause
    except KeyError as error:
        text = places(error)
    assert text.startswith("KeyError at test_log.py:")
    assert ", caused by ValueError at test_log.py:" in text


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert places(first) == "ValueError, caused by KeyError"


def test_libraries_speak_through_the_same_lines_without_what_fills_them(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    logging.getLogger("urllib3").warning("retrying after %r", ValueError("jane.doe@example.com"))
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: jane.doe@example.com")
    logging.getLogger("urllib3").info("starting")
    said = [(entry["logger"], entry["level"], entry["event"]) for entry in entries(out)]
    assert said == [
        ("urllib3", "warning", "retrying after %r"),
        ("asyncio", "error", "Task exception was never retrieved"),
    ]


def test_the_exceptions_of_libraries_lose_their_text_too(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    try:
        failing("jane.doe@example.com")
    except ValueError:
        logging.getLogger("aiohttp").exception("unhandled")
    assert str(entries(out)[0]["error"]).startswith("ValueError at test_log.py:")
    assert "jane.doe" not in out.getvalue()


def test_libraries_say_more_only_at_debug(out: io.StringIO) -> None:
    configure(LogLevel.DEBUG, LogFormat.JSON, out)
    logging.getLogger("urllib3").debug("starting")
    assert entries(out)[0]["event"] == "starting"


FAIL = ("%s [%s] %s", "FAIL", "rdkafka#consumer-1", "[thrd:app]: Connect to 127.0.0.1:1 failed")
AUTH = ("%s [%s] %s", "AUTH", "rdkafka#consumer-1", "[thrd:app]: refused")


def test_librdkafka_is_whole_and_summed_up_by_kind(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    for line in (FAIL, FAIL, AUTH, FAIL):
        librdkafka().error(*line)
    assert [entry["event"] for entry in entries(out)] == [
        "FAIL [rdkafka#consumer-1] [thrd:app]: Connect to 127.0.0.1:1 failed",
        "AUTH [rdkafka#consumer-1] [thrd:app]: refused",
    ]


def test_librdkafka_is_not_summed_up_at_debug(out: io.StringIO) -> None:
    configure(LogLevel.DEBUG, LogFormat.JSON, out)
    for _ in range(3):
        librdkafka().error(*FAIL)
    assert len(entries(out)) == 3


def test_a_line_that_repeats_comes_once_in_a_while_with_a_count() -> None:
    summary = Summary(every=30.0)
    assert [summary.ask("down", now) for now in (0.0, 1.0, 29.9)] == [0, None, None]
    assert summary.ask("another", 29.9) == 0
    assert [summary.ask("down", now) for now in (30.0, 31.0, 60.0, 90.0)] == [2, None, 1, 0]


def test_logging_does_without_rich_and_leaves_it_to_others() -> None:
    code = (
        "import sys; from consumer.log import LogFormat, LogLevel, configure;"
        "configure(LogLevel.INFO, LogFormat.JSON); import consumer.operations.run; print('rich' in sys.modules);"
        "import rich; print(rich.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "rich"]
