"""The interface of a broker for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Broker(Protocol):
    """A Kafka to test against."""

    @property
    def bootstrap(self) -> str:
        """host:port."""

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None, /) -> None:
        """Create a topic, and return when it is there."""
