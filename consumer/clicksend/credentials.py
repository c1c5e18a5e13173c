"""The ClickSend credentials."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and API key, stripped of white space."""

    username: str
    api_key: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "username", self.username.strip())
        object.__setattr__(self, "api_key", self.api_key.strip())

    @property
    def authorization(self) -> str:
        """Return the header `Authorization`: Basic, in UTF-8 (RFC 7617, section 2.1; requests would use Latin-1)."""
        return "Basic " + b64encode(f"{self.username}:{self.api_key}".encode()).decode("ascii")
