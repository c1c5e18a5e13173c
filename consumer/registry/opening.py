"""Opens the Schema Registry, if its packages are installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from consumer.extras import Extra, require
from consumer.registry.fetch_result import FetchResult
from consumer.registry.options import RegistryOptions
from consumer.threads import OsThreads

if TYPE_CHECKING:
    from consumer.registry.registry import SchemaRegistry


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
