"""What the program says on stderr: one event a line, for a person on a terminal, as JSON elsewhere.

Neither an exception's text nor the values in its frames are ever shown: both may hold what a person entered somewhere.
Exceptions appear as their type and the places they came through.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

LIBRDKAFKA = "librdkafka"
REPEAT_SECONDS = 30.0
DEPTH = 12  # places that are shown of one stack


class LogLevel(StrEnum):
    """LOG_LEVEL."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """As the standard library counts."""
        return logging.getLevelNamesMapping()[self.name]


class LogFormat(StrEnum):
    """LOG_FORMAT."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class Summary:
    """Sums up lines that repeat: each key comes through once in `every` seconds, with a count of what was left out.

    Keys come from a closed set: each is remembered for good. Any thread may ask.
    """

    def __init__(self, every: float = REPEAT_SECONDS) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._said_at: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def ask(self, key: str, now: float) -> int | None:
        """None: leave this line out. A number: say it, so many were left out since the last one.

        now -- monotonic seconds
        """
        with self._lock:
            if key in self._said_at and now < self._said_at[key] + self._every:
                self._left_out[key] += 1
                return None
            self._said_at[key] = now
            left_out = self._left_out.get(key, 0)
            self._left_out[key] = 0
            return left_out


def librdkafka() -> logging.Logger:
    """The logger to pass to confluent-kafka's clients as `logger`; without one, librdkafka writes to stderr itself."""
    return logging.getLogger(LIBRDKAFKA)


def configure(level: LogLevel, form: LogFormat, stream: TextIO | None = None) -> None:
    """Set up logging for this process, once, before anything is said.

    stream -- where to write; stderr if none is given
    """
    with _absent("rich"):  # structlog loads it for tracebacks, which we never show: 7 MB, and a tenth of the start
        import structlog  # noqa: PLC0415 -- takes long enough that only commands that log should pay for it

    out = stream or sys.stderr
    on_console = form is LogFormat.CONSOLE or (form is LogFormat.AUTO and out.isatty())
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(default=str)
    if on_console:
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty() and not os.environ.get("NO_COLOR"))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _places_for_exceptions,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    # What libraries say below a warning is for those who debug.
    libraries = level.number if level is LogLevel.DEBUG else max(level.number, logging.WARNING)
    logging.basicConfig(handlers=[_ToStructlog(level)], level=libraries, force=True)


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """Lets what is imported meanwhile do without an optional package, unless it is loaded already."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # what the import system takes for "there is none"
    try:
        yield
    finally:
        del sys.modules[package]


def places(error: BaseException) -> str:
    """An exception and its causes as types and places, the innermost first: `KeyError at a.py:3 f < b.py:9 g`."""
    return ", caused by ".join(_places(each) for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def frame_places(frame: FrameType) -> str:
    """Where a running thread is, the innermost place first: `b.py:9 g < a.py:3 f`."""
    return _innermost_first(traceback.extract_stack(frame, limit=DEPTH))


def _innermost_first(frames: traceback.StackSummary) -> str:
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def _places(error: BaseException) -> str:
    where = _innermost_first(traceback.extract_tb(error.__traceback__, limit=-DEPTH))
    return f"{type(error).__qualname__} at {where}" if where else type(error).__qualname__


def _places_for_exceptions(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Puts places where an exception stands: as `exc_info`, or as the value of any key."""
    given = event.pop("exc_info", None)
    error = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = error
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = places(value)
    return event


class _ToStructlog(logging.Handler):
    """Lines of libraries, said through structlog: the first line of the text, without the arguments that fill it.

    Those may hold anything. Only librdkafka's, which speak of brokers and of configuration, are said whole; they come
    up to 20 times a second, so they are summed up by their kind unless the level is `debug`.
    """

    def __init__(self, level: LogLevel, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._summary = Summary(every=0.0 if level is LogLevel.DEBUG else REPEAT_SECONDS)
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        import structlog  # noqa: PLC0415 -- loaded already: `configure` makes this handler

        text = record.getMessage() if record.name == LIBRDKAFKA else str(record.msg)
        extra: dict[str, object] = {"logger": record.name, "exc_info": record.exc_info}
        if record.name == LIBRDKAFKA:
            left_out = self._summary.ask(_kind(record), self._clock())
            if left_out is None:
                return
            extra["left_out"] = left_out
        structlog.get_logger().log(record.levelno, text.partition("\n")[0], **extra)


def _kind(record: logging.LogRecord) -> str:
    """confluent-kafka logs `%s [%s] %s` with librdkafka's facility (FAIL, CONFWARN) as the first argument."""
    return str(record.args[0]) if isinstance(record.args, tuple) and record.args else str(record.msg)
