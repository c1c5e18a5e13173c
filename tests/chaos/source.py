"""The producer: writes the history to the topic at a steady rate, and keeps the acknowledged records."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from tests.chaos.evidence import Place, Produced
from tests.chaos.history import Line
from tests.chaos.transaction import Transaction
from tests.kafka.raw_producer import Header, produce_raw_headers

UNREADABLE: list[Header] = [(b"trace", b"7"), (b"caf\xe9", b"1")]  # as clients in C, Go and Rust may write them
TICK = 0.05
FLUSH_SECONDS = 180.0


class Source:
    """Runs in a thread of its own from `start` to `finish`. `pause` and `resume` may be called meanwhile.

    rate -- records a second
    """

    def __init__(self, bootstrap: str, topic: str, lines: Iterator[Line], rate: float) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._lines = lines
        self._each_tick = max(1, round(rate * TICK))
        self._generation = 0
        self._producer = self._new_producer()
        self._going = threading.Event()
        self._ending = threading.Event()
        self._lock = threading.Lock()  # held while a tick's records are handed over
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._failures: list[str] = []  # what the broker refused for good; the producer's callbacks only
        self.produced: list[Produced] = []  # the same
        self.partitions = 1

    def start(self, partitions: int) -> None:
        """Begin. partitions -- how many the topic has; a household's records go to one of them."""
        self.partitions = partitions
        self._going.set()
        self._thread.start()

    def pause(self) -> None:
        """Produce nothing more for now, and return when all is acknowledged."""
        with self._lock:
            self._going.clear()
            left = self._producer.flush(FLUSH_SECONDS)
            assert not left, f"{left} records are not acknowledged"
            assert not self._failures, self._failures

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    def produce_unreadable(self, count: int) -> None:
        """Write this many records with unreadable headers while paused, so that their offsets are known."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": "ends"})
        try:
            for line in islice((each for each in self._lines if each.value is not None), count):
                partition, value = line.household % self.partitions, line.value or b""
                end = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=FLUSH_SECONDS)[1]
                produce_raw_headers(self._bootstrap, self._topic, value, UNREADABLE, partition)
                self.produced += Produced.of(line, Place(self._generation, partition, end))
        finally:
            consumer.close()

    def write_in(self, transaction: Transaction, count: int) -> None:
        """Write so many records in a transaction, between those of the producer without one."""
        with self._lock:
            lines = list(islice(self._lines, count))
        transaction.write(lines, self._generation, self.partitions)

    def begin_generation(self) -> None:
        """The topic was deleted and created again: start over with it. While paused."""
        self._generation += 1
        self._producer = self._new_producer()

    def use_partitions(self, partitions: int) -> None:
        """The topic has so many now. While paused; a new producer knows them at once."""
        self.partitions = partitions
        self._producer = self._new_producer()

    def finish(self) -> None:
        """End, and return when all is acknowledged."""
        self.pause()
        self._ending.set()
        self._thread.join()

    def _new_producer(self) -> Producer:
        quiet = {"log_level": 0}  # a broker that is away is no news here
        return Producer({"bootstrap.servers": self._bootstrap, "enable.idempotence": True, "linger.ms": 5, **quiet})

    def _run(self) -> None:
        while not self._ending.wait(TICK):
            with self._lock:
                if self._going.is_set():
                    for _ in range(self._each_tick):
                        self._produce(next(self._lines))
                self._producer.poll(0)

    def _produce(self, line: Line) -> None:
        generation = self._generation

        def reported(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._failures.append(error.str())
                return
            place = Place(generation, message.partition() or 0, message.offset() or 0)
            self.produced += Produced.of(line, place)

        self._producer.produce(
            self._topic,
            value=line.value,
            key=str(line.household),
            partition=line.household % self.partitions,
            timestamp=int(time.time() * 1000),
            on_delivery=reported,
        )
