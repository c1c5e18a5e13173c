"""Open the Schema Registry, if its packages are installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from consumer.extras import Extra, require
from consumer.threads import OsThreads

if TYPE_CHECKING:
    from consumer.registry.registry import SchemaRegistry


class FetchResult(StrEnum):
    """Result of one fetch."""

    FOUND = "found"
    UNKNOWN = "unknown"  # to the registry
    UNUSABLE = "unusable"  # found, and it can't be compiled
    FAILED = "failed"  # the registry is away


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


def open_registry(
    options: RegistryOptions, count: Callable[[FetchResult], None] = lambda _result: None
) -> SchemaRegistry:
    """Return the registry, before any request. Raises ConfigurationError where the extra is not installed.

    The packages are imported here and nowhere else: a worker without a registry starts without them.
    """
    require(Extra.REGISTRY, "KAFKA_VALUE_FORMAT=registry")
    from consumer.registry.client import RegistryClient  # noqa: PLC0415 -- only where it is used
    from consumer.registry.registry import SchemaRegistry  # noqa: PLC0415 -- only where it is used

    return SchemaRegistry(RegistryClient(options), OsThreads(), time.monotonic, count)
