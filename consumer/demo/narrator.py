"""Prints the narration: one line per observation, browsing summarised, the addresses from time to time."""

from __future__ import annotations

import os
from typing import TextIO

from consumer.demo.messages import Colour, Colours, NoColours, browsing, line
from consumer.demo.observer import Announced, Observation, WasFiltered
from consumer.enrolment.disposition import FilterReason

BROWSING_SECONDS = 3.0
ADDRESSES_SECONDS = 60.0
KINDS_LISTED = 4
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
