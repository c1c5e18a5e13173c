"""Address, credentials and timeouts of a Schema Registry."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """The address and the credentials of a Schema Registry.

    url     -- of the API, without a trailing slash; https, or http on loopback only
    ca_file -- PEM certificates that are trusted instead of the public authorities
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    total_timeout: float = 20.0
