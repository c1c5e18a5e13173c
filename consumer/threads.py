"""Threads, locks and conditions behind an interface, so that a simulation can replace them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import TracebackType


class Lock(Protocol):
    """The used part of `threading.Lock`."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Condition(Lock, Protocol):
    """The used part of `threading.Condition`."""

    def wait(self, timeout: float | None = None) -> object:
        """Release the lock until notified, or for `timeout` seconds."""

    def notify_all(self) -> None:
        """Wake all waiting threads."""


class Thread(Protocol):
    """The used part of `threading.Thread`."""

    def join(self, timeout: float) -> None:
        """Wait for its end, at most `timeout` seconds."""


class Threads(Protocol):
    """The engine's only source of threads and waiting, so a simulation controls the order of events."""

    def condition(self) -> tuple[Lock, Condition]:
        """Return a lock that is not reentrant, and a condition over it."""

    def start(self, target: Callable[[], object], name: str) -> Thread:
        """Run `target` beside the caller. It does not keep the process alive."""


class OsThreads:
    """The operating system's threads."""

    def condition(self) -> tuple[Lock, Condition]:
        """Return a lock that is not reentrant, and a condition over it."""
        lock = threading.Lock()
        return lock, threading.Condition(lock)

    def start(self, target: Callable[[], object], name: str) -> Thread:
        """Start a daemon thread: one that hangs must not block the exit of the process."""
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread
