"""Stopped for a configuration fault: nothing goes out until a probe and one delivered contact say it is mended."""

from __future__ import annotations

import math

from consumer.clicksend.fault import Fault
from consumer.clicksend.probe import ProbeVerdict


class Halt:
    """While there is a fault: probe every `interval` seconds; a probe that allows it frees one trial request."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._trial_allowed = False
        self.fault: Fault | None = None
        self.since = 0.0
        self.probe_at = math.inf

    def begin(self, fault: Fault, now: float) -> None:
        """Stop for this fault. A further fault renames the halt and keeps its probing in time."""
        if self.fault is None:
            self.since = now
            self.probe_at = now + self._interval
        self.fault = fault
        self._trial_allowed = False

    def begin_probe(self, now: float) -> None:
        """A probe goes out now; while there is a fault, the next is due an interval later."""
        if self.fault is not None:
            self.probe_at = now + self._interval

    def probed(self, verdict: ProbeVerdict) -> None:
        """The probe came back: a trial is free where it is fine, or where only reading the list is forbidden.

        A sub-account may be allowed to POST contacts and not to GET the list, so a 403 decides nothing by itself.
        """
        if self.fault is None:
            return
        if verdict.fault is not None and verdict.fault is not Fault.FORBIDDEN:
            self.fault = verdict.fault
        self._trial_allowed = verdict.allows_trial

    def take_trial(self) -> bool:
        """Whether the one trial request is free; taking it uses it up."""
        taken, self._trial_allowed = self._trial_allowed, False
        return taken

    def end(self) -> None:
        """The trial was delivered: mended."""
        self.fault = None
        self.probe_at = math.inf
        self._trial_allowed = False
