"""End a replay or a redrive where ClickSend accepts no contact, so that it never hangs."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult, ProbeStatus
from consumer.delivery.outcome_policy import Action, Settle
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.task import Task
from consumer.settings import Settings

MOST_FORBIDDEN_PROBES = 1  # a sub-account may POST contacts but not GET the list: a trial follows the first such probe


class TargetWatch(Reporter):
    """Observes the engine. Its methods run on the delivery loop or the dead letters' thread, `reason` on any.

    patience -- seconds of attempts without a settled record: RETRY_MAX_DELAY
    slowest  -- the same during a mass rejection, whose trials are up to a probe interval apart
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(CollectorRegistry(), None, clock)
        self._now = clock
        self._patience = settings.retry.max_delay
        self._slowest = 2 * settings.delivery.probe_interval + settings.clicksend.total_timeout
        self._since: float | None = None  # the first failed attempt after the last settled record
        self._pause = 0.0  # the longest Retry-After since then
        self._last = ""
        self._refused: Fault | None = None
        self._forbidden_probes = 0
        self._gave_up = ""  # why

    def gives_up(self, fault: Fault | None) -> bool:
        """Return whether to end now, and remember why for `complaint`. For one thread, as that."""
        self._gave_up = self._gave_up or self.reason(fault) or ""
        return bool(self._gave_up)

    def complaint(self, fault: Fault | None) -> str:
        """Return why the command gave up, or that delivery is halted for `fault`; empty: no problem."""
        return self._gave_up or (_still_halted(fault) if fault is not None else "")

    def reason(self, fault: Fault | None) -> str | None:
        """Return why to end now; None: continue. fault -- the reason why delivery is halted, if it is."""
        if self._refused is not None:
            return f"ClickSend refuses the probe ({self._refused}): {self._refused.hint}"
        limit = self._patience if fault is not Fault.MASS_REJECTION else max(self._patience, self._slowest)
        since = self._since
        if since is None or self._now() < since + limit + self._pause:
            return None
        if fault is not None:
            return _still_halted(fault)
        return f"no record was settled for {limit + self._pause:.0f} s ({self._last})"

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        """Record the outcome of a request."""
        super().answered(task, outcome, action, seconds)
        if isinstance(action, Settle):
            self._record_ended()
            return
        status = "no response" if outcome.status is None else f"status {outcome.status}"
        self._attempt_failed(f"{outcome.cause or outcome.result}, {status}")
        self._pause = max(self._pause, outcome.retry_after or 0.0)

    def probed(self, result: ProbeResult) -> None:
        """Record the result of a probe."""
        super().probed(result)
        if result.result is not ProbeStatus.REFUSED:
            return
        if result.fault is Fault.FORBIDDEN and self._forbidden_probes < MOST_FORBIDDEN_PROBES:
            self._forbidden_probes += 1
            return
        self._refused = result.fault

    def dead_letter_written(self, task: Task) -> None:
        """Record that the broker acknowledged a dead letter."""
        super().dead_letter_written(task)
        self._record_ended()

    def dead_letter_failed(self, task: Task, failure: KafkaException, hint: str) -> None:
        """Record that a dead letter failed."""
        super().dead_letter_failed(task, failure, hint)
        self._attempt_failed(f"dead letters can't be written: {hint}")

    def _record_ended(self) -> None:
        self._since, self._pause, self._forbidden_probes = None, 0.0, 0

    def _attempt_failed(self, how: str) -> None:
        self._last = how
        if self._since is None:
            self._since = self._now()


def _still_halted(fault: Fault) -> str:
    return f"delivery is halted ({fault}): {fault.hint}"
