"""Split a full name in one text into first and last name."""

from __future__ import annotations

import re

_COMMA = re.compile("\\s*[,\uff0c\u060c\u3001]\\s*")
# Suffixes of people and companies: they follow a comma, but are no first names.
_SUFFIXES = frozenset(
    [
        *("jr", "sr", "junior", "senior", "i", "ii", "iii", "iv", "v", "esq"),
        *("phd", "dphil", "md", "dds", "dvm", "jd", "ma", "mba", "msc", "bsc", "ba", "llm", "llb", "cpa", "rn", "pe"),
        *("pmp", "obe", "mbe", "cbe", "dr", "prof", "inc", "llc", "ltd", "co", "corp", "gmbh", "ag", "sa", "plc"),
    ]
)


def split_name(name: str) -> tuple[str, str]:
    """Return the first and the last name; the last is "" where there is only one.

    `Doe, Jane` is last, first. Suffixes stay with the last name: `Doe, Jane, Jr.` and `Jane Doe, Jr.` are Jane and
    `Doe Jr.`, or `Doe, Jr.`. Without a comma the first word is the first name.
    """
    parts = [part for part in _COMMA.split(name) if part]
    names = [part for part in parts if not _is_suffix(part)]
    if len(names) == 2 and parts[0] == names[0]:
        suffixes = [part for part in parts if _is_suffix(part)]
        return names[1], " ".join([names[0], *suffixes])
    words = (name.strip(" ,\uff0c\u060c\u3001") if len(parts) <= 1 else name).split(None, 1)
    return (words[0] if words else "", words[1] if len(words) > 1 else "")


def _is_suffix(text: str) -> bool:
    return text.replace(".", "").replace(" ", "").lower() in _SUFFIXES
