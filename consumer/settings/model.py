"""All settings: one model, a section for each package. README.md's table and `settings` are generated from it.

The field `group_id` of the section `kafka` is `KAFKA_GROUP_ID` in the environment and `group_id` under `[kafka]` in
the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, get_type_hints

from msgspec import Meta
from msgspec.structs import replace

from consumer.clicksend.fault import OnConfigurationFault
from consumer.errors import Problem
from consumer.log import LogFormat, LogLevel
from consumer.loopback import is_loopback
from consumer.settings import buffer
from consumer.settings import registry as registry_section
from consumer.settings import section as kind
from consumer.settings.enrolment import Enrolment
from consumer.settings.field import DefaultShown, Deprecated, Earlier, Fits
from consumer.settings.kafka import Kafka
from consumer.settings.registry import Registry
from consumer.settings.section import Section
from consumer.settings.sources import Sources
from consumer.settings.values import SettingError


class Debugger(StrEnum):
    """The values of MONITOR_DEBUGGER."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class ClickSend(Section, frozen=True):
    """The contact list that records are delivered to."""

    username: Annotated[kind.BasicUser, "account user name"]
    api_key: Annotated[kind.HeaderSecret, "API key, not the login password"]
    list_id: Annotated[int, Meta(gt=0, le=2**63 - 1), "number of the contact list"]
    base_url: Annotated[kind.BaseUrl, "URL of the API; plain HTTP for loopback only"] = "https://rest.clicksend.com/v3"
    ca_file: Annotated[kind.ReadableFile | None, "file of an additional CA, PEM"] = None
    proxy_url: Annotated[
        kind.ProxyUrl | None,
        "URL of a proxy, which may include user name and password; `HTTPS_PROXY` and the like are ignored",
    ] = None
    connect_timeout: Annotated[kind.SomeSeconds, "seconds"] = 3
    read_timeout: Annotated[kind.SomeSeconds, "seconds without a byte"] = 10
    total_timeout: Annotated[
        kind.SomeSeconds, "seconds for a whole request; limits the other two, which may be larger"
    ] = 20

    @property
    def uses_tls(self) -> bool:
        """Return whether certificates are needed: `base_url` is plain HTTP for loopback only."""
        return self.base_url.startswith("https:")


class Delivery(Section, frozen=True):
    """The rate of delivery, and the reaction to refusals."""

    concurrency: Annotated[int, Meta(ge=1, le=2000), "requests in flight"] = 16
    max_requests_per_second: Annotated[kind.Rate, "for this worker; 0 = no fixed limit"] = 0
    on_configuration_fault: Annotated[
        OnConfigurationFault,
        "`halt`, or `dead_letter`: write records with 401/403/404 to the dead-letter topic",
    ] = OnConfigurationFault.HALT
    probe_interval: Annotated[kind.SomeSeconds, "seconds between probes while halted"] = 30
    mass_rejection_limit: Annotated[
        int,
        Meta(ge=0),
        "number of contacts rejected without a delivery between them that halts delivery; 0 = never",
    ] = 20
    deduplicate: Annotated[
        int,
        Meta(ge=0),
        "skip a record equal to the contact's last delivery, remembered for n emails and phone "
        "numbers; 0 = off. For topics that keep a contact in one partition, or a single worker",
    ] = 0


class Retry(Section, frozen=True):
    """The backoff between attempts for one record: exponential, full jitter."""

    initial_delay: Annotated[kind.SomeSeconds, "longest delay before the first retry, in seconds"] = 0.5
    max_delay: Annotated[kind.SomeSeconds, "longest delay before any retry, in seconds", Fits(_not_below_the_first)] = (
        60
    )
    max_age: Annotated[
        kind.Seconds,
        "seconds, 0 = unlimited; a record that fails for this long *while others succeed* becomes a dead letter",
    ] = 86_400


def _not_below_the_first(delay: float, earlier: Earlier) -> float:
    if delay < earlier.get("initial_delay", 0):
        raise SettingError("is below RETRY_INITIAL_DELAY", "Raise it, or lower RETRY_INITIAL_DELAY")
    return delay


class Worker(Section, frozen=True):
    """Startup, shutdown and memory of the worker."""

    drain_timeout: Annotated[kind.Seconds, "seconds to finish requests in flight on shutdown"] = 25
    start_timeout: Annotated[
        kind.Seconds,
        "seconds, 0 = unlimited; exit with status 70 if Kafka is unreachable, or refuses access to the "
        "topics, for this long",
    ] = 0
    max_buffered_records: Annotated[
        int,
        Meta(ge=1),
        "unsettled records in memory, each event of a batch counted, shared equally by the partitions; of"
        " each at most 3000 records, as many as its commit metadata lists",
        DefaultShown("max(2000, 4 x DELIVERY_CONCURRENCY)"),
    ] = buffer.DEFAULT_AT_LEAST
    max_buffered_bytes: Annotated[int, Meta(ge=1), "bytes of records held in memory"] = 67_108_864
    cores: Annotated[str | None, "deprecated: ignored with a warning, refused in the next release", Deprecated()] = None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings without effect."""
        if self.cores is None:
            return ()
        return (Problem("WORKER_CORES", "is ignored: the worker changes no CPU affinity", "Leave it out"),)


class Monitor(Section, frozen=True):
    """`/metrics`, `/livez`, `/readyz`, and the event debugger at `/`."""

    host: Annotated[
        kind.HostName,
        "listen address of `/metrics`, `/livez`, `/readyz` and the event debugger; `0.0.0.0` for all "
        "of IPv4, `::`"
        " for IPv6 as well",
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535), "port; 0 picks a free one"] = 9464
    allowed_hosts: Annotated[kind.Hosts, "accepted host names of the debugger, besides loopback"] = ()
    token: Annotated[
        kind.HeaderSecret | None,
        "token of the debugger, sent as a password or `Authorization: Bearer`; required unless on loopback",
    ] = None
    debugger: Annotated[
        Debugger,
        "`auto`: on for a loopback host, off elsewhere; `on`, `off`",
        Fits(_guarded_off_loopback),
    ] = Debugger.AUTO
    debugger_records: Annotated[
        int, Meta(ge=1, le=10_000), "records that the debugger keeps per disposition; values are masked"
    ] = 300

    @property
    def serves_debugger(self) -> bool:
        """Return whether the event debugger is served."""
        return self.debugger is Debugger.ON or (self.debugger is Debugger.AUTO and is_loopback(self.host))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings of an event debugger that is off."""
        if self.serves_debugger:
            return ()
        given = {"allowed_hosts", "token", "debugger_records"} & self.given
        what, hint = "is ignored: the event debugger is off", "Set MONITOR_DEBUGGER=on, or leave it out"
        return tuple(Problem(f"MONITOR_{name.upper()}", what, hint) for name in sorted(given))


def _guarded_off_loopback(debugger: Debugger, earlier: Earlier) -> Debugger:
    off_loopback = not is_loopback(earlier.get("host", "localhost"))
    if debugger is Debugger.ON and off_loopback and earlier.get("token", "") is None:
        raise SettingError(
            "is on without MONITOR_TOKEN, and MONITOR_HOST is not loopback",
            "Set MONITOR_TOKEN, or MONITOR_HOST=127.0.0.1",
        )
    return debugger


class Log(Section, frozen=True):
    """Log output on stderr."""

    level: Annotated[LogLevel, "`debug`, `info`, `warning` or `error`"] = LogLevel.INFO
    format: Annotated[LogFormat, "`auto`: console on a terminal, JSON elsewhere; `console`, `json`"] = LogFormat.AUTO


class Settings:
    """The result of `load`. A section that was not requested is absent: reading it raises AttributeError.

    sections -- by name
    """

    kafka: Kafka
    clicksend: ClickSend
    registry: Registry
    enrolment: Enrolment
    delivery: Delivery
    retry: Retry
    worker: Worker
    monitor: Monitor
    log: Log

    def __init__(self, sources: Sources, sections: Mapping[str, Section]) -> None:
        self.sources = sources
        self.sections = sections
        vars(self).update(sections)

    def with_sections(self, **others: Section) -> Settings:
        """Return the same settings with these sections in the place of their own."""
        return Settings(self.sources, {**self.sections, **others})

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings of all loaded sections."""
        return warnings_of(self.sections)


SECTIONS: dict[str, type[Section]] = get_type_hints(Settings)


def with_shared_defaults(sections: Mapping[str, Section]) -> dict[str, Section]:
    """Return these checked sections with the defaults that depend on another section."""
    match sections.get("delivery"), sections.get("worker"):
        case Delivery() as delivery, Worker() as worker if "max_buffered_records" not in worker.given:
            records = buffer.default_records(delivery.concurrency)
            return {**sections, "worker": replace(worker, max_buffered_records=records)}
    return dict(sections)


def warnings_of(sections: Mapping[str, Section]) -> tuple[Problem, ...]:
    """Return the warnings of each section, and those that involve two."""
    found = [warning for section in sections.values() for warning in section.warnings]
    match sections.get("delivery"), sections.get("worker"):
        case Delivery() as delivery, Worker() as worker:
            found += buffer.warnings(worker.max_buffered_records, delivery.concurrency)
    match sections.get("kafka"), sections.get("registry"):
        case Kafka() as kafka, Registry() as registry:
            found += registry_section.warnings(kafka.value_format, registry)
    return tuple(found)
