"""One worker: the real engine in a process of the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import cast

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from greenlet import GreenletExit
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import OnConfigurationFault
from consumer.delivery.gate import Gate
from consumer.delivery.outcome_policy import OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.errors import FatalStreamError
from consumer.kafka.clients import KafkaClients
from consumer.kafka.identity import Identity
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.scheduler import Scheduler
from consumer.settings import Settings
from consumer.settings.views import record_decider
from consumer.worker.poll_loop import Source
from consumer.worker.worker import Ending, Worker
from tests.simulation.batches import SlowDecider
from tests.simulation.cluster import Cluster
from tests.simulation.consumer import Callback, FakeConsumer
from tests.simulation.driver import BrokenCallbackError, VirtualDriver
from tests.simulation.group import Group
from tests.simulation.hub import Hub, Process, VirtualThreads
from tests.simulation.observer import WatchObserver
from tests.simulation.producer import FakeAdmin, FakeProducer
from tests.simulation.sink import Sink
from tests.simulation.watch import Watch


@dataclass(frozen=True, slots=True)
class Setup:
    """The setup shared by all workers of a world."""

    settings: Settings
    policy: RetryPolicy
    requests_per_second: float
    probe_interval: float
    mass_rejection_limit: int


@dataclass(frozen=True, slots=True)
class Outside:
    """The parts of a world that every worker uses.

    batch_seconds -- that a worker takes to read one event of a batch
    """

    hub: Hub
    cluster: Cluster
    group: Group
    sink: Sink
    watch: Watch
    batch_seconds: float


class Member:
    """A worker from its start to its end, and what the watch notes of it."""

    def __init__(self, name: str, setup: Setup, outside: Outside) -> None:
        self.name = name
        self.settings = setup.settings
        self.process = Process(outside.hub, name)
        self.health = Health(outside.hub.now)
        self.consumer: FakeConsumer | None = None
        self.ending: Ending | None = None
        self.decider = SlowDecider(record_decider(setup.settings), outside.hub, outside.batch_seconds)
        self.delivered: set[int] = set()  # the events whose last request it saw accepted
        self.in_flight: dict[int, tuple[str, ...]] = {}  # requests, by the event's number: its identities
        self.halt_trials: set[int] = set()  # of those, the ones that went out during a halt
        self.trials: set[int] = set()  # of those, the ones that went out while the breaker was open
        self.halted = False  # ClickSend has named a fault, and has taken no contact since that was to find out
        self.trial_free = False  # a probe has allowed a trial since the last one
        self.probe_allows = False  # the last probe has allowed trials
        self.trial_ended_at = 0.0  # seconds, as the hub counts them
        self._outside = outside
        threads = VirtualThreads(self.process)
        self.driver = VirtualDriver(outside.sink, self, self.settings.clicksend.total_timeout, outside.watch)
        gate = Gate(setup.policy, setup.requests_per_second, setup.probe_interval)
        outcome_policy = OutcomePolicy(gate, setup.policy, OnConfigurationFault.HALT, setup.mass_rejection_limit)
        self.scheduler = Scheduler(gate, outcome_policy, setup.policy, threads)
        reporter = _reporter(name)
        reporter.observer = WatchObserver(outside.watch, self)
        self._worker = Worker(
            setup.settings,
            Source(cast(KafkaClients, FakeClients(self, outside)), self.decider),
            self.scheduler,
            self.driver,
            reporter,
            self.health,
            threads,
            outside.hub.clock,
        )

    @property
    def alive(self) -> bool:
        """Return whether the worker exists, frozen or not."""
        return not self.process.dead

    def start(self) -> None:
        """Begin."""
        self._outside.watch.trace("start", self.name)
        self._outside.hub.spawn(self.process, "poll", self._run)

    def stop(self) -> None:
        """SIGTERM."""
        self._outside.watch.trace("stop", self.name)
        self._worker.stop()

    def crash(self) -> None:
        """SIGKILL, or a container that is gone: the group notices when a session has passed."""
        self._outside.watch.trace("crash", self.name)
        self._die()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so much later."""
        self._outside.watch.trace("freeze", self.name, f"{seconds:.1f} s")
        self.process.freeze(seconds)
        consumer, group = self.consumer, self._outside.group
        if consumer is not None and seconds > group.session:
            self._outside.hub.after(group.session, lambda: group.expel(consumer))

    def _run(self) -> None:
        try:
            self.ending = self._worker.run()
        except GreenletExit:
            raise
        except FatalStreamError as error:
            broken = isinstance(error.__cause__, BrokenCallbackError)
            if not broken and (self.consumer is None or not self.consumer.fatal):
                self._raised(error)
        except BaseException as error:
            self._raised(error)
        self._outside.watch.trace("end", self.name, self.ending)
        self._die()

    def _raised(self, error: BaseException) -> None:
        cause = error.__cause__ or error
        self._outside.watch.violated("run", f"{self.name} raised {error!r} from {cause!r}")
        self._outside.watch.crashes.append(cause)

    def _die(self) -> None:
        self.process.kill()
        consumer, group = self.consumer, self._outside.group
        if consumer is not None and consumer in group.members:
            self._outside.hub.after(group.session, lambda: group.expel(consumer))


class FakeClients:
    """Stands in for KafkaClients."""

    identity = Identity()

    def __init__(self, member: Member, outside: Outside) -> None:
        self._member = member
        self._outside = outside

    def consumer(self, callbacks: Mapping[str, Callback]) -> Consumer:
        """The member of the group."""
        member, outside = self._member, self._outside
        member.consumer = FakeConsumer(
            member.process,
            member.settings.kafka.group_protocol,
            outside.cluster,
            outside.group,
            callbacks,
            outside.watch,
        )
        outside.watch.members[member.consumer] = member
        return cast(Consumer, member.consumer)

    def producer(self, _callbacks: Mapping[str, Callback]) -> Producer:
        """The producer of dead letters."""
        member, sent = self._member, self._outside.watch.batches.dead_letter_sent
        return cast(Producer, FakeProducer(member.process, self._outside.cluster, partial(sent, member)))

    def admin(self) -> AdminClient:
        """For look-ups."""
        return cast(AdminClient, FakeAdmin(self._outside.cluster))


@cache
def _reporter(_name: str) -> Reporter:
    """Making the metrics takes longer than a small run: the workers of one name share them, one after the other."""
    return Reporter(CollectorRegistry(), None, lambda: 0.0)
