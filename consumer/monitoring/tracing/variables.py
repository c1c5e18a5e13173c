"""The environment variables of OpenTelemetry, read as its specification says.

An empty value is none, and an unusable one is ignored with a warning
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). No value is ever shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from consumer.errors import Problem


class Variables:
    """The variables that are set, and the problems with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def text(self, *names: str) -> tuple[str, str]:
        """Return the first of these variables that is set, and its value; both empty without one."""
        values = ((name, self._environ.get(name, "").strip()) for name in names)
        return next(((name, value) for name, value in values if value), ("", ""))

    def number(self, default: float, kind: Callable[[str], float], *names: str) -> float:
        """Return a number above 0, of the first of these variables that is set."""
        name, text = self.text(*names)
        if not text:
            return default
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if 0 < value < math.inf:
            return value
        self.problem(name, f"is no number above 0, so {default:g} is used", "Set it to a number, or leave it out")
        return default

    def pairs(self, *names: str) -> dict[str, str]:
        """Return the pairs of a list such as `team=crm,region=eu%201`, whose values are percent-encoded."""
        name, text = self.text(*names)
        pairs = [each.partition("=") for each in text.split(",") if each.strip()]
        if not all(key.strip() and equals for key, equals, _ in pairs):
            self.problem(name, "has an entry that is no key=value, which is ignored", "Separate the entries by commas")
        return {key.strip(): unquote(value.strip()) for key, equals, value in pairs if key.strip() and equals}

    def problem(self, name: str, what: str, hint: str) -> None:
        """Note a problem with a variable."""
        self.problems.append(Problem(name, what, hint))
