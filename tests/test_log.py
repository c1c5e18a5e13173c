from __future__ import annotations

import errno
import io
import json
import linecache
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import structlog
from confluent_kafka import KafkaError, KafkaException

from consumer.log import LONGEST, MOST, LogFormat, LogLevel, RepeatFilter, cause_of, configure, librdkafka, places
from tests.support.growth import MOST_GROWTH, PATTERN_IDS, PATTERNS, growth, repeated
from tests.support.terminal import Terminal


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


def test_an_event_is_one_line_of_json_without_a_terminal(out: io.StringIO) -> None:
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


def test_lines_below_the_level_are_not_logged(out: io.StringIO) -> None:
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


def test_the_causes_of_an_exception_are_logged() -> None:
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


def test_library_lines_are_logged_without_their_arguments(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    logging.getLogger("urllib3").warning("retrying after %r", ValueError("jane.doe@example.com"))
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: jane.doe@example.com")
    logging.getLogger("urllib3").info("starting")
    logged = [(entry["logger"], entry["level"], entry["event"]) for entry in entries(out)]
    assert logged == [
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


def test_librdkafka_lines_keep_their_arguments_and_are_suppressed_by_kind(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    for line in (FAIL, FAIL, AUTH, FAIL):
        librdkafka().error(*line)
    assert [entry["event"] for entry in entries(out)] == [
        "FAIL [rdkafka#consumer-1] [thrd:app]: Connect to 127.0.0.1:1 failed",
        "AUTH [rdkafka#consumer-1] [thrd:app]: refused",
    ]


@pytest.mark.parametrize("level", [LogLevel.INFO, LogLevel.DEBUG])
def test_the_answer_of_a_token_endpoint_is_not_logged(out: io.StringIO, level: LogLevel) -> None:
    configure(level, LogFormat.JSON, out)
    text = '[thrd:background]: Failed to retrieve OIDC token from "https://h/t": {"error":"s3cret"} (401)'
    librdkafka().error("%s [%s] %s", "OIDC", "rdkafka#consumer-1", text)
    assert out.getvalue() == ""


def test_librdkafka_is_not_summed_up_at_debug(out: io.StringIO) -> None:
    configure(LogLevel.DEBUG, LogFormat.JSON, out)
    for _ in range(3):
        librdkafka().error(*FAIL)
    assert len(entries(out)) == 3


def test_a_line_that_repeats_comes_once_in_a_while_with_a_count() -> None:
    summary = RepeatFilter(every=30.0)
    assert [summary.ask("down", now) for now in (0.0, 1.0, 29.9)] == [0, None, None]
    assert summary.ask("another", 29.9) == 0
    assert [summary.ask("down", now) for now in (30.0, 31.0, 60.0, 90.0)] == [2, None, 1, 0]


def test_the_worker_does_without_large_libraries_and_leaves_them_to_others() -> None:
    code = (
        "import sys; import consumer.settings; from consumer.log import LogFormat, LogLevel, configure;"
        "configure(LogLevel.INFO, LogFormat.JSON); import consumer.commands.run;"
        "print({'rich', 'greenlet', 'jsonschema_rs'} & {*sys.modules});"
        "import rich; print(rich.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "rich"]


def chained(first: Exception, second: Exception) -> Exception:
    """The second, raised because of the first."""
    try:
        try:
            raise first
        except Exception as cause:
            raise second from cause
    except Exception as error:
        return error


def test_a_failure_line_names_the_class_and_the_place_of_its_cause_and_no_value() -> None:
    fields = cause_of(chained(ValueError("jane.doe@example.com"), RuntimeError("+14155550132")))
    assert fields["cause"] == "RuntimeError caused by ValueError"
    assert fields["at"].startswith("test_log.py:")
    assert fields["at"].endswith(" chained")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        pytest.param(OSError(errno.EMFILE, "jane.doe"), "OSError EMFILE", id="of-the-operating-system"),
        pytest.param(ConnectionResetError(errno.ECONNRESET, "x"), "ConnectionResetError ECONNRESET", id="of-a-socket"),
        pytest.param(OSError("jane.doe"), "OSError", id="without-a-number"),
        pytest.param(KafkaException(KafkaError(KafkaError._TIMED_OUT)), "KafkaException _TIMED_OUT", id="of-kafka"),
        pytest.param(KeyError("jane.doe"), "KeyError", id="any-other"),
    ],
)
def test_a_cause_has_a_word_of_a_closed_list_where_there_is_one(error: Exception, cause: str) -> None:
    assert cause_of(error) == {"cause": cause}, "never raised: it has no place"


def test_no_file_is_opened_to_find_a_place() -> None:
    """The logged error may be a lack of file descriptors."""
    linecache.clearcache()
    cause_of(chained(ValueError(), RuntimeError()))
    assert not linecache.cache


FORMATS = pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.CONSOLE])
LINES: dict[str, Callable[[str], object]] = {
    "event": lambda text: structlog.get_logger().info(text),
    "value": lambda text: structlog.get_logger().info("halted", why=text),
    "list": lambda text: structlog.get_logger().info("halted", why=[text, text]),
    "mapping": lambda text: structlog.get_logger().info("halted", why={text: text}),
    "exception": lambda text: structlog.get_logger().info("halted", why=ValueError(text)),
    "library": lambda text: logging.getLogger("urllib3").warning(text),
    "argument of a library": lambda text: logging.getLogger("urllib3").warning("%s", text),
    "librdkafka": lambda text: librdkafka().error("%s [%s] %s", "FAIL", "rdkafka#consumer-1", text),
}


@FORMATS
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("pattern", PATTERNS, ids=PATTERN_IDS)
def test_a_line_with_a_long_text_costs_what_its_beginning_costs(
    form: LogFormat, line: Callable[[str], object], pattern: str
) -> None:
    out = io.StringIO()
    configure(LogLevel.INFO, form, out)
    assert growth(line, partial(repeated, pattern)) <= MOST_GROWTH
    assert all(len(line) < 50 * LONGEST for line in out.getvalue().splitlines())


def test_long_texts_and_lists_are_cut(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    structlog.get_logger().info("x" * 9000, why="y" * 9000, key=b"\xff" * 9000, partitions=list(range(9000)))
    (entry,) = entries(out)
    assert (entry["event"], entry["why"]) == ("x" * LONGEST + "…", "y" * LONGEST + "…")
    assert len(str(entry["key"])) == LONGEST + 1
    assert entry["partitions"] == list(range(MOST))


def test_what_could_steer_a_terminal_is_escaped() -> None:
    terminal = Terminal()
    configure(LogLevel.INFO, LogFormat.CONSOLE, terminal)
    structlog.get_logger().info("halted\x1b[2J", why="\x9b2J\nlevel=info", groups=["\x1b]0;title\x07"])
    text = terminal.getvalue()
    assert "halted\\x1b[2J" in text
    assert "x9b2J" in text
    assert not {"\x9b", "\x1b]", "\x07"} & {text[at : at + width] for at in range(len(text)) for width in (1, 2)}
    assert text.count("\n") == 1


def test_a_library_whose_line_does_not_fit_its_arguments_ends_nothing(out: io.StringIO) -> None:
    configure(LogLevel.INFO, LogFormat.JSON, out)
    librdkafka().error("%s [%d]", "FAIL", "no number")
    assert [entry["event"] for entry in entries(out)] == ["%s [%d]"]


class Full(io.StringIO):
    """A file on a disk without space."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_line_that_cant_be_written_ends_nothing() -> None:
    configure(LogLevel.INFO, LogFormat.JSON, Full())
    structlog.get_logger().info("halted")
    closed = io.StringIO()
    closed.close()
    configure(LogLevel.INFO, LogFormat.JSON, closed)
    structlog.get_logger().info("halted")
