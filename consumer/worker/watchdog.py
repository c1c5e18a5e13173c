"""Stop the process when a thread stalls: an idle worker that looks alive keeps its partitions."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Mapping

import structlog
from msgspec import Struct

from consumer.log import frame_places
from consumer.worker.interpreter_timer import GRACE_SECONDS, InterpreterTimer

INTERVAL = 1.0  # seconds between two checks

log = structlog.get_logger()


class Pulse(Struct, frozen=True):
    """An operation with a time limit.

    thread -- the name of its thread
    since  -- monotonic seconds of its start; infinite: none is in progress
    limit  -- seconds
    """

    thread: str
    since: float
    limit: float


class Watchdog:
    """Check the pulses once a second; for one over its limit, log all threads' stacks and call `end`.

    Time in which the watchdog itself did not run (SIGSTOP, a suspended machine) does not count.

    If a thread never releases the interpreter, the watchdog can't run. Then `InterpreterTimer` writes the stacks and
    ends the process after `silence` and `grace`.

    pulses  -- called at each check
    silence -- seconds
    grace   -- seconds that a resumed process has until the watchdog must run
    end     -- ends the process without unwinding: a stalled thread can't be joined
    """

    def __init__(
        self,
        pulses: Callable[[], list[Pulse]],
        silence: float,
        clock: Callable[[], float],
        end: Callable[[], None],
        grace: int = GRACE_SECONDS,
    ) -> None:
        self._pulses = pulses
        self._silence = silence
        self._clock = clock
        self._end = end
        self._checked_at = -math.inf
        self._runs_since = -math.inf  # the lower bound of `Pulse.since`
        self._stopped = threading.Event()
        self._timer: InterpreterTimer | None = None
        self._grace = grace
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._timer = InterpreterTimer(self._silence, self._grace)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        self._thread.join()
        if self._timer is not None:
            self._timer.stop()

    def hanging(self, now: float) -> Pulse | None:
        """Return a pulse that is over its limit. Call about every `INTERVAL` seconds; `now` is monotonic seconds."""
        if now - self._checked_at > 2 * INTERVAL:
            self._runs_since = now
        self._checked_at = now
        over = (each for each in self._pulses() if now - max(each.since, self._runs_since) > each.limit)
        return next(over, None)

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            if self._timer is not None:
                self._timer.wind()
            pulse = self.hanging(self._clock())
            if pulse is not None:
                log.critical(
                    "thread stalled, exiting",
                    thread=pulse.thread,
                    limit_seconds=pulse.limit,
                    stacks=stacks(),
                )
                self._end()


def stacks() -> Mapping[str, str]:
    """Return the stack of every thread by its name; places only, no values."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()
    return {names.get(ident, str(ident)): frame_places(frame) for ident, frame in frames.items()}
