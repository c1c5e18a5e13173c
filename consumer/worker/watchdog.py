"""Ends the process when a thread hangs: alive and idle is the worst state a worker can be in."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from consumer.log import frame_places
from consumer.worker.interpreter_timer import GRACE_SECONDS, InterpreterTimer

INTERVAL = 1.0  # seconds between two checks

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pulse:
    """One thing that must not take for ever.

    thread -- the name of the thread that does it
    since  -- monotonic seconds at which it was begun; infinite: nothing is being done
    limit  -- seconds
    """

    thread: str
    since: float
    limit: float


class Watchdog:
    """Looks at the pulses once a second; for one that is over its limit it logs all threads' stacks and calls `end`.

    A process that was stopped as a whole (SIGSTOP, a suspended machine) finds all its pulses old when it goes on: the
    time for which the watchdog itself did not run counts for none of them.

    Should a thread keep even the watchdog from running, by never releasing the interpreter, then `InterpreterTimer`
    writes the stacks and ends the process after `silence` seconds and its grace.

    pulses  -- asked at each check
    silence -- seconds
    grace   -- seconds for which a process that was frozen may take until the watchdog runs again
    end     -- ends the process, without unwinding: a thread that hangs can't be ended otherwise
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
        self._runs_since = -math.inf  # pulses older than that are taken to be so old
        self._stopped = threading.Event()
        self._timer: InterpreterTimer | None = None
        self._grace = grace
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._timer = InterpreterTimer(self._silence, self._grace)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        self._thread.join()
        if self._timer is not None:
            self._timer.stop()

    def hanging(self, now: float) -> Pulse | None:
        """A pulse that is over its limit. To be asked about once in `INTERVAL` seconds; now -- monotonic seconds."""
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
    """Where every thread of this process is, by its name; places only, no values."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()
    return {names.get(ident, str(ident)): frame_places(frame) for ident, frame in frames.items()}
