"""JSON pointers to the event inside a wrapper record."""

from __future__ import annotations

import re

from msgspec import Struct

_WELL_FORMED = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


class Pointer(Struct, frozen=True):
    """A parsed JSON pointer (RFC 6901). The empty pointer is the whole document."""

    tokens: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pointer:
        """Return the parsed pointer. Raises ValueError where `text` is not a JSON pointer."""
        if not _WELL_FORMED.fullmatch(text):
            raise ValueError("not a JSON pointer (RFC 6901)")
        return cls(tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:]))

    def find(self, document: object) -> object:
        """Return the value it points to; None where there is none, or a JSON null."""
        found = document
        for token in self.tokens:
            if isinstance(found, dict):
                found = found.get(token)
            elif isinstance(found, list) and _INDEX.fullmatch(token) and int(token) < len(found):
                found = found[int(token)]
            else:
                return None
        return found


def inside(value: object, key: str) -> object:
    """Return the object's value under this key; None without the key, or if it is no object."""
    return value.get(key) if isinstance(value, dict) else None
