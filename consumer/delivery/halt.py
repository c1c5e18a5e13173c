"""Halt delivery for a configuration fault, until a probe succeeds and one contact is delivered."""

from __future__ import annotations

import math

from consumer.clicksend.fault import Fault
from consumer.clicksend.probe import ProbeResult

SHORTEST_TRIAL_INTERVAL = 1.0  # seconds


class Halt:
    """While there is a fault, probe every `interval` seconds; a successful probe allows one trial request.

    In a mass rejection, credentials and list are right and the rejected contacts may be bad. While the last probe was
    fine, trials continue between the probes. The interval halves with each answer, so that a backlog of bad contacts
    drains in minutes. After `most_refused_trials` it is `interval` again: a broken mapping must not drain the topic
    into the dead-letter topic.
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
        """Return when the next trial may be sent, in monotonic seconds; infinite before a probe or a response."""
        return math.inf if self._trial_in_flight or not self._trial_allowed else self._trial_at

    def begin(self, fault: Fault, now: float) -> None:
        """Halt for this fault. A further fault replaces the reason and keeps the probe schedule."""
        if self.fault is None:
            self.probe_at = now + self._interval
        if fault is self.fault is Fault.MASS_REJECTION:
            return  # further rejections do not restart the trials
        self.fault = fault
        self._restart_trials()

    def begin_probe(self, now: float) -> None:
        """Schedule the next probe an interval after the one sent now."""
        if self.fault is not None:
            self.probe_at = now + self._interval

    def probed(self, result: ProbeResult) -> None:
        """Allow a trial if the probe was fine, or if it was only forbidden to read the list.

        A sub-account may be allowed to POST contacts but not to GET the list, so a 403 alone proves no fault.
        """
        if self.fault is None:
            return
        if result.fault is not None and result.fault is not Fault.FORBIDDEN:
            self.fault = result.fault
            self._restart_trials()
        self._trial_allowed = result.allows_trial

    def begin_trial(self) -> None:
        """Note that a trial, allowed by `trial_at`, is sent now."""
        self._trial_in_flight = True
        self._trial_allowed = self.fault is Fault.MASS_REJECTION

    def trial_refused(self, now: float) -> None:
        """Shorten the trial interval after a trial that was refused."""
        self._refused_trials += 1
        spent = self._refused_trials >= self._most_refused_trials
        self._trial_interval = self._interval if spent else max(self._trial_interval / 2, SHORTEST_TRIAL_INTERVAL)
        self.trial_unanswered(now)

    def trial_unanswered(self, now: float) -> None:
        """Schedule the next trial after one that failed transiently."""
        self._trial_in_flight = False
        if self.fault is Fault.MASS_REJECTION:
            self._trial_at = now + min(self._trial_interval, self._interval)

    def end(self) -> None:
        """End the halt after a trial was delivered."""
        self.fault = None
        self.probe_at = math.inf
        self._trial_in_flight = False
        self._restart_trials()

    def _restart_trials(self) -> None:
        self._trial_allowed = False
        self._trial_at, self._trial_interval = -math.inf, self._interval
        self._refused_trials = 0
