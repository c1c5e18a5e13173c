"""librdkafka's mock cluster with the interface of a test broker."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.demo.broker import InProcessBroker


class InProcess:
    """The in-process broker, whose topics all have the same number of partitions."""

    def __init__(self, broker: InProcessBroker) -> None:
        self._broker = broker

    @property
    def bootstrap(self) -> str:
        """host:port."""
        return self._broker.bootstrap

    def create_topic(self, name: str, partitions: int, _config: Mapping[str, str] | None = None) -> None:
        """Create a topic, and return when it is there. It takes no configuration."""
        assert partitions == InProcessBroker.PARTITIONS
        self._broker.create_topic(name)
