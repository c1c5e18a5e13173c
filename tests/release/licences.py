"""The licences of what is shipped, judged against a list of those that may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from license_expression import AND, OR, ExpressionError, get_spdx_licensing

# SPDX identifiers. All allow shipping in an image, unchanged, without a condition on our own code.
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0"),
        *("MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
    }
)

# What packages write instead of an identifier: in the field `License`, or as a classifier.
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}

UNKNOWN = "unknown"
_SPDX = get_spdx_licensing()


@dataclass(frozen=True, slots=True)
class Shipped:
    """A package, its version and its licence as an SPDX expression."""

    name: str
    version: str
    licence: str

    @property
    def is_allowed(self) -> bool:
        return allowed(self.licence)


def shipped(metadata: Message) -> Shipped:
    """Return a package by its metadata. Of several classifiers each counts: nothing says that one may be chosen."""
    stated = [metadata.get("License-Expression"), metadata.get("License")]
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or () if "License ::" in line]
    stated.append(" AND ".join(NAMES.get(name, name) for name in classifiers))
    found = (NAMES.get(each, each) for each in stated if each)
    licence = next((each for each in found if _is_expression(each)), UNKNOWN)
    return Shipped(metadata["Name"], metadata["Version"], licence)


def allowed(expression: str) -> bool:
    """Return whether an SPDX expression can be fulfilled with the licences of the list."""
    return _is_expression(expression) and _allowed(_SPDX.parse(expression))


def table(packages: Iterable[Shipped]) -> str:
    """Return a line for each package, those that may not be shipped marked."""
    ordered = sorted(packages, key=lambda each: each.name.lower())
    return "".join(
        f"  {each.name} {each.version}: {each.licence}{'' if each.is_allowed else '  <- not on the list'}\n"
        for each in ordered
    )


def _is_expression(text: str) -> bool:
    try:
        return bool(text) and not _SPDX.unknown_license_keys(text)
    except ExpressionError:
        return False


def _allowed(part: object) -> bool:
    match part:
        case AND(args=args):
            return all(map(_allowed, args))
        case OR(args=args):
            return any(map(_allowed, args))
        case single:
            return str(single) in ALLOWED
