"""The result of a check, as one line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from consumer.commands.output import Format


class CheckStatus(StrEnum):
    """The outcome of a check."""

    OK = "ok"
    WARNING = "warning"  # the worker would run, but an operator should know
    FAILED = "failed"  # the worker would not start, or would not deliver
    SKIPPED = "skipped"  # it depends on a check that failed, or on an extra


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result.

    check  -- its subject, in one or two words
    detail -- the finding
    hint   -- what the operator does next; empty: nothing
    """

    check: str
    status: CheckStatus
    detail: str
    hint: str = ""

    def line(self, form: Format) -> str:
        """Return a line of text or JSON."""
        if form is Format.JSON:
            return json.dumps(asdict(self), ensure_ascii=False) + "\n"
        hint = f" -> {self.hint}" if self.hint else ""
        return f"{self.status:<8} {self.check:<18} {self.detail}{hint}\n"


def ok(check: str, detail: str) -> CheckResult:
    return CheckResult(check, CheckStatus.OK, detail)


def warning(check: str, detail: str, hint: str) -> CheckResult:
    return CheckResult(check, CheckStatus.WARNING, detail, hint)


def failed(check: str, detail: str, hint: str) -> CheckResult:
    return CheckResult(check, CheckStatus.FAILED, detail, hint)


def skipped(check: str, after: str) -> CheckResult:
    """Return the result of a skipped check. after -- the check that failed before it."""
    return CheckResult(check, CheckStatus.SKIPPED, f"not checked: {after} failed")


def unchecked(check: str, why: str, hint: str) -> CheckResult:
    """Return the result of a check that can't be made here."""
    return CheckResult(check, CheckStatus.SKIPPED, f"not checked: {why}", hint)
