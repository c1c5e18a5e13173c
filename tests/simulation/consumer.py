"""A consumer with confluent-kafka's interface and the measured behaviour of the real one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, KafkaError, TopicPartition

from consumer.kafka.properties import GroupProtocol
from tests.simulation.cluster import Away, Cluster, Key, Message, failure
from tests.simulation.commits import Commits
from tests.simulation.cursor import Cursor
from tests.simulation.group import Group, Offset
from tests.simulation.hub import Fibre, Process

if TYPE_CHECKING:
    from tests.simulation.watch import Watch

UP = '{"brokers":{"b":{"state":"UP"}},"cgrp":{"state":"%s","join_state":"steady"}}'
DOWN = '{"brokers":{"b":{"state":"DOWN"}},"cgrp":{"state":"query-coord","join_state":"steady"}}'
PASSING = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._MAX_POLL_EXCEEDED, KafkaError.TOPIC_AUTHORIZATION_FAILED)
Callback = Callable[..., None]


class FakeConsumer:
    """One member of the group. Callbacks run inside `poll` and `consume`, and nowhere else."""

    def __init__(
        self,
        process: Process,
        protocol: GroupProtocol,
        cluster: Cluster,
        group: Group,
        callbacks: Mapping[str, Callback],
        watch: Watch,
    ) -> None:
        self.process = process
        self.name = process.name
        self.expelled = False
        self.fatal = False  # nothing will ever come but one message that says so
        self.assigned: dict[Key, Cursor] = {}
        self._hub = process.hub
        self._random = process.hub.random
        self.kip_848 = protocol is GroupProtocol.CONSUMER
        self._cluster = cluster
        self._group = group
        self._callbacks = callbacks
        self._watch = watch
        self._commits = Commits(self, cluster, group, watch)
        self._on_assign: Callback
        self._on_revoke: Callback
        self._on_lost: Callback
        self._ops: deque[Callable[[], None]] = deque()
        self._told: list[Callable[[], None]] = []  # those of the operations that an expulsion makes void
        self._told_at = 0.0
        self._poller: Fibre | None = None
        self._paused: set[Key] = set()  # outlives an assignment, as librdkafka's
        self._explicit: set[Key] = set()
        self._leftovers = 0  # records that a KIP-848 member still hands out after others own their partitions
        self._statistics_at = 0.0
        self._purged: set[Key] = set()
        self._stops: deque[Message] = deque()  # errors that come as messages

    # What the worker calls.

    def subscribe(self, _topics: list[str], on_assign: Callback, on_revoke: Callback, on_lost: Callback) -> None:
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
        self._hub.after(self._random.random() * 0.5, self._join)

    def unsubscribe(self) -> None:
        self._ops.append(self._leave)

    def close(self) -> None:
        self._watch.closed(self)
        if self._commits.outstanding and not self._cluster.coordinated:
            self._hub.sleep(45.0)
        self._leave()

    def poll(self, timeout: float) -> Message | None:
        self._watch.polled(self)
        end = self._hub.now + timeout * self._cluster.temper.sluggishness
        while True:
            message = self._step()
            if message is not None:
                return message
            if self._ops:
                continue
            left = end - self._hub.now
            if left <= 0:
                return None
            self._poller = self._hub.current
            self._hub.pause(left)
            self._poller = None

    def consume(self, number: int, _timeout: float) -> list[Message]:
        batch: list[Message] = []
        self._purged.clear()
        while len(batch) < number:
            message = self._step() if self._random.random() < 0.1 else self._fetch()
            if message is None:
                break
            batch.append(message)
            if self._purged:  # a callback in the middle: librdkafka takes the outdated ones out again
                batch = [each for each in batch if (each.topic(), each.partition()) not in self._purged]
                self._purged.clear()
        return batch

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*key) for key in self.assigned]

    def consumer_group_metadata(self) -> bytes:
        return b""

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        for each in partitions:
            key = (each.topic, each.partition)
            self._explicit.add(key)
            self._watch.begins(self, key, each.offset)
            self.assigned[key] = cursor = self._cursor(key, each.offset, each.leader_epoch)
            cursor.pending = True

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        self._drop([(each.topic, each.partition) for each in partitions])

    def seek(self, partition: TopicPartition) -> None:
        key = (partition.topic, partition.partition)
        cursor = self.assigned.get(key)
        if cursor is None or cursor.stopped or not self._started(cursor) or not self._cluster.fetchable:
            raise failure(KafkaError._STATE)
        self.assigned[key] = self._cursor(key, partition.offset, partition.leader_epoch)
        self._compare(key)  # as an assignment does not

    def pause(self, partitions: list[TopicPartition]) -> None:
        self._paused.update(key for each in partitions if (key := (each.topic, each.partition)) in self.assigned)

    def resume(self, partitions: list[TopicPartition]) -> None:
        self._paused.difference_update((each.topic, each.partition) for each in partitions)

    def position(self, partitions: list[TopicPartition]) -> list[Offset]:
        cursors = {key: self.assigned.get(key) for key in ((each.topic, each.partition) for each in partitions)}
        return [
            Offset(*key, cursor.position, leader_epoch=cursor.epoch) if cursor else Offset(*key, OFFSET_INVALID)
            for key, cursor in cursors.items()
        ]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[Offset] | None:
        if asynchronous:
            self._commits.send(offsets)
            return None
        return self._commits.send_and_wait(offsets)

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[Offset]:
        self._cluster.look_up(timeout, lambda: self._cluster.coordinated)
        keys = [(each.topic, each.partition) for each in partitions]
        if self._cluster.chance(self._cluster.temper.lookup_errors):
            error = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
            return [Offset(*key, OFFSET_INVALID, None, error) for key in keys]
        stored = {key: self._group.stored.get(key) for key in keys}
        self._watch.looked_up(self, stored)
        return [
            Offset(*key, each.offset, each.metadata, leader_epoch=each.leader_epoch)
            if each
            else Offset(*key, OFFSET_INVALID)
            for key, each in stored.items()
        ]

    def get_watermark_offsets(self, partition: TopicPartition, **how: float) -> tuple[int, int]:
        log = self._cluster.log((partition.topic, partition.partition))
        if "timeout" in how:  # else from what it has heard
            self._cluster.look_up(how["timeout"], lambda: self._cluster.fetchable)
        return 0, log.end

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        self._cluster.look_up(timeout, lambda: self._cluster.fetchable)
        partitions = (
            len(self._cluster.topics[topic].logs) if topic in self._cluster.topics else len(self._group.partitions)
        )
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions=dict.fromkeys(range(partitions)))})

    # What the cluster calls.

    def tell_assigned(self, partitions: list[Key]) -> None:
        """The coordinator gives it partitions, or nothing new."""
        self._tell(lambda: self._assign([key for key in partitions if self._group.owners.get(key) is self]))

    def tell_revoked(self, partitions: list[Key]) -> None:
        """The coordinator wants partitions back."""
        self._tell(lambda: self._revoke([key for key in partitions if key in self.assigned]))

    def answer(self, act: Callable[[], None]) -> None:
        """Something that a callback will be told of at the next poll."""
        self._ops.append(act)
        self.wake()

    def committed_answer(self, error: KafkaError | None, offsets: list[Offset]) -> None:
        """The answer to an asynchronous commit."""
        self._callbacks["on_commit"](error, offsets)

    def wake(self) -> None:
        """There may be something to hand out."""
        if self._poller is not None:
            self._hub.wake(self._poller)

    def be_expelled(self) -> None:
        """The coordinator has given its partitions to others, or a classic member has had none for a session."""
        self.expelled = True
        self._leftovers = self._random.randrange(6) if self.kip_848 else 0
        self.wake()

    def topic_recreated(self, partitions: list[Key]) -> None:
        """With KIP-848 they are revoked and assigned anew; a classic member is told nothing, and its fetches go on by
        the topic's name: at the old offset where the new topic is long enough already, else from its beginning.
        """
        if self.kip_848:
            self.tell_revoked(partitions)
            return
        for key in partitions:
            if key in self.assigned:
                cursor = self.assigned[key]
                cursor.topic_id = self._cluster.topics[key[0]].topic_id
                if cursor.fetch > self._cluster.log(key).end:
                    cursor.fetch = 0
                    self._watch.jumped_back(self, key)

    def jump_back(self, key: Key, offset: int) -> None:
        """The partition's offset was out of range and is reset, without a word."""
        if key in self.assigned and offset < self.assigned[key].fetch:
            self.assigned[key].fetch = offset
            self._watch.jumped_back(self, key)
            self.wake()

    def leader_changed(self, key: Key, gone: list[Message]) -> None:
        """The partition has another leader, whose log may lack what was fetched from the last one already."""
        cursor = self.assigned.get(key)
        if cursor is None:
            return
        ahead = [each for each in (*self._cluster.log(key).messages, *gone) if each.offset() >= cursor.fetch]
        cursor.prefetched = deque(ahead[: self._random.randrange(8)])
        self._hub.after(self._random.random(), lambda: self._follow(key, cursor))

    def _follow(self, key: Key, cursor: Cursor) -> None:
        if self.assigned.get(key) is cursor:
            self._compare(key)
            self.wake()

    # Inside `poll`.

    def _step(self) -> Message | None:
        """Serve one thing: a message is handed out, anything else has called back."""
        if self._hub.now >= self._statistics_at:
            self._tell_statistics()
        if self.fatal:
            return _error(KafkaError._FATAL)
        if self._stops:
            return self._stops.popleft()
        if self._cluster.chance(self._cluster.temper.message_errors):
            return _error(self._random.choice(PASSING))
        if self.expelled:
            message = self._fetch() if self._leftovers else None
            if message is not None:
                self._leftovers -= 1
                return message
            self._lose()
            return None
        message = self._fetch() if not self._ops or self._random.random() < 0.5 else None
        if message is None and self._ops:
            self._ops.popleft()()
        return message

    def _fetch(self) -> Message | None:
        if self._cluster.away is Away.BROKERS:
            return None
        log_of = self._cluster.log
        keys = [key for key, cursor in self.assigned.items() if self._may_fetch(key, cursor)]
        while keys:
            key = keys.pop(int(self._random.random() * len(keys)))
            cursor, log = self.assigned[key], log_of(key)
            message = cursor.prefetched.popleft() if cursor.prefetched else log.first_from(cursor.fetch)
            if message is None:  # only markers are left, and the position passes them
                cursor.pass_by(log.end, log.epoch_before(log.end))
                continue
            cursor.pass_by(message.offset() + 1, message.leader_epoch())
            return message
        return None

    def _may_fetch(self, key: Key, cursor: Cursor) -> bool:
        if key in self._paused or cursor.topic_id != self._cluster.topics[key[0]].topic_id:
            return False
        log = self._cluster.log(key)
        up_to_date = not cursor.stopped and cursor.leader == log.epoch and self._started(cursor)
        return bool(cursor.prefetched) or (up_to_date and cursor.fetch < log.end)

    def _started(self, cursor: Cursor) -> bool:
        cursor.pending = cursor.pending and self._commits.outstanding > 0
        return not cursor.pending

    def _compare(self, key: Key) -> None:
        """Go on with the present leader, unless its log parts from the former one's before what comes next (KIP-320):
        that can be told where the epoch of the last record is known.
        """
        cursor, log = self.assigned[key], self._cluster.log(key)
        cursor.prefetched.clear()
        cursor.leader = log.epoch
        end = log.part(cursor.fetch, cursor.epoch)
        if end < cursor.fetch:
            parted = f"broker end offset is {end} (offset leader epoch {log.epoch_before(end)})"
            words = f"Partition log truncation detected: {parted}"
        elif cursor.fetch > log.end:
            words = "fetch failed due to requested offset not available on the broker"
        else:
            return
        self._watch.trace("stopped", self.name, key, words)
        cursor.stopped = True
        self._stops.append(Message(key, -1, -1, None, None, error=KafkaError(KafkaError._AUTO_OFFSET_RESET, words)))

    def _cursor(self, key: Key, offset: int, epoch: int | None = None) -> Cursor:
        log = self._cluster.log(key)
        if offset == OFFSET_BEGINNING:
            offset = 0
        elif offset < 0:
            stored = self._group.stored.get(key)
            offset, epoch = (stored.offset, stored.leader_epoch) if stored else (0, None)
        in_range = offset <= log.end or epoch is not None
        return Cursor(offset if in_range else 0, self._cluster.topics[key[0]].topic_id, epoch, log.epoch)

    def _assign(self, partitions: list[Key]) -> None:
        self._watch.trace("on_assign", self.name, partitions)
        self._explicit.clear()
        self._on_assign(self, [TopicPartition(*key) for key in partitions])
        for key in partitions:
            if key not in self._explicit:
                self.assigned[key] = self._cursor(key, OFFSET_INVALID)

    def _revoke(self, partitions: list[Key]) -> None:
        self._watch.trace("on_revoke", self.name, partitions)
        if partitions:
            self._on_revoke(self, [TopicPartition(*key) for key in partitions])
        self._watch.revoked(self, partitions)
        self._drop(partitions)
        self._group.let_go(self, partitions)
        self._ops.append(lambda: self._assign([]))

    def _lose(self) -> None:
        partitions = list(self.assigned)
        self._watch.trace("on_lost", self.name, partitions)
        self._ops = deque(op for op in self._ops if op not in self._told)
        self._told.clear()
        self.expelled = False
        if partitions:
            self._watch.losing = True
            self._on_lost(self, [TopicPartition(*key) for key in partitions])
            self._watch.losing = False
        self._drop(partitions)
        self._hub.after(0.3 + self._random.random(), self._join)

    def _drop(self, partitions: list[Key]) -> None:
        self._purged.update(partitions)
        for key in partitions:
            self.assigned.pop(key, None)
        self._stops = deque(each for each in self._stops if (each.topic(), each.partition()) not in partitions)

    def _tell(self, act: Callable[[], None]) -> None:
        self._told_at = max(self._told_at, self._hub.now + self._random.random() * 0.5)

        def arrive() -> None:
            if not self.expelled:
                self._told.append(act)
                self.answer(act)

        self._hub.at(self._told_at, arrive)

    def _join(self) -> None:
        if not self.process.dead and not self._watch.is_closed(self):
            self._group.join(self)

    def _leave(self) -> None:
        if self.assigned:
            self._revoke(list(self.assigned))
        self._watch.closed(self)
        self._group.leave(self)

    def _tell_statistics(self) -> None:
        self._statistics_at = self._hub.now + 1.0
        away = self._cluster.away
        if away is Away.BROKERS:
            self._callbacks["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN))
        self._callbacks["stats_cb"](
            DOWN if away is Away.BROKERS else UP % ("up" if away is Away.NOBODY else "query-coord")
        )


def _error(code: int) -> Message:
    return Message(("", 0), -1, -1, None, None, error=KafkaError(code))
