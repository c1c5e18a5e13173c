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

    def label(self, name: str) -> str:
        """Return the value of a variable; empty if it is not set, or no text that a message can hold."""
        _, text = self.text(name)
        if is_unicode(text):
            return text
        self.problem(name, "is not UTF-8 text, and is ignored", "Write it as UTF-8")
        return ""

    def pairs(self, otherwise: str, *names: str) -> dict[str, str]:
        """Return the pairs of a list such as `team=crm,region=eu%201`, whose values are percent-encoded.

        otherwise -- what an entry that is none leads to, for the operator
        """
        name, text = self.text(*names)
        entries = [each for each in text.split(",") if each.strip()]
        pairs = [each.partition("=") for each in entries if is_unicode(each)]
        found = [(key.strip(), unquote(value.strip())) for key, equals, value in pairs if key.strip() and equals]
        if len(found) < len(entries):
            what = f"has an entry that is no key=value in UTF-8, {otherwise}"
            self.problem(name, what, "Separate the entries by commas")
        return dict(found)

    def problem(self, name: str, what: str, hint: str) -> None:
        """Note a problem with a variable."""
        self.problems.append(Problem(name, what, hint))


def is_unicode(text: str) -> bool:
    """Return whether UTF-8 can hold the text. Undecodable bytes of the environment are surrogates here."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
