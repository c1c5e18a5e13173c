"""Stopped for a configuration fault: nothing goes out until a probe and one delivered contact say it is fixed."""

from __future__ import annotations

import math

from consumer.clicksend.fault import Fault
from consumer.clicksend.probe import ProbeResult

SHORTEST_TRIAL_INTERVAL = 1.0  # seconds


class Halt:
    """While there is a fault: probe every `interval` seconds; a probe that allows it frees one trial request.

    A mass rejection is different: credentials and list are right, and what was rejected may have been bad contacts. As
    long as the last probe was fine, trials go on between the probes. The time to the next one halves with each answer,
    so that a backlog of bad contacts passes in minutes. After `most_refused_trials` it is `interval` again, since a
    broken mapping must not empty the topic into the dead-letter topic.
    """

    def __init__(self, interval: float, most_refused_trials: int) -> None:
        self._interval = interval
        self._most_refused_trials = most_refused_trials
        self._trial_allowed = False
        self._trial_in_flight = False
        self._trial_at = -math.inf  # monotonic seconds: not before
        self._trial_interval = interval
        self._refused_trials = 0
        self.fault: Fault | None = None
        self.probe_at = math.inf

    @property
    def trial_at(self) -> float:
        """When the next trial may go out, in monotonic seconds; infinite where a probe or an answer must come first."""
        return math.inf if self._trial_in_flight or not self._trial_allowed else self._trial_at

    def begin(self, fault: Fault, now: float) -> None:
        """Stop for this fault. A further fault renames the halt and keeps its probing in time."""
        if self.fault is None:
            self.probe_at = now + self._interval
        if fault is self.fault is Fault.MASS_REJECTION:
            return  # one more rejection changes nothing about the trials
        self.fault = fault
        self._restart_trials()

    def begin_probe(self, now: float) -> None:
        """A probe goes out now; while there is a fault, the next is due an interval later."""
        if self.fault is not None:
            self.probe_at = now + self._interval

    def probed(self, verdict: ProbeResult) -> None:
        """The probe came back: a trial is free where it is fine, or where only reading the list is forbidden.

        A sub-account may be allowed to POST contacts and not to GET the list, so a 403 decides nothing by itself.
        """
        if self.fault is None:
            return
        if verdict.fault is not None and verdict.fault is not Fault.FORBIDDEN:
            self.fault = verdict.fault
            self._restart_trials()
        self._trial_allowed = verdict.allows_trial

    def begin_trial(self) -> None:
        """The caller lets the trial out now, which `trial_at` has allowed."""
        self._trial_in_flight = True
        self._trial_allowed = self.fault is Fault.MASS_REJECTION

    def trial_refused(self, now: float) -> None:
        """The trial was answered, and not by a delivery."""
        self._refused_trials += 1
        spent = self._refused_trials >= self._most_refused_trials
        self._trial_interval = self._interval if spent else max(self._trial_interval / 2, SHORTEST_TRIAL_INTERVAL)
        self.trial_unanswered(now)

    def trial_unanswered(self, now: float) -> None:
        """The trial failed in passing: it says nothing about the contact."""
        self._trial_in_flight = False
        if self.fault is Fault.MASS_REJECTION:
            self._trial_at = now + min(self._trial_interval, self._interval)

    def end(self) -> None:
        """The trial was delivered: fixed."""
        self.fault = None
        self.probe_at = math.inf
        self._trial_in_flight = False
        self._restart_trials()

    def _restart_trials(self) -> None:
        self._trial_allowed = False
        self._trial_at, self._trial_interval = -math.inf, self._interval
        self._refused_trials = 0
