"""All settings: one model, a section for each package. README.md's table and `settings` are generated from it.

The field `group_id` of the section `kafka` is `KAFKA_GROUP_ID` in the environment and `group_id` under `[kafka]` in
the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo
from pydantic import field_validator as check

from consumer.delivery.outcome_policy import OnConfigurationFault
from consumer.errors import Problem
from consumer.log import LogFormat, LogLevel
from consumer.loopback import is_loopback
from consumer.settings import buffer
from consumer.settings import registry as registry_section
from consumer.settings import section as kind
from consumer.settings.enrolment import Enrolment
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


class ClickSend(Section):
    """The contact list that records are delivered to."""

    username: kind.BasicUser = Field(description="account user name")
    api_key: kind.HeaderSecret = Field(description="API key, not the login password")
    list_id: int = Field(gt=0, le=2**63 - 1, description="number of the contact list")
    base_url: kind.BaseUrl = Field(
        "https://rest.clicksend.com/v3", description="URL of the API; plain HTTP for loopback only"
    )
    ca_file: kind.ReadableFile | None = Field(None, description="file of an additional CA, PEM")
    proxy_url: kind.ProxyUrl | None = Field(
        None,
        description="URL of a proxy, which may include user name and password; `HTTPS_PROXY` and the like are ignored",
    )
    connect_timeout: kind.SomeSeconds = Field(3, description="seconds")
    read_timeout: kind.SomeSeconds = Field(10, description="seconds without a byte")
    total_timeout: kind.SomeSeconds = Field(
        20, description="seconds for a whole request; limits the other two, which may be larger"
    )

    @property
    def uses_tls(self) -> bool:
        """Return whether certificates are needed: `base_url` is plain HTTP for loopback only."""
        return self.base_url.startswith("https:")


class Delivery(Section):
    """The rate of delivery, and the reaction to refusals."""

    concurrency: int = Field(16, ge=1, le=2000, description="requests in flight")
    max_requests_per_second: kind.Rate = Field(0, description="for this worker; 0 = no fixed limit")
    on_configuration_fault: OnConfigurationFault = Field(
        OnConfigurationFault.HALT,
        description="`halt`, or `dead_letter`: write records with 401/403/404 to the dead-letter topic",
    )
    probe_interval: kind.SomeSeconds = Field(30, description="seconds between probes while halted")
    mass_rejection_limit: int = Field(
        20,
        ge=0,
        description="number of contacts rejected without a delivery between them that halts delivery; 0 = never",
    )
    deduplicate: int = Field(
        0,
        ge=0,
        description="skip a record equal to the contact's last delivery, remembered for n emails and phone "
        "numbers; 0 = off. For topics that keep a contact in one partition, or a single worker",
    )


class Retry(Section):
    """The backoff between attempts for one record: exponential, full jitter."""

    initial_delay: kind.SomeSeconds = Field(0.5, description="longest delay before the first retry, in seconds")
    max_delay: kind.SomeSeconds = Field(60, description="longest delay before any retry, in seconds")
    max_age: kind.Seconds = Field(
        86_400,
        description="seconds, 0 = unlimited; a record that fails for this long *while others succeed* becomes a "
        "dead letter",
    )

    @check("max_delay")
    @classmethod
    def _not_below_the_first(cls, delay: float, info: ValidationInfo) -> float:
        if delay < info.data.get("initial_delay", 0):
            raise SettingError("is below RETRY_INITIAL_DELAY", "Raise it, or lower RETRY_INITIAL_DELAY")
        return delay


class Worker(Section):
    """Startup, shutdown and memory of the worker."""

    drain_timeout: kind.Seconds = Field(25, description="seconds to finish requests in flight on shutdown")
    start_timeout: kind.Seconds = Field(
        0,
        description="seconds, 0 = unlimited; exit with status 70 if Kafka is unreachable, or refuses access to the "
        "topics, for this long",
    )
    max_buffered_records: int = Field(
        buffer.DEFAULT_AT_LEAST,
        ge=1,
        json_schema_extra={"default_shown": "max(2000, 4 x DELIVERY_CONCURRENCY)"},
        description="unsettled records in memory, each event of a batch counted, shared equally by the partitions; of"
        " each at most 3000 records, as many as its commit metadata lists",
    )
    max_buffered_bytes: int = Field(67_108_864, ge=1, description="bytes of records held in memory")
    cores: str | None = Field(
        None,
        json_schema_extra={"deprecated": True},
        description="deprecated: ignored with a warning, refused in the next release",
    )

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings without effect."""
        if self.cores is None:
            return ()
        return (Problem("WORKER_CORES", "is ignored: the worker changes no CPU affinity", "Leave it out"),)


class Monitor(Section):
    """`/metrics`, `/livez`, `/readyz`, and the event debugger at `/`."""

    host: kind.HostName = Field(
        "127.0.0.1",
        description="listen address of `/metrics`, `/livez`, `/readyz` and the event debugger; `0.0.0.0` for all "
        "of IPv4, `::`"
        " for IPv6 as well",
    )
    port: int = Field(9464, ge=0, le=65535, description="port; 0 picks a free one")
    allowed_hosts: kind.Hosts = Field((), description="accepted host names of the debugger, besides loopback")
    token: kind.HeaderSecret | None = Field(
        None,
        description="token of the debugger, sent as a password or `Authorization: Bearer`; required unless on loopback",
    )
    debugger: Debugger = Field(Debugger.AUTO, description="`auto`: on for a loopback host, off elsewhere; `on`, `off`")
    debugger_records: int = Field(
        300, ge=1, le=10_000, description="records that the debugger keeps per disposition; values are masked"
    )

    @check("debugger")
    @classmethod
    def _guarded_off_loopback(cls, debugger: Debugger, info: ValidationInfo) -> Debugger:
        off_loopback = not is_loopback(info.data.get("host", "localhost"))
        if debugger is Debugger.ON and off_loopback and info.data.get("token", "") is None:
            raise SettingError(
                "is on without MONITOR_TOKEN, and MONITOR_HOST is not loopback",
                "Set MONITOR_TOKEN, or MONITOR_HOST=127.0.0.1",
            )
        return debugger

    @property
    def serves_debugger(self) -> bool:
        """Return whether the event debugger is served."""
        return self.debugger is Debugger.ON or (self.debugger is Debugger.AUTO and is_loopback(self.host))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings of an event debugger that is off."""
        if self.serves_debugger:
            return ()
        given = {"allowed_hosts", "token", "debugger_records"} & self.model_fields_set
        what, hint = "is ignored: the event debugger is off", "Set MONITOR_DEBUGGER=on, or leave it out"
        return tuple(Problem(f"MONITOR_{name.upper()}", what, hint) for name in sorted(given))


class Log(Section):
    """Log output on stderr."""

    level: LogLevel = Field(LogLevel.INFO, description="`debug`, `info`, `warning` or `error`")
    format: LogFormat = Field(
        LogFormat.AUTO, description="`auto`: console on a terminal, JSON elsewhere; `console`, `json`"
    )


class Settings(BaseModel):
    """The result of `load`. A section that was not requested is absent: reading it raises AttributeError."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    sources: Sources = Field(repr=False)
    kafka: Kafka
    clicksend: ClickSend
    registry: Registry
    enrolment: Enrolment
    delivery: Delivery
    retry: Retry
    worker: Worker
    monitor: Monitor
    log: Log

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings of all loaded sections."""
        return warnings_of({name: getattr(self, name) for name in SECTIONS if name in self.model_fields_set})


SECTIONS: dict[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


def with_shared_defaults(sections: Mapping[str, Section]) -> dict[str, Section]:
    """Return these checked sections with the defaults that depend on another section."""
    match sections.get("delivery"), sections.get("worker"):
        case Delivery() as delivery, Worker() as worker if "max_buffered_records" not in worker.model_fields_set:
            records = buffer.default_records(delivery.concurrency)
            return {**sections, "worker": worker.model_copy(update={"max_buffered_records": records})}
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
