"""The dead-letter producer, and an admin client's lookups."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from confluent_kafka import KafkaError, TopicCollection

from consumer.scheduling.task import Headers
from tests.simulation.cluster import Cluster, failure
from tests.simulation.hub import Fibre, Process

DELIVERY_SECONDS = 5.0  # a letter that the brokers have not taken by then has failed
QUEUE = 1000
Report = Callable[[KafkaError | None, object], None]


class Letter(NamedTuple):
    """A dead letter on its way."""

    value: bytes | None
    headers: Headers
    sent_at: float
    report: Report


class FakeProducer:
    """Letters go out at once; their reports come to who polls.

    on_sent -- called with the value and the headers of each
    """

    def __init__(self, process: Process, cluster: Cluster, on_sent: Callable[[bytes | None, Headers], None]) -> None:
        self._hub = process.hub
        self._cluster = cluster
        self._on_sent = on_sent
        self._outstanding = 0
        self._reports: deque[Callable[[], None]] = deque()
        self._waiting: list[Fibre] = []

    def produce(
        self,
        _topic: str,
        value: bytes | None,
        headers: Headers,
        on_delivery: Report,
        **_rest: object,
    ) -> None:
        if self._outstanding >= QUEUE or (not self._cluster.fetchable and self._cluster.chance(0.1)):
            raise BufferError
        self._outstanding += 1
        self._on_sent(value, headers)
        letter = Letter(value, headers, self._hub.now, on_delivery)
        self._hub.after(self._cluster.latency(), lambda: self._arrive(letter))

    def poll(self, timeout: float) -> int:
        fibre = self._hub.current
        if not self._reports and timeout > 0 and fibre is not None:
            self._waiting.append(fibre)
            self._hub.pause(timeout)
            if fibre in self._waiting:
                self._waiting.remove(fibre)
        served = 0
        while self._reports:
            self._reports.popleft()()
            served += 1
        return served

    def flush(self, timeout: float) -> int:
        end = self._hub.now + timeout
        while self._outstanding and self._hub.now < end:
            self.poll(end - self._hub.now)
        return self._outstanding

    def _arrive(self, letter: Letter) -> None:
        cluster, report = self._cluster, letter.report
        if not cluster.fetchable:
            if self._hub.now - letter.sent_at > DELIVERY_SECONDS:
                self._report(report, KafkaError(KafkaError._MSG_TIMED_OUT))
            else:
                self._hub.after(0.2, lambda: self._arrive(letter))
            return
        failed = cluster.chance(cluster.temper.letter_errors)
        if not failed or self._hub.random.random() < 0.5:
            cluster.on_dead_letter(letter.value, letter.headers)
        error = KafkaError(KafkaError._MSG_TIMED_OUT) if failed else None
        delay = cluster.latency() + self._hub.random.random() * cluster.temper.report_delay
        self._hub.after(delay, lambda: self._report(report, error))

    def _report(self, report: Report, error: KafkaError | None) -> None:
        def tell() -> None:
            self._outstanding -= 1
            report(error, None)

        self._reports.append(tell)
        waiting, self._waiting = self._waiting, []
        for fibre in waiting:
            self._hub.wake(fibre)


class FakeAdmin:
    """Answers what the worker looks up."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        self._cluster.look_up(timeout, lambda: self._cluster.fetchable)
        partitions = (
            dict.fromkeys(range(len(self._cluster.topics[topic].logs))) if topic in self._cluster.topics else {}
        )
        found = {topic: SimpleNamespace(error=None, partitions=partitions)}
        return SimpleNamespace(cluster_id="simulated", controller_id=1, brokers={1: None}, topics=found)

    def describe_cluster(self, request_timeout: float) -> Answer:
        return Answer(self._cluster, request_timeout, lambda: SimpleNamespace(cluster_id="simulated"))

    def describe_topics(self, topics: TopicCollection, request_timeout: float, **_how: bool) -> dict[str, Answer]:
        return {name: Answer(self._cluster, request_timeout, self._describer(name)) for name in topics.topic_names}

    def describe_consumer_groups(self, groups: list[str], request_timeout: float) -> dict[str, Answer]:
        return {name: Answer(self._cluster, request_timeout, SimpleNamespace) for name in groups}

    def describe_configs(self, _resources: object, **_how: float) -> dict[object, SimpleNamespace]:
        raise failure(KafkaError.TOPIC_AUTHORIZATION_FAILED)

    def _describer(self, name: str) -> Callable[[], SimpleNamespace]:
        def describe() -> SimpleNamespace:
            number = self._cluster.topics[name].topic_id
            uuid = SimpleNamespace(get_most_significant_bits=lambda: 7, get_least_significant_bits=lambda: number)
            return SimpleNamespace(topic_id=uuid, authorized_operations=None)

        return describe


class Answer:
    """A future: the brokers answer after a while, or not within the time that was given."""

    def __init__(self, cluster: Cluster, timeout: float, tell: Callable[[], SimpleNamespace]) -> None:
        self._hub = cluster.hub
        self._cluster = cluster
        self._tell = tell
        self._told: SimpleNamespace | None = None
        self._failed = False
        self._gives_up_at = self._hub.now + timeout
        silent = cluster.chance(cluster.temper.lookup_errors)
        self._hub.after(timeout if silent else cluster.latency() * 2, self._look)

    def done(self) -> bool:
        """Return whether the response arrived, or never will."""
        return self._failed or self._told is not None

    def result(self) -> SimpleNamespace:
        """Wait for the answer."""
        while not self.done():
            self._hub.sleep(0.01)
        if self._told is None:
            raise failure(KafkaError._TIMED_OUT)
        return self._told

    def exception(self) -> Exception | None:
        """Return why there is no response; None: there is one."""
        return failure(KafkaError._TIMED_OUT) if self._failed else None

    def _look(self) -> None:
        if self._hub.now >= self._gives_up_at:
            self._failed = True
        elif self._cluster.fetchable:
            self._told = self._tell()
        else:
            self._hub.after(0.2, self._look)
