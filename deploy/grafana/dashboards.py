"""The dashboards' panels. `make manifests` writes them as Grafana JSON."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.grafana.panels import Panel, build

IN = 'namespace=~"$namespace"'
RATE = "[$__rate_interval]"
BUILD_INFO = "clicksend_consumer_build_info"
NEVER = 1e12  # a number that is neither good nor bad


def _sum(metric: str, labels: str = "", by: str = "") -> str:
    """Return the summed rate of a counter."""
    return f"sum by ({by}) (rate(clicksend_consumer_{metric}{{{IN}{labels and ', ' + labels}}}{RATE}))"


def _max(metric: str, labels: str = "", by: str = "") -> str:
    return f"max by ({by}) (clicksend_consumer_{metric}{{{IN}{labels and ', ' + labels}}})"


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share}, {_sum(metric + '_bucket', by='le')})"


WAITS = f"max(clicksend:oldest_unsettled:seconds{{{IN}}})"
LATE = f"max(clicksend:deliveries_late:ratio1h{{{IN}}})"
HALTED = Panel(
    "Halted",
    "Yes: ClickSend refuses the configuration, and nothing is sent until it is fixed. *ClickSend* has the reason.",
    "bool_yes_no",
    [(_max("delivery_halted"), "halted")],
    "ClicksendHalted",
    red_from=1,
)

SERVICE_LEVEL = [
    Panel(
        "Oldest record waits",
        "Do sign-ups arrive? Age of the oldest unsettled record. Above 60 s the objective is missed.",
        "s",
        [(WAITS, "oldest")],
        "ClicksendOldestRecordWaits",
        red_from=60,
    ),
    Panel(
        "Late deliveries, 1 h",
        "Share of deliveries later than 60 s after their record. The objective allows 1 %.",
        "percentunit",
        [(LATE, "late")],
        "ClicksendFreshnessBurnsFast",
        red_from=0.01,
    ),
    HALTED,
    Panel(
        "ClickSend down",
        "Yes: the breaker is open; one trial request at a time detects the recovery.",
        "bool_yes_no",
        [(_max("gate_state", 'state="breaker"'), "breaker")],
        "ClicksendBreakerOpen",
        red_from=1,
    ),
    Panel(
        "Where sign-ups stop",
        "Records in progress by stage: a growing stage is where they stop. `ready`: the gate delays requests (halted, "
        "ClickSend down, rate limit), or concurrency is too low. `retry_wait`: failed attempts before their retry. "
        "`queued`: behind another record of the same contact. `dead_letter_in_flight`: Kafka accepts no dead letters.",
        "short",
        [(f"sum by (stage) (clicksend_consumer_records_by_stage{{{IN}}})", "{{stage}}")],
    ),
    Panel(
        "Settled records",
        "Records settled per second, by disposition. Filtered is normal: most records of a topic are browsing events.",
        "recps",
        [(_sum("records_settled_total", by="disposition"), "{{disposition}}")],
    ),
    Panel(
        "Age at delivery",
        "From a record's timestamp to its delivery. The objective is 99 % within 60 s.",
        "s",
        [(_quantile(0.5, "delivery_age_seconds"), "median"), (_quantile(0.99, "delivery_age_seconds"), "99 %")],
        "ClicksendFreshnessBurnsSlowly",
    ),
    Panel(
        "Burn rate of the objective",
        "Share of late deliveries in each window of the burn-rate alerts.",
        "percentunit",
        [
            (f"max(clicksend:deliveries_late:ratio{window}{{{IN}}})", window)
            for window in ("5m", "30m", "1h", "6h", "3d")
        ],
        "ClicksendFreshnessBurnsFast",
    ),
]

CLICKSEND = [
    Panel(
        "Requests per second",
        "Completed requests, by outcome.",
        "reqps",
        [(_sum("requests_total", by="outcome"), "{{outcome}}")],
    ),
    Panel(
        "Failures by status",
        "Failed requests. `none`: no usable response (network, DNS, TLS, timeout).",
        "reqps",
        [(_sum("requests_total", 'outcome!~"delivered|already_exists"', "status"), "{{status}}")],
        "ClicksendBreakerOpen",
    ),
    Panel(
        "Request duration",
        "From sending to the classified response.",
        "s",
        [(_quantile(share, "request_seconds"), f"{share:.0%}") for share in (0.5, 0.95, 0.99)],
    ),
    Panel(
        "Gate",
        "Workers by gate state: open, limited (rate limit), breaker (ClickSend down), halted (configuration fault).",
        "short",
        [(f"sum by (state) (clicksend_consumer_gate_state{{{IN}}})", "{{state}}")],
        "ClicksendHalted",
    ),
    Panel(
        "Detected rate limit",
        "Requests per second that the limiters of all workers allow together. Empty until a limit is detected.",
        "reqps",
        [(f"sum(clicksend_consumer_request_rate_limit{{{IN}}} < Inf)", "allowed"), (_sum("requests_total"), "sent")],
        "ClicksendThrottled",
    ),
    Panel(
        "Retries",
        "Failed attempts that will be retried, by cause.",
        "reqps",
        [(_sum("retries_total", by="reason"), "{{reason}}")],
        "ClicksendBreakerOpen",
    ),
    Panel(
        "Retry-After",
        "Seconds of `Retry-After` that ClickSend requests, per second.",
        "short",
        [(_sum("throttle_seconds_total"), "seconds")],
        "ClicksendThrottled",
    ),
    Panel(
        "Halts by reason, probes",
        "1 while halted, by reason; and the probes that detect the fix.",
        "short",
        [(_max("delivery_halted", by="reason"), "{{reason}}"), (_sum("probes_total", by="result"), "probe {{result}}")],
        "ClicksendHalted",
    ),
]

KAFKA = [
    Panel(
        "Lag",
        "Records between the committed offset and the log end, by topic.",
        "short",
        [
            (
                # The end is asked for now and then, commits are known at once: for a moment they may be ahead of it.
                f"sum by (topic) (clicksend_consumer_lag_records{{{IN}}})",
                "{{topic}}",
            )
        ],
        "ClicksendOldestRecordWaits",
    ),
    Panel(
        "Oldest unsettled record by partition",
        "Its age. One high line: one contact is retried. All high: the gate, or a backlog.",
        "s",
        [
            (
                f"max by (topic, partition) (time() - clicksend_consumer_oldest_unsettled_timestamp_seconds{{{IN}}})",
                "{{topic}}-{{partition}}",
            )
        ],
        "ClicksendPartitionStalled",
    ),
    Panel(
        "Commits",
        "Commit requests per second, by result. `retried` is normal during a rebalance, `failed` is not.",
        "ops",
        [(_sum("commits_total", by="result"), "{{result}}")],
        "ClicksendCommitsFail",
    ),
    Panel(
        "Rebalances",
        "Partition moves in 15 minutes, by event. Many `lost`: a worker polls too late or can't reach Kafka.",
        "short",
        [(f"sum by (event) (increase(clicksend_consumer_rebalances_total{{{IN}}}[15m]))", "{{event}}")],
        "ClicksendRebalanceStorm",
    ),
    Panel(
        "Dead letters",
        "Attempts to write a dead letter, by result; and those not acknowledged yet.",
        "short",
        [
            (_sum("dead_letters_total", by="result"), "{{result}} per second"),
            (f"sum(clicksend_consumer_dead_letters_waiting{{{IN}}})", "waiting"),
        ],
        "ClicksendDeadLetterWritesFail",
    ),
    Panel(
        "Used retention",
        "Age of the oldest unsettled record, as a share of the source topic's retention. At 1 Kafka deletes it.",
        "percentunit",
        [(f"{WAITS} / min(clicksend:source_retention:seconds{{{IN}}})", "used")],
        "ClicksendRetentionRisk",
    ),
]

QUALITY = [
    Panel(
        "Dead letters, 1 h",
        "Share of the last hour's enrolment events that can't be delivered.",
        "percentunit",
        [(f"max(clicksend:dead_lettered:ratio1h{{{IN}}})", "dead-lettered")],
        "ClicksendDeadLetterRate",
        red_from=0.05,
    ),
    Panel(
        "ALREADY_EXISTS, 1 h",
        "Contacts for which ClickSend may have kept an older consent.",
        "short",
        [
            (
                f'sum(increase(clicksend_consumer_records_settled_total{{{IN}, reason="already_exists"}}[1h]))',
                "already exists",
            )
        ],
        "ClicksendContactsExist",
        red_from=1,
    ),
    Panel(
        "Delivered, 1 h",
        "Contacts that ClickSend accepted in the last hour.",
        "short",
        [(f'sum(increase(clicksend_consumer_records_settled_total{{{IN}, disposition="delivered"}}[1h]))', "contacts")],
        red_from=NEVER,
    ),
    Panel(
        "Without identity, 1 h",
        "Enrolment events without email and phone, which are filtered. Many mean a fault in the source.",
        "short",
        [(f'sum(increase(clicksend_consumer_records_settled_total{{{IN}, reason="no_identity"}}[1h]))', "no identity")],
        red_from=NEVER,
    ),
    Panel(
        "Dead letters by reason",
        "Per second. `rejected`: ClickSend rejects the contact; `unmappable`, `undecodable`: a fault in the source.",
        "recps",
        [(_sum("records_settled_total", 'disposition="dead_lettered"', "reason"), "{{reason}}")],
        "ClicksendDeadLetterRate",
    ),
    Panel(
        "Filtered by reason",
        "Per second. `not_enrolment`: browsing events, most records of a topic.",
        "recps",
        [(_sum("records_settled_total", 'disposition="filtered"', "reason"), "{{reason}}")],
    ),
]

SATURATION = [
    Panel(
        "Buffered records",
        "In progress, all workers. A worker pauses partitions at WORKER_MAX_BUFFERED_RECORDS.",
        "short",
        [(f"sum(clicksend_consumer_records_in_progress{{{IN}}})", "in progress")],
    ),
    Panel(
        "Paused partitions",
        "Partitions whose records fill the worker's buffer.",
        "short",
        [(f"sum(clicksend_consumer_paused_partitions{{{IN}}})", "paused")],
        "ClicksendPartitionsPaused",
    ),
    Panel(
        "Longest lane",
        "Records waiting for one contact. Hundreds usually mean a test account or a fault in the source.",
        "short",
        [(_max("longest_lane_records"), "records")],
        "ClicksendPartitionsPaused",
    ),
    Panel(
        "CPU",
        "Cores used by each worker.",
        "short",
        [(f"rate(process_cpu_seconds_total{{{IN}}}{RATE}) and on (instance) {BUILD_INFO}", "{{instance}}")],
    ),
    Panel(
        "Memory",
        "Resident memory of each worker.",
        "bytes",
        [(f"process_resident_memory_bytes{{{IN}}} and on (instance) clicksend_consumer_build_info", "{{instance}}")],
    ),
    Panel(
        "Open files",
        "Open file descriptors of each worker: mostly connections to Kafka and ClickSend.",
        "short",
        [(f"process_open_fds{{{IN}}} and on (instance) clicksend_consumer_build_info", "{{instance}}")],
    ),
]

FLEET = [
    Panel(
        "Workers",
        "Workers that Prometheus scrapes.",
        "short",
        [(f"count(clicksend_consumer_build_info{{{IN}}})", "workers")],
        "ClicksendWorkersAbsent",
        red_from=NEVER,
    ),
    Panel(
        "Partitions owned",
        "Sum over all workers. Below the topic's number of partitions, some are not consumed.",
        "short",
        [(f"sum(clicksend_consumer_assigned_partitions{{{IN}}})", "partitions")],
        "ClicksendNoPartitions",
        red_from=NEVER,
    ),
    Panel(
        "Slowest poll loop",
        "Time since the last poll of Kafka, for the slowest worker. The liveness probe restarts it after minutes.",
        "s",
        [(f"max(time() - clicksend_consumer_last_poll_timestamp_seconds{{{IN}}})", "since the last poll")],
        "ClicksendWorkerStalled",
        red_from=60,
    ),
    Panel(
        "Versions",
        "Number of running versions. More than one only during a roll-out.",
        "short",
        [(f"count(count by (version) (clicksend_consumer_build_info{{{IN}}}))", "versions")],
        red_from=2,
    ),
    Panel(
        "Partitions by worker",
        "Shares should be even. 0 is a standby worker.",
        "short",
        [(f"clicksend_consumer_assigned_partitions{{{IN}}}", "{{instance}}")],
        "ClicksendNoPartitions",
    ),
    Panel(
        "Deliveries by worker",
        "Contacts delivered per second, by worker.",
        "recps",
        [(_sum("records_settled_total", 'disposition="delivered"', "instance"), "{{instance}}")],
    ),
    Panel(
        "Released records",
        "Per second, with their partition: the new owner settles them.",
        "recps",
        [(_sum("records_released_total", by="reason"), "{{reason}}"), (_sum("stale_responses_total"), "stale")],
        "ClicksendRebalanceStorm",
    ),
    Panel(
        "Skipped after a restart",
        "Records consumed again and skipped as settled by the commit metadata, per second.",
        "recps",
        [(_sum("records_skipped_total"), "skipped")],
    ),
    Panel(
        "Client certificate expires in",
        "Remaining time of the client certificate for Kafka that each worker uses. Empty without a certificate.",
        "s",
        [(f"clicksend_consumer_kafka_certificate_expiry_timestamp_seconds{{{IN}}} - time()", "{{instance}}")],
        "ClicksendCertificateExpires",
    ),
]

DASHBOARDS = {
    "Service level": ("Do sign-ups arrive in time, and if not, where do they stop?", SERVICE_LEVEL),
    "ClickSend": ("ClickSend's responses, and the gate.", CLICKSEND),
    "Kafka": ("Lag, commits, rebalances, dead letters.", KAFKA),
    "Data quality": ("Faults in the source's events, and undeliverable records.", QUALITY),
    "Saturation": ("Load of the workers.", SATURATION),
    "Fleet": ("The workers, one line each.", FLEET),
}


def dashboards(runbook: str) -> Iterator[tuple[str, str]]:
    """Yield a file name and JSON for each. runbook -- the URL of the runbook, up to a section's name"""
    for title, (description, panels) in DASHBOARDS.items():
        yield f"{title.lower().replace(' ', '-')}.json", build(title, description, panels, runbook)
