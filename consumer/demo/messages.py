"""Format an observation as a line of the narration."""

from __future__ import annotations

import time
from enum import StrEnum

from consumer.clicksend.outcome import Outcome
from consumer.demo.observer import About, DeadLetterWritten, Observation, WasDelivered, WasFiltered, WillRetry

RULE_WIDTH = 100


class Colour(StrEnum):
    """ANSI's codes (ECMA-48, SGR)."""

    GOOD = "32"
    WAITING = "33"
    BAD = "31"
    QUIET = "2"
    LOUD = "1"


class Colours:
    """Colours for a terminal."""

    def paint(self, text: str, colour: Colour) -> str:
        """Return the text in this colour."""
        return f"\x1b[{colour}m{text}\x1b[0m"


class NoColours(Colours):
    """No colours: for files, pipes and NO_COLOR."""

    def paint(self, text: str, colour: Colour) -> str:  # noqa: ARG002 -- paints nothing
        """Return the text unchanged."""
        return text


def line(observation: Observation, colours: Colours) -> str:
    """Return the line for an observation."""
    match observation:
        case WasDelivered(about, consent, attempts):
            after = f"after {attempts} attempts" if attempts > 1 else ""
            return _record(about, "delivered", Colour.GOOD, f"{_consent(consent):<7}  {after}", colours)
        case WasFiltered(about, reason):
            return _record(about, "filtered", Colour.QUIET, reason, colours)
        case WillRetry(about, answer, wait):
            when = f"retry in {wait:.1f} s" if wait else "waits for ClickSend"
            return _record(about, "retry", Colour.WAITING, f"{_answer(answer)}: {when}", colours)
        case DeadLetterWritten(about, reason, detail, answer):
            why = detail or (_answer(answer) if answer is not None else "")
            return _record(about, "dead letter", Colour.BAD, f"{reason}: {why}", colours)
        case _:
            title = f"── {observation.text} "
            return colours.paint(f"{clock(observation.at)}  {title:─<{RULE_WIDTH - 10}}", Colour.LOUD)


def browsing(names: dict[str, int], at: float, colours: Colours) -> str:
    """Return the line that counts browsing events by name."""
    number = sum(names.values())
    listed = ", ".join(f"{count} {name}" for name, count in names.items())
    subject = "1 browsing event" if number == 1 else f"{number} browsing events"
    return colours.paint(f"{clock(at)}  {'':<12}  {subject:<29}  filtered     not_enrolment: {listed}", Colour.QUIET)


def clock(at: float) -> str:
    """Return the local time of day. at -- seconds since the epoch."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def _record(about: About, outcome: str, colour: Colour, detail: str, colours: Colours) -> str:
    note = colours.paint(f"  # {about.note}", Colour.QUIET) if about.note else ""
    place = colours.paint(f"{about.place:<12}", Colour.QUIET)
    subject = f"{about.event or '-':<10} {about.who or '-':<18}"
    return f"{clock(about.at)}  {place}  {subject}  {colours.paint(f'{outcome:<11}', colour)}  {detail.strip()}{note}"


def _consent(custom_1: str) -> str:
    return custom_1.removeprefix("marketing_").replace("_", "-")


def _answer(answer: Outcome) -> str:
    """Return the status and the code of ClickSend's response, or the cause of its absence."""
    status = [str(answer.status)] if answer.status is not None else []
    return " ".join([*status, *([answer.code] if answer.code else [answer.cause] if answer.cause else [])])
