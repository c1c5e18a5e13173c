"""What a check has found, as a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from consumer.commands.output import Format


class Verdict(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"  # the worker runs, and somebody should know
    FAILED = "failed"  # the worker would not start, or would not deliver
    SKIPPED = "skipped"  # it needs something else that failed


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    check  -- what was looked at, in one or two words
    detail -- what was found
    mend   -- what to do about it; empty where nothing is to be done
    """

    check: str
    verdict: Verdict
    detail: str
    mend: str = ""

    def line(self, form: Format) -> str:
        """As a line of text, or of JSON."""
        if form is Format.JSON:
            return json.dumps(asdict(self), ensure_ascii=False) + "\n"
        mend = f" -> {self.mend}" if self.mend else ""
        return f"{self.verdict:<8} {self.check:<18} {self.detail}{mend}\n"


def ok(check: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Verdict.OK, detail)


def warning(check: str, detail: str, mend: str) -> Finding:
    """Somebody should know."""
    return Finding(check, Verdict.WARNING, detail, mend)


def failed(check: str, detail: str, mend: str) -> Finding:
    """The worker would not work."""
    return Finding(check, Verdict.FAILED, detail, mend)


def skipped(check: str, after: str) -> Finding:
    """It can't be looked at. after -- what has to be mended first"""
    return Finding(check, Verdict.SKIPPED, f"not looked at, since {after} failed")
