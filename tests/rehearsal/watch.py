"""Scrapes the workers' /metrics and the group's lag once a second, in a separate thread."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Self

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.group import commits_of
from consumer.scheduling.task import Partition
from consumer.settings import Sources, load
from tests.rehearsal.story import Counts, Life, Sample
from tests.rehearsal.world import World
from tests.support.worker_process import WorkerProcess

EVERY = 1.0  # seconds
REQUESTS = "clicksend_consumer_requests_total"
SETTLED = "clicksend_consumer_records_settled_total"
NOTHING = Counts()


@dataclass(slots=True)
class Watched:
    """A worker that has been ready. The watch may ask it as long as it is not stopped."""

    place: int
    process: WorkerProcess
    ready: float
    stopped: float = math.inf
    counts: Counts = NOTHING

    def look(self) -> None:
        """Take its counters over."""
        shown = self.process.metrics()
        requests = {name: value for name, value in shown.items() if name.startswith(REQUESTS)}
        self.counts = Counts(
            settled=int(sum(v for name, v in shown.items() if name.startswith(SETTLED))),
            answered=int(sum(requests.values())),
            refused=int(sum(value for name, value in requests.items() if 'status="429"' in name)),
        )


class Watch:
    """For a `with` block, in which the clock runs from 0 on; after it `lives` and `samples` have it all."""

    def __init__(self, world: World) -> None:
        self.samples: list[Sample] = []
        self._world = world
        self._watched: list[Watched] = []
        self._lock = Lock()  # a worker is asked under it, and told to stop: never both
        self._over = Event()
        self._thread = Thread(target=self._run, name="watch")
        self._began = time.monotonic()

    @property
    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def lives(self) -> tuple[Life, ...]:
        """All workers, in the order in which they became ready."""
        return tuple(Life(each.place, each.ready, each.stopped) for each in self._watched)

    def add(self, place: int, process: WorkerProcess) -> None:
        """A worker that is ready."""
        with self._lock:
            self._watched.append(Watched(place, process, self.now))

    def stop(self, place: int) -> int:
        """A last look at the worker of a place, then SIGTERM; gives its exit status."""
        with self._lock:
            (worker,) = [each for each in self._watched if each.place == place and each.stopped == math.inf]
            worker.look()
            worker.stopped = self.now
        return worker.process.stop()

    def _run(self) -> None:
        cluster = Cluster(load(Sources(self._world.kafka_variables), ("kafka",)).kafka)
        due = self._began
        try:
            while not self._over.wait(max(0.0, due - time.monotonic())):
                due += EVERY
                self.samples.append(self._sample(cluster))
        finally:
            cluster.close()

    def _sample(self, cluster: Cluster) -> Sample:
        lag = self._lag(cluster)
        with self._lock:
            for each in self._watched:
                if each.stopped == math.inf:
                    each.look()
            return Sample(round(self.now, 3), lag, tuple(each.counts for each in self._watched))

    def _lag(self, cluster: Cluster) -> int:
        partitions = [Partition(self._world.topic, number) for number in range(self._world.setting.partitions)]
        commits = commits_of(cluster)
        ends = cluster.ends(partitions)
        return sum(ends[each].high - (commits[each].offset if each in commits else 0) for each in partitions)
