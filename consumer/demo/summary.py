"""The summary at the end of the demo."""

from __future__ import annotations

from consumer.enrolment.disposition import Disposition
from consumer.scheduling.counts import Counts


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
