"""What a check has found, as a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from consumer.commands.output import Format


class CheckStatus(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"  # the worker runs, and somebody should know
    FAILED = "failed"  # the worker would not start, or would not deliver
    SKIPPED = "skipped"  # it needs something else that failed


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line.

    check  -- what was looked at, in one or two words
    detail -- what was found
    hint   -- what to do about it; empty where nothing is to be done
    """

    check: str
    status: CheckStatus
    detail: str
    hint: str = ""

    def line(self, form: Format) -> str:
        """As a line of text, or of JSON."""
        if form is Format.JSON:
            return json.dumps(asdict(self), ensure_ascii=False) + "\n"
        hint = f" -> {self.hint}" if self.hint else ""
        return f"{self.status:<8} {self.check:<18} {self.detail}{hint}\n"


def ok(check: str, detail: str) -> CheckResult:
    """Nothing to do."""
    return CheckResult(check, CheckStatus.OK, detail)


def warning(check: str, detail: str, hint: str) -> CheckResult:
    """Somebody should know."""
    return CheckResult(check, CheckStatus.WARNING, detail, hint)


def failed(check: str, detail: str, hint: str) -> CheckResult:
    """Return the worker would not work."""
    return CheckResult(check, CheckStatus.FAILED, detail, hint)


def skipped(check: str, after: str) -> CheckResult:
    """Return a check that was skipped. after -- what has to be fixed first."""
    return CheckResult(check, CheckStatus.SKIPPED, f"not looked at, since {after} failed")
