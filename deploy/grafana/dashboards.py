"""What the dashboards show. `make manifests` writes them as Grafana's JSON."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.grafana.panels import Panel, build

IN = 'namespace=~"$namespace"'
RATE = "[$__rate_interval]"
BUILD_INFO = "clicksend_consumer_build_info"
NEVER = 1e12  # a number that is neither good nor bad


def _sum(metric: str, labels: str = "", by: str = "") -> str:
    """The rate of a counter, summed."""
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
        "Do sign-ups arrive? Seconds that the oldest unsettled record has waited. Above 60 the objective is missed.",
        "s",
        [(WAITS, "oldest")],
        "ClicksendOldestRecordWaits",
        red_from=60,
    ),
    Panel(
        "Late deliveries, 1 h",
        "Share of the deliveries that came later than 60 s after their record. The objective allows 1 %.",
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
        "Records in progress by stage; they pile up where they stop. `ready`: requests are held back (halted, "
        "ClickSend down, its rate limit) or too few. `retry_wait`: ClickSend has not accepted these yet. "
        "`queued`: behind another record of the same person. `dead_letter_in_flight`: Kafka takes no dead letters.",
        "short",
        [(f"sum by (stage) (clicksend_consumer_records_by_stage{{{IN}}})", "{{stage}}")],
    ),
    Panel(
        "What became of records",
        "Records settled a second, by disposition. Filtered is ordinary: most of a topic is browsing.",
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
        "Burn of the objective",
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
        "Requests a second",
        "Answers of ClickSend, by result.",
        "reqps",
        [(_sum("requests_total", by="outcome"), "{{outcome}}")],
    ),
    Panel(
        "Failures by status",
        "Answers that took no contact. `none` is no usable answer: the network, DNS, TLS, a timeout.",
        "reqps",
        [(_sum("requests_total", 'outcome!~"delivered|already_exists"', "status"), "{{status}}")],
        "ClicksendBreakerOpen",
    ),
    Panel(
        "Time of a request",
        "From sending to the classified answer.",
        "s",
        [(_quantile(share, "request_seconds"), f"{share:.0%}") for share in (0.5, 0.95, 0.99)],
    ),
    Panel(
        "What holds requests back",
        "Workers in each state of the gate: open, limited (the rate), breaker (ClickSend is down), halted (a fault).",
        "short",
        [(f"sum by (state) (clicksend_consumer_gate_state{{{IN}}})", "{{state}}")],
        "ClicksendHalted",
    ),
    Panel(
        "Rate limit found",
        "Requests a second that the limiters of all workers allow together. Empty as long as no limit was met.",
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
        "Pauses asked for",
        "Seconds of `Retry-After` that ClickSend asks for, for each second.",
        "short",
        [(_sum("throttle_seconds_total"), "seconds")],
        "ClicksendThrottled",
    ),
    Panel(
        "Halts by reason, probes",
        "1 while halted, by reason; and the probes that find out whether the fault is fixed.",
        "short",
        [(_max("delivery_halted", by="reason"), "{{reason}}"), (_sum("probes_total", by="result"), "probe {{result}}")],
        "ClicksendHalted",
    ),
]

KAFKA = [
    Panel(
        "Lag",
        "Records between the committed offset and the partition's end, of each topic.",
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
        "Seconds that it has waited. One high line is one contact that is retried; all high is the gate or a backlog.",
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
        "Commit requests a second, by result. `retried` is ordinary while the group moves, `failed` is not.",
        "ops",
        [(_sum("commits_total", by="result"), "{{result}}")],
        "ClicksendCommitsFail",
    ),
    Panel(
        "Partitions that moved",
        "In 15 minutes, by event. Many `lost` is a worker that polls too late or can't reach Kafka.",
        "short",
        [(f"sum by (event) (increase(clicksend_consumer_rebalances_total{{{IN}}}[15m]))", "{{event}}")],
        "ClicksendRebalanceStorm",
    ),
    Panel(
        "Dead letters",
        "Attempts to write one, by the broker's answer; and those that wait for it.",
        "short",
        [
            (_sum("dead_letters_total", by="result"), "{{result}} a second"),
            (f"sum(clicksend_consumer_dead_letters_waiting{{{IN}}})", "waiting"),
        ],
        "ClicksendDeadLetterWritesFail",
    ),
    Panel(
        "Retention used up",
        "Age of the oldest unsettled record, as a share of the source topic's retention. At 1 Kafka deletes it.",
        "percentunit",
        [(f"{WAITS} / min(clicksend:source_retention:seconds{{{IN}}})", "used")],
        "ClicksendRetentionRisk",
    ),
]

QUALITY = [
    Panel(
        "Dead letters, 1 h",
        "Share of the enrolment events of the past hour that could not be delivered, ever.",
        "percentunit",
        [(f"max(clicksend:dead_lettered:ratio1h{{{IN}}})", "dead-lettered")],
        "ClicksendDeadLetterRate",
        red_from=0.05,
    ),
    Panel(
        "Answered ALREADY_EXISTS, 1 h",
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
        "Contacts that ClickSend has taken in the past hour.",
        "short",
        [(f'sum(increase(clicksend_consumer_records_settled_total{{{IN}, disposition="delivered"}}[1h]))', "contacts")],
        red_from=NEVER,
    ),
    Panel(
        "Without identity, 1 h",
        "Enrolment events with neither email nor phone: filtered. Many are a fault of the source.",
        "short",
        [(f'sum(increase(clicksend_consumer_records_settled_total{{{IN}, reason="no_identity"}}[1h]))', "no identity")],
        red_from=NEVER,
    ),
    Panel(
        "Dead letters by reason",
        "A second. `rejected`: ClickSend refuses the contact; `unmappable`, `undecodable`: what the source sends.",
        "recps",
        [(_sum("records_settled_total", 'disposition="dead_lettered"', "reason"), "{{reason}}")],
        "ClicksendDeadLetterRate",
    ),
    Panel(
        "Filtered by reason",
        "A second. `not_enrolment` is browsing, most of a topic.",
        "recps",
        [(_sum("records_settled_total", 'disposition="filtered"', "reason"), "{{reason}}")],
    ),
]

SATURATION = [
    Panel(
        "Records held in memory",
        "In progress, all workers. A worker pauses partitions at WORKER_MAX_BUFFERED_RECORDS.",
        "short",
        [(f"sum(clicksend_consumer_records_in_progress{{{IN}}})", "in progress")],
    ),
    Panel(
        "Paused partitions",
        "Of which the worker holds enough for now.",
        "short",
        [(f"sum(clicksend_consumer_paused_partitions{{{IN}}})", "paused")],
        "ClicksendPartitionsPaused",
    ),
    Panel(
        "Longest lane",
        "Records that wait for one contact. Hundreds are usually a test account or a fault of the source.",
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
        "Of each worker: its connections to Kafka and ClickSend, and a few more.",
        "short",
        [(f"process_open_fds{{{IN}}} and on (instance) clicksend_consumer_build_info", "{{instance}}")],
    ),
]

FLEET = [
    Panel(
        "Workers",
        "That Prometheus sees.",
        "short",
        [(f"count(clicksend_consumer_build_info{{{IN}}})", "workers")],
        "ClicksendWorkersAbsent",
        red_from=NEVER,
    ),
    Panel(
        "Partitions owned",
        "By all workers together; below the topic's number some are not consumed.",
        "short",
        [(f"sum(clicksend_consumer_assigned_partitions{{{IN}}})", "partitions")],
        "ClicksendNoPartitions",
        red_from=NEVER,
    ),
    Panel(
        "Slowest poll loop",
        "Seconds since Kafka was last polled, of the worst worker. The liveness probe restarts it after minutes.",
        "s",
        [(f"max(time() - clicksend_consumer_last_poll_timestamp_seconds{{{IN}}})", "since the last poll")],
        "ClicksendWorkerStalled",
        red_from=60,
    ),
    Panel(
        "Versions",
        "How many different ones run. More than one only in the midst of a roll-out.",
        "short",
        [(f"count(count by (version) (clicksend_consumer_build_info{{{IN}}}))", "versions")],
        red_from=2,
    ),
    Panel(
        "Partitions by worker",
        "Even shares are right. 0 is a standby worker.",
        "short",
        [(f"clicksend_consumer_assigned_partitions{{{IN}}}", "{{instance}}")],
        "ClicksendNoPartitions",
    ),
    Panel(
        "Deliveries by worker",
        "Contacts delivered a second, by worker.",
        "recps",
        [(_sum("records_settled_total", 'disposition="delivered"', "instance"), "{{instance}}")],
    ),
    Panel(
        "Records given back",
        "With their partition, a second: another worker settles them.",
        "recps",
        [(_sum("records_released_total", by="reason"), "{{reason}}"), (_sum("stale_responses_total"), "stale")],
        "ClicksendRebalanceStorm",
    ),
    Panel(
        "Skipped after a restart",
        "Records consumed again that the commit's metadata says are settled, a second.",
        "recps",
        [(_sum("records_skipped_total"), "skipped")],
    ),
]

DASHBOARDS = {
    "Service level": ("Do sign-ups arrive in time, and if not, where do they stop?", SERVICE_LEVEL),
    "ClickSend": ("What ClickSend answers, and what holds requests back.", CLICKSEND),
    "Kafka": ("Lag, commits, rebalances, dead letters.", KAFKA),
    "Data quality": ("What the source sends, and what can't be delivered.", QUALITY),
    "Saturation": ("How full the workers are.", SATURATION),
    "Fleet": ("The workers, one by one.", FLEET),
}


def dashboards(runbook: str) -> Iterator[tuple[str, str]]:
    """Return a file name and its JSON for each. runbook -- the address of the runbook's sections, up to their names"""
    for title, (description, panels) in DASHBOARDS.items():
        yield f"{title.lower().replace(' ', '-')}.json", build(title, description, panels, runbook)
