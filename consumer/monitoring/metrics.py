"""Every metric of the worker, by name, with its help text and the values that its labels can take.

Dashboards and alerts depend on these names: add metrics, do not rename them. No label holds an identity, a key or a
message id.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, product

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

disable_created_metrics()  # type: ignore[no-untyped-call]  # process-wide; a `_created` series per counter is of no use

PREFIX = "clicksend_consumer_"
AGE_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 21600, 86400)
REQUEST_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 20, 30)


@dataclass(frozen=True, slots=True)
class Metric:
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
RECORDS_CONSUMED = Metric("records_consumed", "Records taken over from Kafka.")
RECORDS_SETTLED = Metric(
    "records_settled", "Records that have reached their end, by disposition and reason.", ("disposition", "reason")
)
RECORDS_RELEASED = Metric("records_released", "Records given back unsettled with their partition.", ("reason",))
RECORDS_IN_PROGRESS = Metric("records_in_progress", "Records consumed and not yet settled or released.")
RECORDS_SKIPPED = Metric("records_skipped", "Records consumed again that the commit metadata says are settled.")
RECORDS_BY_STAGE = Metric("records_by_stage", "Records in progress, by stage.", ("stage",))
LONGEST_LANE = Metric("longest_lane_records", "Records that wait in the lane of the contact that has the most.")
STALE_RESPONSES = Metric(
    "stale_responses", "Requests that ended after their partition had gone; another worker repeats them."
)

REQUESTS = Metric("requests", "Answers of ClickSend to contact requests.", ("outcome", "status"))
REQUEST_SECONDS = Metric("request_seconds", "Time from request to classified answer.", buckets=REQUEST_BUCKETS)
RETRIES = Metric("retries", "Requests that will be repeated, by what went wrong.", ("reason",))
PROBES = Metric("probes", "Probes of credentials and list, by result.", ("result",))
DELIVERY_AGE = Metric("delivery_age_seconds", "A record's timestamp to its delivery.", buckets=AGE_BUCKETS)
LAST_DELIVERY = Metric("last_delivery_timestamp_seconds", "When a contact was last delivered, since the epoch.")
DEAD_LETTERS = Metric("dead_letters", "Attempts to write a dead letter, by the broker's answer.", ("result",))
DEAD_LETTERS_WAITING = Metric("dead_letters_waiting", "Records whose dead letter is not acknowledged yet.")
DEAD_LETTER_PRODUCERS_REPLACED = Metric(
    "dead_letter_producers_replaced", "Fatal errors of the producer of dead letters, each followed by a new producer."
)

GATE_STATE = Metric("gate_state", "1 for what holds requests back: open, limited, breaker, halted.", ("state",))
DELIVERY_HALTED = Metric("delivery_halted", "1 for the configuration fault that halts delivery.", ("reason",))
THROTTLE_SECONDS = Metric("throttle_seconds", "Time for which ClickSend asked us to pause (Retry-After).")
RETRY_AFTER_UNREAD = Metric("retry_after_unreadable", "Answers whose Retry-After could not be read, and was ignored.")
REQUEST_RATE_LIMIT = Metric("request_rate_limit", "Requests a second that the limiter allows; +Inf without a limit.")

OLDEST_UNSETTLED = Metric(
    "oldest_unsettled_timestamp_seconds",
    "Timestamp of a partition's oldest unsettled record; the present if there is none.",
    _PARTITION,
)
COMMITTED_OFFSET = Metric("committed_offset", "The group's committed offset, as acknowledged.", _PARTITION)
LOG_END_OFFSET = Metric("log_end_offset", "The partition's log end offset.", _PARTITION)
LAG = Metric("lag_records", "Log end offset minus committed offset, once both are known.", _PARTITION)
COMMITS = Metric("commits", "Commit requests, by result.", ("result",))
COMMIT_METADATA = Metric("commit_metadata_bytes", "Length of the longest partition's commit metadata, as acknowledged.")
ASSIGNED_PARTITIONS = Metric("assigned_partitions", "Partitions that this worker owns.")
PAUSED_PARTITIONS = Metric("paused_partitions", "Partitions paused because this worker holds enough of them.")
PARTITION_HELD = Metric(
    "partition_held", "1 for a partition that is not consumed further, by the reason.", (*_PARTITION, "reason")
)
SCHEMA_FETCHES = Metric("schema_fetches", "Schemas asked of the Schema Registry, by result.", ("result",))
REBALANCES = Metric("rebalances", "Changes of the assignment.", ("event",))
LOOP_LAG = Metric("loop_lag_seconds", "The longest pause of the delivery loop in the last half to whole minute.")
LAST_POLL = Metric("last_poll_timestamp_seconds", "When Kafka was last polled, since the epoch.")
BUILD_INFO = Metric("build_info", "1, with the versions that run.", ("version", "librdkafka", "python"))
