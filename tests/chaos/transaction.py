"""A transaction of a separate producer: its records count only if it is committed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import Enum

from confluent_kafka import KafkaError, Message, Producer

from tests.chaos.evidence import Place, Produced
from tests.chaos.history import Line

SECONDS = 180.0
TIMEOUT_MS = 600_000  # the broker must not abort it while workers and the broker itself are restarted


class Ending(Enum):
    """The end of a transaction."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    FENCED = "fenced"  # its producer is gone, and the next one with the same id aborts it


class Transaction:
    """Open from the start until `end`.

    records -- what it has written
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._settings: dict[str, str | int] = {
            "bootstrap.servers": bootstrap,
            "transactional.id": f"{topic}-{uuid.uuid4().hex[:8]}",
            "transaction.timeout.ms": TIMEOUT_MS,
            "log_level": 0,
        }
        self._producer = self._new_producer()
        self._producer.begin_transaction()
        self.records: list[Produced] = []

    def write(self, lines: Iterable[Line], generation: int, partitions: int) -> None:
        """Write these, and return when the broker has them all. partitions -- how many the topic has."""
        wanted = {line.serial: line for line in lines}
        for line in wanted.values():
            self._write(line, generation, line.household % partitions)
        self._producer.flush(SECONDS)
        assert wanted.keys() <= {record.serial for record in self.records}, "not all records are acknowledged"

    def end(self, ending: Ending) -> None:
        """Return when the broker has ended it."""
        match ending:
            case Ending.COMMITTED:
                self._producer.commit_transaction(SECONDS)
            case Ending.ABORTED:
                self._producer.abort_transaction(SECONDS)
            case Ending.FENCED:
                self._producer = self._new_producer()

    def _new_producer(self) -> Producer:
        producer = Producer(self._settings)
        producer.init_transactions(SECONDS)
        return producer

    def _write(self, line: Line, generation: int, partition: int) -> None:
        def reported(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self.records += Produced.of(line, Place(generation, partition, message.offset() or 0))

        self._producer.produce(
            self._topic, value=line.value, key=str(line.household), partition=partition, on_delivery=reported
        )
