"""Every metric of the worker, by name, with its help text and the values that its labels can take.

Dashboards and alerts depend on these names: add metrics, do not rename them. No label holds an identity, a key or a
message id.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate, product

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

disable_created_metrics()  # type: ignore[no-untyped-call]  # process-wide; a `_created` series per counter is of no use

PREFIX = "clicksend_consumer_"
AGE_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 21600, 86400)
REQUEST_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 20, 30)


class Metric(Struct, frozen=True):
    """A name (without the prefix and a counter's `_total`), its help text and its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def counter(self, registry: CollectorRegistry, *values: Iterable[str]) -> Counter:
        """Register the counter, with every combination of the given label values at 0."""
        counter = Counter(PREFIX + self.name, self.help, self.labels, registry=registry)
        if values:
            for combination in product(*values):
                counter.labels(*combination)
        return counter

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        """Register the gauge."""
        return Gauge(PREFIX + self.name, self.help, self.labels, registry=registry)

    def counter_family(self) -> CounterMetricFamily:
        """Return a family for a collector that reads totals."""
        return CounterMetricFamily(PREFIX + self.name, self.help, labels=self.labels)

    def gauge_family(self) -> GaugeMetricFamily:
        """Return a family for a collector that reads values."""
        return GaugeMetricFamily(PREFIX + self.name, self.help, labels=self.labels)


class Distribution(Collector):
    """A histogram for the hot path: plain numbers, written by one thread, read at the scrape.

    prometheus-client's own takes a lock per bucket, more expensive than all other counting of a response. A scrape may
    see an observation in its bucket but not yet in the sum.
    """

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        self._metric = metric
        self._bounds = metric.buckets
        self._counts = [0] * (len(metric.buckets) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return the series, for one scrape."""
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(PREFIX + self._metric.name, self._metric.help, buckets, self._sum)


class Tally(Collector):
    """A counter with labels for the hot path: plain integers, written by one thread, read at the scrape.

    counts -- by label values; known ones start at 0
    """

    def __init__(self, metric: Metric, registry: CollectorRegistry, known: Iterable[tuple[str, ...]]) -> None:
        self._metric = metric
        self.counts: dict[tuple[str, ...], float] = dict.fromkeys(known, 0)
        registry.register(self)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Return the series, for one scrape."""
        family = self._metric.counter_family()
        for labels, count in list(self.counts.items()):
            family.add_metric(labels, count)
        yield family


_PARTITION = ("topic", "partition")

# The contract: consumed = settled + in progress + released. Read at one moment, it holds at each scrape.
RECORDS_CONSUMED = Metric("records_consumed", "Records consumed from Kafka.")
RECORDS_SETTLED = Metric("records_settled", "Records settled, by disposition and reason.", ("disposition", "reason"))
RECORDS_RELEASED = Metric("records_released", "Unsettled records released with their partition.", ("reason",))
RECORDS_IN_PROGRESS = Metric("records_in_progress", "Records consumed and not yet settled or released.")
RECORDS_SKIPPED = Metric("records_skipped", "Records consumed again and skipped: settled by the commit metadata.")
RECORDS_BY_STAGE = Metric("records_by_stage", "Records in progress, by stage.", ("stage",))
LONGEST_LANE = Metric("longest_lane_records", "Records waiting in the longest lane.")
STALE_RESPONSES = Metric(
    "stale_responses", "Requests that completed after their partition was revoked; the new owner repeats them."
)

REQUESTS = Metric("requests", "Completed contact requests, by outcome and HTTP status.", ("outcome", "status"))
REQUEST_SECONDS = Metric("request_seconds", "Time from request to classified response.", buckets=REQUEST_BUCKETS)
RETRIES = Metric("retries", "Failed attempts that will be retried, by cause.", ("reason",))
PROBES = Metric("probes", "Probes of credentials and contact list, by result.", ("result",))
DELIVERY_AGE = Metric("delivery_age_seconds", "Time from a record's timestamp to its delivery.", buckets=AGE_BUCKETS)
LAST_DELIVERY = Metric("last_delivery_timestamp_seconds", "Unix time of the last delivery.")
DEAD_LETTERS = Metric("dead_letters", "Attempts to write a dead letter, by result.", ("result",))
DEAD_LETTERS_WAITING = Metric("dead_letters_waiting", "Records whose dead letter is not acknowledged yet.")
DEAD_LETTER_PRODUCERS_REPLACED = Metric(
    "dead_letter_producers_replaced", "Dead-letter producers replaced after a fatal error."
)

GATE_STATE = Metric("gate_state", "1 for the current state of the gate: open, limited, breaker, halted.", ("state",))
DELIVERY_HALTED = Metric("delivery_halted", "1 for the configuration fault that halts delivery.", ("reason",))
THROTTLE_SECONDS = Metric("throttle_seconds", "Total Retry-After time requested by ClickSend.")
RETRY_AFTER_UNREAD = Metric("retry_after_unreadable", "Responses with an unreadable Retry-After, which is ignored.")
REQUEST_RATE_LIMIT = Metric("request_rate_limit", "Requests per second that the limiter allows; +Inf without a limit.")

OLDEST_UNSETTLED = Metric(
    "oldest_unsettled_timestamp_seconds",
    "Timestamp of a partition's oldest unsettled record; the current time if there is none.",
    _PARTITION,
)
COMMITTED_OFFSET = Metric("committed_offset", "The group's committed offset, as acknowledged.", _PARTITION)
LOG_END_OFFSET = Metric("log_end_offset", "The partition's log end offset.", _PARTITION)
LAG = Metric("lag_records", "Log end offset minus committed offset, once both are known.", _PARTITION)
COMMITS = Metric("commits", "Commit requests, by result.", ("result",))
COMMIT_METADATA = Metric("commit_metadata_bytes", "Size of the largest acknowledged commit metadata of a partition.")
ASSIGNED_PARTITIONS = Metric("assigned_partitions", "Partitions that this worker owns.")
PAUSED_PARTITIONS = Metric("paused_partitions", "Partitions paused because their records fill the buffer.")
PARTITION_HELD = Metric(
    "partition_held", "1 for a held partition, which is not consumed, by reason.", (*_PARTITION, "reason")
)
SCHEMA_FETCHES = Metric("schema_fetches", "Requests for schemas to the Schema Registry, by result.", ("result",))
SPANS = Metric("spans", "Spans of traces, by result. Only with traces.", ("result",))
CERTIFICATE_EXPIRY = Metric(
    "kafka_certificate_expiry_timestamp_seconds",
    "Unix time when the client certificate in use expires. Only with a certificate and the extra mtls.",
)
REBALANCES = Metric("rebalances", "Changes of the assignment, by event.", ("event",))
LOOP_LAG = Metric("loop_lag_seconds", "The longest pause of the delivery loop in the last 30 to 60 seconds.")
LAST_POLL = Metric("last_poll_timestamp_seconds", "Unix time of the last poll of Kafka.")
BUILD_INFO = Metric("build_info", "1, with the running versions as labels.", ("version", "librdkafka", "python"))
