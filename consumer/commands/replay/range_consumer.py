"""A consumer that looks like a group's member to the engine, but reads one range and stops at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from logging import Logger
from typing import Any, NoReturn

from confluent_kafka import Consumer, Message, TopicPartition

from consumer.commands.kafka.records import Range, position_of
from consumer.errors import RefusedError
from consumer.kafka.clients import Callbacks, KafkaClients
from consumer.kafka.properties import Properties, standalone_properties
from consumer.scheduling.task import Partition

Rebalance = Callable[[Consumer, list[TopicPartition]], None]
AT_ONCE = 500  # records skipped in one `poll` before it returns to the engine


@dataclass(frozen=True, slots=True)
class RangePlan:
    """The records to return.

    ranges -- by partition; none of them empty
    keep   -- returns whether a record of the ranges is to be returned
    turned -- called at each `poll`, with the number of unfinished partitions
    """

    ranges: Mapping[Partition, Range]
    keep: Callable[[Message], bool]
    turned: Callable[[int], None]


class RangeClients(KafkaClients):
    """The worker's clients, with a RangeConsumer."""

    def __init__(self, given: Properties, plan: RangePlan) -> None:
        super().__init__(given)
        self._plan = plan

    def consumer(self, callbacks: Callbacks) -> Consumer:
        """Return a RangeConsumer. Raises ConfigurationError for a property that librdkafka refuses."""
        return self._made(partial(RangeConsumer, self._plan), standalone_properties(self._given), callbacks)


class RangeConsumer(Consumer):
    """Joins no group: `subscribe` assigns the plan's partitions at the next `poll`. It commits like any other.

    A partition at the end of its range is paused, not unassigned: its position is still to be committed. The end may be
    a transaction's marker, which only the position shows.
    """

    def __init__(self, plan: RangePlan, properties: dict[str, Any], logger: Logger) -> None:
        super().__init__(properties, logger=logger)
        self._plan = plan
        self._left = set(plan.ranges)
        self._joined = False
        self._on_assign: Rebalance | None = None  # until the partitions are assigned
        self._on_revoke: Rebalance | None = None

    def subscribe(
        self,
        topics: list[str],  # noqa: ARG002 -- the plan has the partitions
        on_assign: Rebalance | None = None,
        on_revoke: Rebalance | None = None,
        on_lost: Rebalance | None = None,  # noqa: ARG002 -- without a group no partition is lost
    ) -> None:
        """Assign the plan's partitions, in the next `poll`."""
        self._on_assign, self._on_revoke = on_assign, on_revoke

    def unsubscribe(self) -> None:
        """Revoke and unassign the partitions."""
        if self._on_revoke is not None:
            self._on_revoke(self, self.assignment())
            self._on_revoke = None
        self.unassign()

    def poll(self, timeout: float = -1) -> Message | None:
        """Return the next record of the plan, if one arrives within `timeout` seconds."""
        if self._on_assign is not None:
            on_assign, self._on_assign = self._on_assign, None
            on_assign(self, [TopicPartition(*partition) for partition in self._plan.ranges])
            self._joined = True
        if self._joined:
            self._plan.turned(len(self._left))
        message = super().poll(timeout)
        for _ in range(AT_ONCE):
            if message is None:
                self._look_at_positions()
                return None
            if self._wanted(message):
                return message
            message = super().poll(0)
        return message if message is not None and self._wanted(message) else None

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message]:
        """Return the records of the plan among the next ones."""
        return [message for message in super().consume(num_messages, timeout) if self._wanted(message)]

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Return the positions, never beyond the ranges."""
        found = super().position(partitions)
        for each in found:
            each.offset = min(each.offset, self._plan.ranges[Partition(each.topic, each.partition)].stop)
        return found

    def resume(self, partitions: list[TopicPartition]) -> None:
        """Resume the unfinished partitions."""
        super().resume([each for each in partitions if Partition(each.topic, each.partition) in self._left])

    def seek(self, partition: TopicPartition) -> None:
        """Seek to a checkpoint with a leader epoch, so that librdkafka validates it against the log.

        Raises RefusedError without one: the engine seeks back then, because the topic was created again or truncated.
        """
        if partition.leader_epoch is not None:
            super().seek(partition)
            return
        self._refuse(partition)

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        """Raise RefusedError: the engine calls this to restart a partition whose log lacks the offset."""
        self._refuse(partitions[0])

    def _refuse(self, partition: TopicPartition) -> NoReturn:
        what = f"The topic {partition.topic} was created again, or its log truncated, during the replay"
        raise RefusedError(f"{what}: its offsets refer to other records now.")

    def _wanted(self, message: Message) -> bool:
        if message.error() is not None:
            return True
        partition, offset = position_of(message)
        if partition not in self._left:
            return False
        if offset >= self._plan.ranges[partition].stop:
            self._finish(partition)
            return False
        return self._plan.keep(message)

    def _look_at_positions(self) -> None:
        if self._joined and self._left:
            for each in super().position([TopicPartition(*partition) for partition in self._left]):
                partition = Partition(each.topic, each.partition)
                if each.offset >= self._plan.ranges[partition].stop:
                    self._finish(partition)

    def _finish(self, partition: Partition) -> None:
        self._left.remove(partition)
        self.pause([TopicPartition(*partition)])
