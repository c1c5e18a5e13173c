"""The log on stderr: one event per line, human-readable on a terminal, JSON elsewhere.

An exception's text and the values in its frames are never shown: both may hold personal data. Exceptions appear as
their type and the places in their traceback. Long texts are cut.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, cast

from consumer.extras import hidden

LIBRDKAFKA = "librdkafka"
QUOTING = "OIDC"  # the lines of this kind quote the answers of token endpoints, which may quote a secret
REPEAT_SECONDS = 30.0
DEPTH = 12  # places shown per stack
LONGEST = 2_000  # characters shown per text
MOST = 200  # entries shown per list


class LogLevel(StrEnum):
    """LOG_LEVEL."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """Return the standard library's level."""
        return logging.getLevelNamesMapping()[self.name]


class LogFormat(StrEnum):
    """LOG_FORMAT."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class RepeatFilter:
    """Suppress repeated lines: each key passes once in `every` seconds, with a count of the suppressed ones.

    Keys must come from a closed set, as none is evicted. Thread-safe.
    """

    def __init__(self, every: float = REPEAT_SECONDS) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._logged_at: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}

    def ask(self, key: str, now: float) -> int | None:
        """Return None to suppress the line, else the number suppressed since the last one. `now`: monotonic seconds."""
        with self._lock:
            if key in self._logged_at and now < self._logged_at[key] + self._every:
                self._suppressed[key] += 1
                return None
            self._logged_at[key] = now
            suppressed = self._suppressed.get(key, 0)
            self._suppressed[key] = 0
            return suppressed


def librdkafka() -> logging.Logger:
    """Return the `logger` for confluent-kafka's clients; without one, librdkafka writes to stderr."""
    return logging.getLogger(LIBRDKAFKA)


def configure(level: LogLevel, form: LogFormat, stream: TextIO | None = None) -> None:
    """Set up logging for this process, once, before the first line.

    stream -- where to write; stderr if none is given
    """
    # structlog loads them for tracebacks and for green threads, which there are none of: 8 MB, a tenth of the startup.
    with hidden("rich", "greenlet"):
        import structlog  # noqa: PLC0415 -- slow to import, and only needed by commands that log

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
            _cut_for_a_terminal if on_console else _cut_all,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level.number),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Unfailing(out))),
        cache_logger_on_first_use=True,
    )
    # Libraries log below warning only at level debug.
    libraries = level.number if level is LogLevel.DEBUG else max(level.number, logging.WARNING)
    logging.basicConfig(handlers=[_ToStructlog(level)], level=libraries, force=True)


class _Unfailing(io.TextIOBase):
    """A stream that never raises: a full disk or a broken pipe must not stop the worker."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write if possible."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def places(error: BaseException) -> str:
    """Return an exception and its causes as types and places, innermost first: `KeyError at a.py:3 f < b.py:9 g`."""
    return ", caused by ".join(_type_and_places(each) for each in _chain(error))


def cause_of(error: BaseException) -> dict[str, str]:
    """Return the log fields of an exception: its class as `cause`, its place as `at`. Never its text.

    For a chain of exceptions: all classes, and the place of the first cause. `at` is absent if no place is known.
    """
    chain = list(_chain(error))
    cause = {"cause": " caused by ".join(_type(each) for each in chain)}
    where = next(filter(None, (_where(each) for each in reversed(chain))), "")
    return {**cause, "at": where} if where else cause


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < DEPTH:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def frame_places(frame: FrameType) -> str:
    """Return the stack of a running thread, innermost place first: `b.py:9 g < a.py:3 f`."""
    return _innermost_first(islice(traceback.walk_stack(frame), DEPTH))


def _innermost_first(frames: Iterable[tuple[FrameType, int]]) -> str:
    """Format the frames without the traceback module, which opens source files and so may fail itself."""
    codes = ((frame.f_code, line) for frame, line in frames)
    return " < ".join(f"{Path(code.co_filename).name}:{line} {code.co_name}" for code, line in codes)


def _type_and_places(error: BaseException) -> str:
    where = _where(error)
    return f"{_type(error)} at {where}" if where else _type(error)


def _type(error: BaseException) -> str:
    """Return the type, with the error's symbolic name if it has one: `OSError EMFILE`, `KafkaException _TIMED_OUT`."""
    name = type(error).__qualname__
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} {errno.errorcode.get(error.errno, '')}".rstrip()
    what: Any = error.args[0] if error.args else None
    # compared by name, so that this module does not import Kafka's library
    return f"{name} {what.name()}" if type(what).__name__ == "KafkaError" else name


def _where(error: BaseException) -> str:
    frames = deque(traceback.walk_tb(error.__traceback__), maxlen=DEPTH)
    return _innermost_first(reversed(frames))


def _places_for_exceptions(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception, in `exc_info` or any other key, by its places."""
    given = event.pop("exc_info", None)
    error = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = error
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = places(value)
    return event


def _cut_all(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut every text. JSON escapes what could control a terminal."""
    for key, value in event.items():
        event[key] = _cut(value)
    return event


def _cut_for_a_terminal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut every text, and escape what could control the terminal."""
    for key, value in event.items():
        cut = _cut(value)
        if not isinstance(cut, bool | int | float | None):
            text = cut if isinstance(cut, str) else str(cut)
            cut = text if text.isprintable() else "".join(map(_visible, text))
        event[key] = cut
    return event


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _cut(value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case str():
            return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        case bytes() | bytearray():
            return _cut(str(bytes(value[:LONGEST])))
        case Mapping():
            return {str(_cut(key)): _cut(each) for key, each in islice(value.items(), MOST)}
        case list() | tuple() | set() | frozenset():
            return [_cut(each) for each in islice(value, MOST)]
        case _:
            return _cut(str(value))


class _ToStructlog(logging.Handler):
    """Log libraries' lines through structlog: the first line of the text, without its arguments.

    Arguments may hold anything. Only librdkafka's, about brokers and configuration, are included, not those that it
    quotes from elsewhere. Its lines repeat up
    to 20 times a second, so they are suppressed by kind unless the level is `debug`.
    """

    def __init__(self, level: LogLevel, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._summary = RepeatFilter(every=0.0 if level is LogLevel.DEBUG else REPEAT_SECONDS)
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        import structlog  # noqa: PLC0415 -- loaded already: `configure` makes this handler

        text = _message(record) if record.name == LIBRDKAFKA else str(record.msg)
        extra: dict[str, object] = {"logger": record.name, "exc_info": record.exc_info}
        if record.name == LIBRDKAFKA:
            if _kind(record).startswith(QUOTING):
                return
            suppressed = self._summary.ask(_kind(record), self._clock())
            if suppressed is None:
                return
            extra["suppressed"] = suppressed
        structlog.get_logger().log(record.levelno, text[:LONGEST].partition("\n")[0], **extra)


def _message(record: logging.LogRecord) -> str:
    """Return the line with its arguments, or without them if they don't match the format."""
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)


def _kind(record: logging.LogRecord) -> str:
    """Return the kind of a line: librdkafka's facility (FAIL, CONFWARN) if confluent-kafka logs it, else the format.

    confluent-kafka logs `%s [%s] %s` with the facility as the first argument.
    """
    return str(record.args[0]) if isinstance(record.args, tuple) and record.args else str(record.msg)
