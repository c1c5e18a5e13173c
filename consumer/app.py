"""Build a worker with its monitor from the settings. The one place where the packages are wired together."""

from __future__ import annotations

import asyncio
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import confluent_kafka
import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from consumer import __version__
from consumer.clicksend.probe import ProbeResult
from consumer.clicksend.transport import Endpoint, Timeouts, Trust, load_requests
from consumer.delivery.gate import Gate, GateState
from consumer.delivery.outcome_policy import OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.errors import ConfigurationError
from consumer.exit_status import ExitStatus
from consumer.formats.decider import Decider
from consumer.kafka.certificate import Dates
from consumer.kafka.clients import KafkaClients
from consumer.log import cause_of
from consumer.monitoring import metrics
from consumer.monitoring.collector import WorkerCollector
from consumer.monitoring.debugger.guard import Guard
from consumer.monitoring.debugger.recorder import Recorder
from consumer.monitoring.debugger.ring import Ring
from consumer.monitoring.debugger.site import Site
from consumer.monitoring.debugger.state import StateView
from consumer.monitoring.health import Health
from consumer.monitoring.observer import RecordObserver, combined
from consumer.monitoring.reporter import Reporter
from consumer.monitoring.server import Monitor, Report
from consumer.monitoring.tracing.opening import Tracing, open_tracing
from consumer.monitoring.tracing.options import trace_options
from consumer.registry.opening import FetchResult, open_registry
from consumer.scheduling.scheduler import Scheduler
from consumer.settings import Settings, reload_monitor_token
from consumer.settings.file_versions import file_versions
from consumer.settings.model import Monitor as MonitorSettings
from consumer.settings.views import needs_registry, record_decider, registry_options
from consumer.threads import OsThreads, Threads
from consumer.worker.credential_store import CredentialStore
from consumer.worker.event_loop import ClickSendAccess, EventLoopDriver, Sender
from consumer.worker.poll_loop import Source
from consumer.worker.secret_watch import SecretWatch
from consumer.worker.watchdog import Watchdog
from consumer.worker.worker import Ending, Worker

START_SWITCH_SECONDS = 0.0005  # until all is loaded: the poll thread continues so soon after a response of Kafka
SWITCH_SECONDS = sys.getswitchinterval()  # Python's default
FLUSH_SECONDS = 1.0  # for the last spans of a shutdown; a collector that is away gets none
LIVE_SHARE = 0.5  # of max.poll.interval.ms: longer than a revoke may take (a third), shorter than the broker allows

log = structlog.get_logger()


class Application:
    """One worker with its monitor. Raises ConfigurationError if the monitor's address can't be bound.

    observers -- of every record, besides the event debugger
    """

    def __init__(self, settings: Settings, clients: KafkaClients, *observers: RecordObserver) -> None:
        clock = time.monotonic
        registry = CollectorRegistry()
        self._threads = threads = OsThreads()
        self._clock = clock
        self._drain_timeout = settings.worker.drain_timeout
        self._stopped_at: float | None = None
        self._tracing = tracing = _tracing(settings, registry, clock)
        self.scheduler = scheduler(settings, threads, tracing.gate if tracing is not None else Gate)
        self._health = Health(clock())
        probes = Probes(self._health, self.scheduler, settings.kafka.max_poll_interval_ms / 1000, clock)
        debugger = EventDebugger.of(settings.monitor, self.scheduler, probes.ready, clock)
        observers = (*observers, debugger.recorder) if debugger is not None else observers
        observers = (*observers, tracing.observer) if tracing is not None else observers
        credentials = CredentialStore(settings, _trust(settings))
        self._authorities = credentials.trust if settings.clicksend.uses_tls else None
        driver = event_loop_driver(settings, clock, credentials)
        self._secrets = secret_watch(settings, credentials, debugger.guard if debugger is not None else None)
        self._worker = Worker(
            settings,
            Source(clients, _decider(settings, registry)),
            self.scheduler,
            driver,
            Reporter(registry, combined(observers), clock),
            self._health,
            threads,
            clock,
        )
        silence = settings.kafka.max_poll_interval_ms / 1000
        self._watchdog = Watchdog(
            lambda: [self._worker.pulse(), *driver.pulses()], silence, clock, lambda: os._exit(ExitStatus.FATAL)
        )
        _register(registry, self.scheduler, self._health, clock)
        register_certificate(registry, settings.kafka.ssl_certificate_location)
        metrics.LOOP_LAG.gauge(registry).set_function(lambda: driver.lag.longest)
        site = debugger.site if debugger is not None else None
        self.monitor = Monitor(settings.monitor.host, settings.monitor.port, registry, probes.live, probes.ready, site)

    def stop(self) -> None:
        """Shut down: finish requests in flight, commit, leave the group. May be called from a signal handler."""
        if self._stopped_at is None:
            self._stopped_at = self._clock()
        self._worker.stop()

    def run(self) -> Ending:
        """Consume and deliver until stopped. Raises as `Worker.run` does."""
        self.monitor.start()
        log.info("monitor started", address=self.monitor.address, event_debugger=self.monitor.page or "off")
        self._watchdog.start()
        self._secrets.start()
        self._threads.start(self._load_transport, "transport")  # beside Kafka's part of the start
        try:
            return self._worker.run()
        finally:
            self._secrets.stop()
            if self._tracing is not None:
                self._tracing.close(self._flush_seconds())
            self._watchdog.stop()
            self.monitor.close()

    def _load_transport(self) -> None:
        """Load what the delivery loop needs, and the public authorities."""
        sys.setswitchinterval(START_SWITCH_SECONDS)
        try:
            load_requests()
            from consumer.clicksend import contact_sender, http_transport  # noqa: F401, PLC0415 -- as there

            if self._authorities is not None:
                self._authorities.load()
        except Exception as error:  # of any kind: without them nothing can be delivered
            self._worker.crashed(error)
        finally:
            sys.setswitchinterval(SWITCH_SECONDS)

    def _flush_seconds(self) -> float:
        """Return how long the last spans may take: what is left of the drain, and never long."""
        stopped_at = self._stopped_at if self._stopped_at is not None else self._clock()
        return max(0.0, min(FLUSH_SECONDS, stopped_at + self._drain_timeout - self._clock()))


class Probes:
    """The health checks /livez and /readyz.

    max_poll_interval -- seconds; a live worker polls well within it
    """

    def __init__(
        self, health: Health, scheduler: Scheduler, max_poll_interval: float, clock: Callable[[], float]
    ) -> None:
        self._health = health
        self._scheduler = scheduler
        self._longest_gap = max_poll_interval * LIVE_SHARE
        self._clock = clock

    def live(self) -> Report:
        """Report whether the poll loop runs. A halt or an outage of ClickSend is no reason to restart a worker."""
        age = self._health.poll_age(self._clock())
        return Report(age < self._longest_gap, {"poll_age_seconds": round(age, 3), "limit_seconds": self._longest_gap})

    def ready(self) -> Report:
        """Report whether the worker is ready, with reason and fix, and the state of the gate.

        A rate limit or an open breaker leaves it ready: no other worker could send more. Only a halt does not.
        """
        now = self._clock()
        gate = self._scheduler.report(now)
        readiness = self._health.readiness(now, gate.why if gate.state is GateState.HALTED else "")
        detail, hint = readiness.detail, self._health.dead_letter_hint
        if readiness.ready and (held := self._health.held_partitions()):
            detail += f"; {held}"
        if hint and (waiting := self._scheduler.snapshot().dead_letters_waiting):
            detail += f"; {waiting} dead letters wait: {hint}"
        body: dict[str, str | float] = {"state": readiness.condition, "detail": detail}
        body |= {"gate": gate.state, "gate_detail": gate.why}
        if now < gate.until < math.inf:
            body["gate_seconds"] = round(gate.until - now, 3)
        return Report(readiness.ready, body)


class EventDebugger(Struct, frozen=True):
    """The event debugger: its recorder, its site, and the access to it."""

    recorder: Recorder
    site: Site
    guard: Guard

    @classmethod
    def of(
        cls, monitor: MonitorSettings, scheduler: Scheduler, ready: Callable[[], Report], clock: Callable[[], float]
    ) -> EventDebugger | None:
        """Return the debugger; None if the settings disable it: then nothing is recorded."""
        if not monitor.serves_debugger:
            return None
        ring = Ring(monitor.debugger_records)
        recorder = Recorder(ring, clock)
        guard = Guard(monitor.allowed_hosts, monitor.token.reveal() if monitor.token else None)
        return cls(recorder, Site(ring, recorder, StateView(scheduler, ready, clock), guard), guard)


def _decider(settings: Settings, registry: CollectorRegistry) -> Decider:
    """Build the decider, with a Schema Registry where KAFKA_VALUE_FORMAT needs one."""
    known = [(result,) for result in FetchResult]
    fetches = metrics.Tally(metrics.SCHEMA_FETCHES, registry, known)

    def count(result: FetchResult) -> None:
        fetches.counts[result,] += 1

    if not needs_registry(settings.kafka):
        return record_decider(settings)
    return record_decider(settings, open_registry(registry_options(settings.registry), count))


def _tracing(settings: Settings, registry: CollectorRegistry, clock: Callable[[], float]) -> Tracing | None:
    """Open the tracer; None unless the environment asks for traces."""
    options = trace_options(settings.sources.environ)
    if not options.asked_by:
        return None
    clicksend = settings.clicksend
    url = f"{clicksend.base_url}/lists/{clicksend.list_id}/contacts"
    return open_tracing(options, settings.kafka.group_id, url, registry, clock)


def scheduler(settings: Settings, threads: Threads, make_gate: Callable[..., Gate] = Gate) -> Scheduler:
    """Build the scheduler with its gate and outcome policy.

    make_gate -- takes the arguments of `Gate`
    """
    retry, delivery = settings.retry, settings.delivery
    policy = RetryPolicy(retry.initial_delay, retry.max_delay, retry.max_age)
    most_refused_trials = 100 * delivery.mass_rejection_limit
    gate = make_gate(policy, delivery.max_requests_per_second, delivery.probe_interval, most_refused_trials)
    outcome_policy = OutcomePolicy(gate, policy, delivery.on_configuration_fault, delivery.mass_rejection_limit)
    return Scheduler(gate, outcome_policy, policy, threads, delivery.deduplicate)


def _trust(settings: Settings) -> Trust:
    return Trust(Path(settings.clicksend.ca_file) if settings.clicksend.ca_file else None)


def loaded_trust(settings: Settings) -> Trust:
    """Load the certificates that ClickSend's has to be of. Raises ConfigurationError if they can't be read."""
    trust = _trust(settings)
    if settings.clicksend.uses_tls:
        trust.load()
    return trust


def credential_store(settings: Settings) -> CredentialStore:
    """Build the credentials, with the loaded certificates."""
    return CredentialStore(settings, loaded_trust(settings))


SECRETS = ("CLICKSEND_USERNAME", "CLICKSEND_API_KEY", "MONITOR_TOKEN")


def secret_watch(settings: Settings, credentials: CredentialStore, guard: Guard | None) -> SecretWatch:
    """Build the watch over the files of the API key and of the monitor's token. guard -- None: there is no page."""

    def reload() -> None:
        credentials.reload()
        if guard is None:
            return
        try:
            token = reload_monitor_token(settings)
        except ConfigurationError as error:
            for problem in error.problems:
                fields = {"name": problem.name, "what": problem.what, "hint": problem.hint, **cause_of(error)}
                log.warning("monitor token not reloaded", **fields)
            return
        if token is not None:  # a file that was taken away opens no page
            guard.use_token(token)

    return SecretWatch(lambda: file_versions(settings.sources, SECRETS), reload)


def event_loop_driver(settings: Settings, clock: Callable[[], float], store: CredentialStore) -> EventLoopDriver:
    """Build the driver of the delivery loop, with its access to ClickSend."""
    clicksend = settings.clicksend
    proxy = clicksend.proxy_url.reveal() if clicksend.proxy_url else None
    endpoint = Endpoint(clicksend.base_url, clicksend.list_id, proxy)
    timeouts = Timeouts(clicksend.connect_timeout, clicksend.read_timeout, clicksend.total_timeout)
    trust = store.trust

    def open_sender(loop: asyncio.AbstractEventLoop) -> Sender:
        load_requests()
        from consumer.clicksend.contact_sender import ContactSender  # noqa: PLC0415 -- as there
        from consumer.clicksend.http_transport import HttpTransport  # noqa: PLC0415 -- as there

        transport = HttpTransport(loop, endpoint, trust, timeouts)
        return ContactSender(endpoint, store.current, transport, lambda: datetime.now(UTC))

    def probe() -> ProbeResult:
        from consumer.clicksend.adapter import BoundedAdapter  # noqa: PLC0415 -- as there
        from consumer.clicksend.client import Client  # noqa: PLC0415 -- as there

        client = Client(endpoint, timeouts, store.current, BoundedAdapter(trust))
        try:
            return client.probe(datetime.now(UTC))
        finally:
            client.close()

    return EventLoopDriver(ClickSendAccess(open_sender, probe, store.reload), clicksend.total_timeout, clock)


def register_certificate(registry: CollectorRegistry, path: str | None) -> None:
    """Export when the client certificate expires, where it can be read. Without one, a gauge would export 0.

    A renewed file changes nothing: the clients use the certificate that they have read.
    """
    dates = Dates.of(path) if path is not None else None
    if dates is not None:
        metrics.CERTIFICATE_EXPIRY.gauge(registry).set(dates.not_after.timestamp())


def _register(registry: CollectorRegistry, scheduler: Scheduler, health: Health, clock: Callable[[], float]) -> None:
    registry.register(WorkerCollector(scheduler, health, clock))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    build = metrics.BUILD_INFO.gauge(registry)
    build.labels(__version__, confluent_kafka.libversion()[0], platform.python_version()).set(1)
