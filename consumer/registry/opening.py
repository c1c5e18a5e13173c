"""Opens the Schema Registry, if its packages are installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from consumer.errors import ConfigurationError, Problem
from consumer.registry.fetch_result import FetchResult
from consumer.registry.options import RegistryOptions
from consumer.threads import OsThreads

if TYPE_CHECKING:
    from consumer.registry.registry import SchemaRegistry

PACKAGES = ("fastavro", "google.protobuf")
HINT = "Install them: pip install 'clicksend-consumer[registry]'"


def open_registry(
    options: RegistryOptions, count: Callable[[FetchResult], None] = lambda _result: None
) -> SchemaRegistry:
    """Return the registry; nothing is asked of it yet. Raises ConfigurationError where the extra is not installed.

    The packages are imported here and nowhere else: a worker without a registry starts without them.
    """
    missing = [name for name in PACKAGES if not _is_there(name)]
    if missing:
        what = f"registry needs packages that are not installed ({', '.join(missing)})"
        raise ConfigurationError(Problem("KAFKA_VALUE_FORMAT", what, HINT))
    from consumer.registry.client import RegistryClient  # noqa: PLC0415 -- only where it is used
    from consumer.registry.registry import SchemaRegistry  # noqa: PLC0415 -- only where it is used

    return SchemaRegistry(RegistryClient(options), OsThreads(), time.monotonic, count)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package above it
        return False
