"""What the worker thinks of ClickSend, for the narration."""

from __future__ import annotations

from consumer.delivery.gate import GateState
from consumer.scheduling.scheduler import Scheduler

TOLD = (GateState.BREAKER, GateState.HALTED)


class GateWatch:
    """Notices when delivery stops and when it resumes."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._told = GateState.OPEN

    def look(self, now: float) -> str | None:
        """What there is to say, if it has changed. now -- monotonic seconds"""
        gate = self._scheduler.report(now)
        state = gate.state if gate.state in TOLD else GateState.OPEN
        if state is self._told:
            return None
        self._told = state
        if gate.fault is not None:
            return f"Delivery is halted ({gate.fault}). {gate.fault.hint}"
        if state is GateState.BREAKER:
            return "The breaker opens: one request at a time finds out when ClickSend is back"
        return "ClickSend is back: the breaker closes, delivery continues"
