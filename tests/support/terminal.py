"""A terminal, to whatever prints."""

from __future__ import annotations

import io


class Terminal(io.StringIO):
    """Text that claims to be a terminal."""

    def isatty(self) -> bool:
        return True
