"""Print the narration: one line per observation, browsing summarised, the addresses once a minute, and a summary."""

from __future__ import annotations

import os
from typing import TextIO

from consumer.delivery.gate import GateState
from consumer.demo.messages import Colour, Colours, NoColours, browsing, line
from consumer.demo.observer import Announced, Observation, WasFiltered
from consumer.enrolment.disposition import Disposition, FilterReason
from consumer.scheduling.counts import Counts
from consumer.scheduling.scheduler import Scheduler

BROWSING_SECONDS = 3.0
ADDRESSES_SECONDS = 60.0
KINDS_LISTED = 4
ANNOUNCED = (GateState.BREAKER, GateState.HALTED)
OTHERS = "other"


def colours_for(out: TextIO) -> Colours:
    """Return colours for a terminal, unless NO_COLOR is set (no-color.org)."""
    return Colours() if out.isatty() and not os.environ.get("NO_COLOR") else NoColours()


class Narrator:
    """Called from one thread. Times are seconds since the epoch.

    addresses -- URLs by name
    """

    def __init__(self, out: TextIO, addresses: dict[str, str], now: float) -> None:
        self._out = out
        self._colours = colours_for(out)
        self._addresses = addresses
        self._addresses_at = now
        self._browsing: dict[str, int] = {}
        self._browsing_since = now

    def introduce(self) -> None:
        """Print the first lines."""
        title = self._colours.paint("clicksend-consumer demo", Colour.LOUD)
        lines = [f"{title}: runs on this machine only, nothing reaches ClickSend. Ctrl-C ends it with a summary.", ""]
        lines += [f"  {name:<20} {address}" for name, address in self._addresses.items()]
        self._write(*lines, "")

    def narrate(self, observation: Observation) -> None:
        """Print an observation; browsing is summarised later."""
        if isinstance(observation, WasFiltered) and observation.reason is FilterReason.NOT_ENROLMENT:
            self._note_browsing(observation)
            return
        if isinstance(observation, Announced):
            self.sum_up(observation.at)
        self._write(line(observation, self._colours))

    def tick(self, now: float) -> None:
        """Print due summaries and addresses. Call several times a second."""
        if self._browsing and now - self._browsing_since >= BROWSING_SECONDS:
            self.sum_up(now)
        if now - self._addresses_at >= ADDRESSES_SECONDS:
            self._addresses_at = now
            listed = "   ".join(f"{name}: {address}" for name, address in self._addresses.items())
            self._write(self._colours.paint(f"          {listed}", Colour.QUIET))

    def sum_up(self, now: float) -> None:
        """Print the summary of browsing events."""
        if self._browsing:
            self._write(browsing(self._browsing, now, self._colours))
            self._browsing = {}

    def close(self, summary: list[str], now: float) -> None:
        """Print the last lines."""
        self.sum_up(now)
        self._write("", *summary)

    def _note_browsing(self, observation: WasFiltered) -> None:
        if not self._browsing:
            self._browsing_since = observation.about.at
        name = observation.about.event
        if not name or (name not in self._browsing and len(self._browsing) >= KINDS_LISTED):
            name = OTHERS
        self._browsing[name] = self._browsing.get(name, 0) + 1

    def _write(self, *lines: str) -> None:
        self._out.write("".join(f"{text}\n" for text in lines))
        self._out.flush()


def summary(counts: Counts, in_progress: int, contacts: int, seconds: float) -> list[str]:
    """Return the summary. counts, in_progress -- of the worker; contacts -- in the list; seconds -- of the run."""
    lines = [f"After {seconds:.0f} s:", _row("consumed", counts.consumed, "")]
    for disposition in Disposition:
        by_reason = {reason: number for (kind, reason), number in counts.settled.items() if kind is disposition}
        listed = ", ".join(f"{number} {reason}" for reason, number in by_reason.items() if number)
        lines.append(_row(disposition.replace("_", "-"), sum(by_reason.values()), listed))
    if waiting := in_progress + sum(counts.released.values()):
        lines.append(_row("not yet settled", waiting, "not committed: the next worker delivers them"))
    return [*lines, _row("contacts in the list", contacts, "")]


def _row(name: str, number: int, detail: str) -> str:
    return f"  {name:<20} {number:>7}   {detail}".rstrip()


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
