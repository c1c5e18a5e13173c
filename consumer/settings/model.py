"""All settings: one model, a section for each package. The table in README.md and `settings` come from it.

The field `group_id` of the section `kafka` is `KAFKA_GROUP_ID` in the environment and `group_id` under `[kafka]` in
the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo
from pydantic import field_validator as check

from consumer.delivery.outcome_policy import OnConfigurationFault
from consumer.enrolment.rules import PhoneCheck
from consumer.errors import Problem
from consumer.formats.value_format import ValueFormat
from consumer.kafka.options import GroupProtocol, OffsetReset
from consumer.log import LogFormat, LogLevel
from consumer.loopback import is_loopback
from consumer.settings import buffer
from consumer.settings import registry as registry_section
from consumer.settings import section as kind
from consumer.settings.kafka_properties import check_owned
from consumer.settings.registry import Registry
from consumer.settings.section import Section
from consumer.settings.sources import Sources
from consumer.settings.values import SettingError, topic_name


class SecurityProtocol(StrEnum):
    """librdkafka's security.protocol."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def has_sasl(self) -> bool:
        return self in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)

    @property
    def has_tls(self) -> bool:
        return self in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)


class SaslMechanism(StrEnum):
    """What the librdkafka in confluent-kafka's wheels is built with; Kerberos is not among it."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"


Login = str | SecretStr | None


class Debugger(StrEnum):
    """Whether the event debugger is served."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Kafka(Section):
    """Where records come from, and where dead letters go."""

    bootstrap_servers: kind.Servers = Field(description="Kafka's servers as `host:port`, comma-separated")
    topic: kind.TopicNames = Field(description="source topic, or several, comma-separated")
    group_id: str = Field("clicksend-consumer", description="consumer group; its workers share the partitions")
    dead_letter_topic: str = Field(
        "",
        json_schema_extra={"default_shown": "<topic>.dead-letter"},
        description="where dead letters go; must exist at start. Required when there are several topics",
    )
    create_dead_letter_topic: bool = Field(
        default=False, description="`true`: create the dead-letter topic when it is missing"
    )
    group_protocol: GroupProtocol = Field(
        GroupProtocol.CLASSIC, description="`classic` (cooperative-sticky) or `consumer` (KIP-848)"
    )
    group_instance_id: str | None = Field(
        None,
        description="static membership (KIP-345): this worker's own name in the group, the same after a restart, which"
        " then moves no partition; for a StatefulSet",
    )
    auto_offset_reset: OffsetReset = Field(
        OffsetReset.EARLIEST,
        description="`earliest`, `latest` or `error`: what a group without a usable offset does",
    )
    session_timeout_ms: int = Field(
        45_000, ge=1, le=3_600_000, description="milliseconds; for `classic` only, ignored with a warning otherwise"
    )
    max_poll_interval_ms: int = Field(
        300_000, ge=1, le=86_400_000, description="milliseconds; a worker that does not poll for so long is out"
    )
    value_format: ValueFormat = Field(
        ValueFormat.AUTO,
        description="`auto` (JSON, gzip, framed JSON, CloudEvents), `json`, `registry` (Avro, JSON Schema, Protobuf) or"
        " `cloudevents`",
    )
    security_protocol: SecurityProtocol = Field(
        SecurityProtocol.PLAINTEXT, description="`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`"
    )
    sasl_mechanism: SaslMechanism | None = Field(
        None, description="`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`"
    )
    sasl_username: str | None = Field(None, description="user at Kafka")
    sasl_password: SecretStr | None = Field(None, description="password at Kafka")
    ssl_ca_location: kind.CaLocation | None = Field(None, description="CA file of Kafka's certificates, PEM")
    properties: kind.Properties = Field(
        {},
        description="JSON (a table in TOML): any other librdkafka property; those the worker owns are refused by name",
    )

    @check("dead_letter_topic")
    @classmethod
    def _dead_letter_topic(cls, name: str, info: ValidationInfo) -> str:
        topics: tuple[str, ...] = info.data.get("topic", ())
        if not name and len(topics) > 1:
            raise SettingError("is missing, and there are several topics", "Name the one topic for their dead letters")
        name = name or "".join(f"{topic}.dead-letter" for topic in topics)
        if name in topics:
            raise SettingError("is a source topic: dead letters would be consumed again", "Name another topic")
        return topic_name(name) if name else name

    @check("max_poll_interval_ms")
    @classmethod
    def _no_shorter_than_the_session(cls, interval: int, info: ValidationInfo) -> int:
        classic = info.data.get("group_protocol") is GroupProtocol.CLASSIC
        if classic and interval < info.data.get("session_timeout_ms", 0):
            raise SettingError("is below KAFKA_SESSION_TIMEOUT_MS", "Raise it, or lower KAFKA_SESSION_TIMEOUT_MS")
        return interval

    @check("sasl_mechanism")
    @classmethod
    def _mechanism_fits_protocol(cls, mechanism: SaslMechanism | None, info: ValidationInfo) -> SaslMechanism | None:
        protocol = info.data.get("security_protocol")
        if protocol and protocol.has_sasl and mechanism is None:
            raise SettingError("is missing, and KAFKA_SECURITY_PROTOCOL asks for SASL", "Set it as your Kafka has it")
        if protocol and not protocol.has_sasl and mechanism is not None:
            raise SettingError(
                "is set, and KAFKA_SECURITY_PROTOCOL has no SASL", "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl"
            )
        return mechanism

    @check("sasl_username", "sasl_password")
    @classmethod
    def _login_fits_mechanism(cls, given: Login, info: ValidationInfo) -> Login:
        if "sasl_mechanism" not in info.data:
            return given
        mechanism = info.data["sasl_mechanism"]
        if given is not None and mechanism is None:
            raise SettingError(
                "is set without KAFKA_SASL_MECHANISM", "Set KAFKA_SASL_MECHANISM and KAFKA_SECURITY_PROTOCOL"
            )
        if given is None and mechanism not in (None, SaslMechanism.OAUTHBEARER):
            raise SettingError("is missing, and KAFKA_SASL_MECHANISM needs it", "Set it")
        return given

    @check("properties")
    @classmethod
    def _not_the_workers(cls, given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        check_owned(given, info.data.get("group_protocol"))
        return given

    @property
    def topics(self) -> tuple[str, ...]:
        """The source topics: KAFKA_TOPIC may name several."""
        return self.topic

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is given and has no effect."""
        unused = []
        if self.group_protocol is GroupProtocol.CONSUMER and "session_timeout_ms" in self.model_fields_set:
            what = "is ignored: with KAFKA_GROUP_PROTOCOL=consumer the broker decides it"
            unused.append(Problem("KAFKA_SESSION_TIMEOUT_MS", what, "Leave it out"))
        if self.ssl_ca_location and not self.security_protocol.has_tls:
            what = "is ignored: KAFKA_SECURITY_PROTOCOL has no TLS"
            unused.append(Problem("KAFKA_SSL_CA_LOCATION", what, "Set KAFKA_SECURITY_PROTOCOL=ssl or sasl_ssl"))
        return tuple(unused)


class ClickSend(Section):
    """The contact list that records are delivered to."""

    username: kind.BasicUser = Field(description="account user name")
    api_key: kind.HeaderSecret = Field(description="the API key, not the login password")
    list_id: int = Field(gt=0, le=2**63 - 1, description="the contact list's number")
    base_url: kind.BaseUrl = Field(
        "https://rest.clicksend.com/v3", description="address of the API; plain http for loopback only"
    )
    ca_file: kind.ReadableFile | None = Field(None, description="a company's own CA, PEM")
    proxy_url: kind.ProxyUrl | None = Field(
        None, description="an explicit proxy, may carry its password; nothing is taken from the environment"
    )
    connect_timeout: kind.SomeSeconds = Field(3, description="seconds")
    read_timeout: kind.SomeSeconds = Field(10, description="seconds without a byte")
    total_timeout: kind.SomeSeconds = Field(
        20, description="seconds for a whole request; cuts the other two, a larger part is no error"
    )


class Enrolment(Section):
    """Which events become contacts, and how."""

    events: kind.Names = Field(
        ("Signed Up", "Identify"), description="events that enrol; compared without case, spaces, `_`, `-`"
    )
    default_region: kind.Region | None = Field(
        None, description="ISO 3166 alpha-2 (`US`), for phone numbers in national form"
    )
    phone_check: PhoneCheck = Field(
        PhoneCheck.POSSIBLE, description="`possible` or `valid`: how strictly numbers are read"
    )
    event_path: kind.JsonPointer | None = Field(None, description="JSON pointer to the event inside a wrapper record")
    unrecognised_limit: int = Field(
        20,
        ge=0,
        description="so many records in a row that are no events (a wrong topic, a wrong format) hold their partition; "
        "0 = never",
    )
    max_event_age: kind.Seconds = Field(
        0, description="seconds, 0 = off; older records are filtered as `too_old`: for a new group on an old topic"
    )


class Delivery(Section):
    """How fast, and what happens when ClickSend refuses us."""

    concurrency: int = Field(16, ge=1, le=2000, description="requests in flight")
    max_requests_per_second: kind.Rate = Field(0, description="for this worker; 0 = no fixed limit")
    on_configuration_fault: OnConfigurationFault = Field(
        OnConfigurationFault.HALT,
        description="`halt`, or `dead_letter` for those who want 401/403/404 records on the dead-letter topic",
    )
    probe_interval: kind.SomeSeconds = Field(30, description="seconds between probes while halted")
    mass_rejection_limit: int = Field(
        20, ge=0, description="so many contacts rejected with no delivery between them halt the delivery; 0 = never"
    )
    deduplicate: int = Field(
        0,
        ge=0,
        description="skip a record equal to what was last delivered for the contact, remembered for n emails and phone "
        "numbers; 0 = off. For topics that keep a contact in one partition, or a single worker",
    )


class Retry(Section):
    """Waits between the attempts for one record: exponential, full jitter."""

    initial_delay: kind.SomeSeconds = Field(0.5, description="seconds before the first retry, at most")
    max_delay: kind.SomeSeconds = Field(60, description="seconds before any retry, at most")
    max_age: kind.Seconds = Field(
        86_400, description="seconds, 0 = never; a record failing that long *while others succeed* is a dead letter"
    )

    @check("max_delay")
    @classmethod
    def _not_below_the_first(cls, delay: float, info: ValidationInfo) -> float:
        if delay < info.data.get("initial_delay", 0):
            raise SettingError("is below RETRY_INITIAL_DELAY", "Raise it, or lower RETRY_INITIAL_DELAY")
        return delay


class Worker(Section):
    """Start, end and memory of the worker."""

    drain_timeout: kind.Seconds = Field(25, description="seconds for what is in flight when the worker is told to stop")
    start_timeout: kind.Seconds = Field(
        0, description="seconds, 0 = wait; give up with exit 70 when Kafka was out of reach or refused us for so long"
    )
    max_buffered_records: int = Field(
        buffer.DEFAULT_AT_LEAST,
        ge=1,
        json_schema_extra={"default_shown": "max(2000, 4 x DELIVERY_CONCURRENCY)"},
        description="unsettled records in memory, shared equally by the partitions; of each at most 3000, as many as"
        " its commit metadata lists",
    )
    max_buffered_bytes: int = Field(67_108_864, ge=1, description="bytes of records held in memory")
    cores: str | None = Field(None, description="no longer used: ignored with a warning, refused in the next release")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is given and has no effect."""
        if self.cores is None:
            return ()
        return (Problem("WORKER_CORES", "is ignored: the worker changes no CPU affinity", "Leave it out"),)


class Monitor(Section):
    """`/metrics`, `/livez`, `/readyz`, and the event debugger at `/`."""

    host: kind.HostName = Field(
        "127.0.0.1",
        description="address of `/metrics`, `/livez`, `/readyz` and the event debugger; `0.0.0.0` for all of IPv4, `::`"
        " for IPv6 as well",
    )
    port: int = Field(9464, ge=0, le=65535, description="its port; 0 takes a free one")
    allowed_hosts: kind.Hosts = Field((), description="host names by which the debugger may be called off loopback")
    token: kind.HeaderSecret | None = Field(
        None, description="what the debugger asks for, as a password or `Authorization: Bearer`; needed off loopback"
    )
    debugger: Debugger = Field(Debugger.AUTO, description="`auto`: on for a loopback host, off elsewhere; `on`, `off`")
    debugger_records: int = Field(
        300, ge=1, le=10_000, description="records that the debugger remembers of each disposition; values are masked"
    )

    @check("debugger")
    @classmethod
    def _guarded_off_loopback(cls, debugger: Debugger, info: ValidationInfo) -> Debugger:
        off_loopback = not is_loopback(info.data.get("host", "localhost"))
        if debugger is Debugger.ON and off_loopback and info.data.get("token", "") is None:
            raise SettingError(
                "is on off loopback without MONITOR_TOKEN", "Set MONITOR_TOKEN, or MONITOR_HOST=127.0.0.1"
            )
        return debugger

    @property
    def serves_debugger(self) -> bool:
        """Whether the event debugger is served."""
        return self.debugger is Debugger.ON or (self.debugger is Debugger.AUTO and is_loopback(self.host))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is given and has no effect: settings of an event debugger that is off."""
        if self.serves_debugger:
            return ()
        given = {"allowed_hosts", "token", "debugger_records"} & self.model_fields_set
        what, hint = "is ignored: the event debugger is off", "Set MONITOR_DEBUGGER=on, or leave it out"
        return tuple(Problem(f"MONITOR_{name.upper()}", what, hint) for name in sorted(given))


class Log(Section):
    """What is said on stderr."""

    level: LogLevel = Field(LogLevel.INFO, description="`debug`, `info`, `warning` or `error`")
    format: LogFormat = Field(
        LogFormat.AUTO, description="`auto`: console on a terminal, JSON elsewhere; `console`, `json`"
    )


class Settings(BaseModel):
    """What `load` gives. A section that was not asked for isn't there: using it is an AttributeError, not a default."""

    model_config = ConfigDict(frozen=True)

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
        """What is given and has no effect, or one that is unlikely to be wanted, in all sections that were loaded."""
        return warnings_of({name: getattr(self, name) for name in SECTIONS if name in self.model_fields_set})


SECTIONS: dict[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


def with_shared_defaults(sections: Mapping[str, Section]) -> dict[str, Section]:
    """Return the sections, their defaults that depend on another section filled in. All of them have been checked."""
    match sections.get("delivery"), sections.get("worker"):
        case Delivery() as delivery, Worker() as worker if "max_buffered_records" not in worker.model_fields_set:
            records = buffer.default_records(delivery.concurrency)
            return {**sections, "worker": worker.model_copy(update={"max_buffered_records": records})}
    return dict(sections)


def warnings_of(sections: Mapping[str, Section]) -> tuple[Problem, ...]:
    """Return the warnings of each section, and those that need two of them."""
    found = [warning for section in sections.values() for warning in section.warnings]
    match sections.get("delivery"), sections.get("worker"):
        case Delivery() as delivery, Worker() as worker:
            found += buffer.warnings(worker.max_buffered_records, delivery.concurrency)
    match sections.get("kafka"), sections.get("registry"):
        case Kafka() as kafka, Registry() as registry:
            found += registry_section.warnings(kafka.value_format, registry)
    return tuple(found)
