"""The recent waits at the gate, with their reasons, for the spans of records."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from consumer.delivery.gate import Closed, Gate, GateState, Permit
from consumer.delivery.retry import RetryPolicy

KEPT = 256  # waits
GAP_SECONDS = 0.02  # pacing closes the gate after each request: one wait, not thousands
SHORTEST_SECONDS = 0.001  # a shorter wait is not worth an event


class GateWait(NamedTuple):
    """The gate was closed from `began` to `ended` (monotonic seconds)."""

    state: GateState
    began: float
    ended: float


class GateHistory:
    """The last waits. Written by the delivery loop's thread; any thread may ask."""

    def __init__(self) -> None:
        self._waits: deque[GateWait] = deque(maxlen=KEPT)
        self._state: GateState | None = None  # of the present wait
        self._since = 0.0

    def closed(self, state: GateState, now: float) -> None:
        """Note that no permit was given at `now` (monotonic seconds)."""
        if state is not self._state:
            self.opened(now)
            self._state, self._since = state, now

    def opened(self, now: float) -> None:
        """Note that a permit was given at `now` (monotonic seconds)."""
        if self._state is None:
            return
        wait, self._state = GateWait(self._state, self._since, now), None
        last = self._waits[-1] if self._waits else None
        if last is not None and last.state is wait.state and wait.began - last.ended <= GAP_SECONDS:
            self._waits[-1] = wait._replace(began=last.began)
        else:
            self._waits.append(wait)

    def during(self, began: float, ended: float) -> list[GateWait]:
        """Return the waits between two moments (monotonic seconds), cut to them."""
        waits = list(self._waits)
        if (state := self._state) is not None:
            waits.append(GateWait(state, self._since, ended))
        cut = (GateWait(wait.state, max(wait.began, began), min(wait.ended, ended)) for wait in waits)
        return [wait for wait in cut if wait.ended - wait.began >= SHORTEST_SECONDS]


class WatchedGate(Gate):
    """A gate that notes its waits. Without traces, the plain gate is built, which has no such step."""

    def __init__(
        self,
        history: GateHistory,
        policy: RetryPolicy,
        requests_per_second: float,
        probe_interval: float,
        most_refused_trials: int,
    ) -> None:
        super().__init__(policy, requests_per_second, probe_interval, most_refused_trials)
        self._history = history

    def ask(self, now: float) -> Permit | Closed:
        """Return what the gate answers, and note it."""
        answer = super().ask(now)
        if isinstance(answer, Closed):
            self._history.closed(answer.state, now)
        else:
            self._history.opened(now)
        return answer
