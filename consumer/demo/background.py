"""A part of the demo that runs beside the narration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Runs a function in a thread of its own and keeps what comes of it. The process doesn't wait for it to end."""

    def __init__(self, name: str, work: Callable[[], T]) -> None:
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or the other."""
        return not self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait for its end, so many seconds at most."""
        self._thread.join(timeout)

    def result(self) -> T | None:
        """Return what it gave, None while it runs. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # it belongs to who asks for the result
            self._error = error
