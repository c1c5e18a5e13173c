"""Announces changes of the gate in the narration."""

from __future__ import annotations

from consumer.delivery.gate import GateState
from consumer.scheduling.scheduler import Scheduler

ANNOUNCED = (GateState.BREAKER, GateState.HALTED)


class GateWatch:
    """Detects when delivery stops and resumes."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._announced = GateState.OPEN

    def look(self, now: float) -> str | None:
        """Return the announcement of a change; None: no change. now -- monotonic seconds."""
        gate = self._scheduler.report(now)
        state = gate.state if gate.state in ANNOUNCED else GateState.OPEN
        if state is self._announced:
            return None
        self._announced = state
        if gate.fault is not None:
            return f"Delivery is halted ({gate.fault}). {gate.fault.hint}"
        if state is GateState.BREAKER:
            return "Circuit breaker open: one trial request at a time detects the recovery"
        return "Circuit breaker closed: ClickSend responds again, delivery resumes"
