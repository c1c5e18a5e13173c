"""Where a simulated consumer stands in one partition."""

from __future__ import annotations

from collections import deque

from confluent_kafka import OFFSET_INVALID

from tests.simulation.cluster import Message


class Cursor:
    """The state of one assigned partition.

    epoch -- of the record before `fetch`, None: unknown; leader -- the epoch of the leader that the client fetches from
    """

    __slots__ = ("epoch", "fetch", "leader", "pending", "position", "prefetched", "stopped", "topic_id")

    def __init__(self, fetch: int, topic_id: int, epoch: int | None, leader: int) -> None:
        self.fetch = fetch
        self.epoch = epoch
        self.leader = leader
        self.topic_id = topic_id  # of the topic that is meant
        self.position = OFFSET_INVALID
        self.prefetched: deque[Message] = deque()  # from a leader that is gone, as these records are
        self.pending = False  # not started: librdkafka waits for the commits that were outstanding at its assignment
        self.stopped = False  # the offset is not in the log: an error says so, and nothing comes any more

    def pass_by(self, offset: int, epoch: int | None) -> None:
        """Everything before this offset was handed out, or is no record."""
        self.fetch = self.position = offset
        self.epoch = epoch
