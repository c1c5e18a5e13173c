from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.errors import Problem
from consumer.settings import SECTIONS, Settings
from consumer.settings.field import fields_of
from consumer.settings.section import text

Make = Callable[..., Settings]
Find = Callable[..., list[Problem]]

# The table of the product's interface: what scripts and manifests rely on.
DEFAULTS = {
    "KAFKA_GROUP_ID": "clicksend-consumer",
    "KAFKA_DEAD_LETTER_TOPIC": "raw-events.dead-letter",
    "KAFKA_CREATE_DEAD_LETTER_TOPIC": "false",
    "KAFKA_GROUP_PROTOCOL": "classic",
    "KAFKA_GROUP_INSTANCE_ID": None,
    "KAFKA_AUTO_OFFSET_RESET": "earliest",
    "KAFKA_SESSION_TIMEOUT_MS": "45000",
    "KAFKA_MAX_POLL_INTERVAL_MS": "300000",
    "KAFKA_VALUE_FORMAT": "auto",
    "REGISTRY_URL": None,
    "REGISTRY_USERNAME": None,
    "REGISTRY_PASSWORD": None,
    "REGISTRY_CA_FILE": None,
    "KAFKA_SECURITY_PROTOCOL": "plaintext",
    "KAFKA_SASL_IDENTITY": None,
    "KAFKA_AWS_REGION": None,
    "KAFKA_OAUTH_TOKEN_ENDPOINT_URL": None,
    "KAFKA_OAUTH_CLIENT_ID": None,
    "KAFKA_OAUTH_CLIENT_SECRET": None,
    "KAFKA_OAUTH_SCOPE": None,
    "KAFKA_OAUTH_EXTENSIONS": None,
    "KAFKA_OAUTH_CA_FILE": None,
    "KAFKA_SASL_MECHANISM": None,
    "KAFKA_SASL_USERNAME": None,
    "KAFKA_SASL_PASSWORD": None,
    "KAFKA_SSL_CA_LOCATION": None,
    "KAFKA_SSL_CERTIFICATE_LOCATION": None,
    "KAFKA_SSL_KEY_LOCATION": None,
    "KAFKA_SSL_KEY_PASSWORD": None,
    "KAFKA_PROPERTIES": "{}",
    "CLICKSEND_BASE_URL": "https://rest.clicksend.com/v3",
    "CLICKSEND_CA_FILE": None,
    "CLICKSEND_PROXY_URL": None,
    "CLICKSEND_CONNECT_TIMEOUT": "3",
    "CLICKSEND_READ_TIMEOUT": "10",
    "CLICKSEND_TOTAL_TIMEOUT": "20",
    "ENROLMENT_EVENTS": "Signed Up,Identify",
    "ENROLMENT_DEFAULT_REGION": None,
    "ENROLMENT_PHONE_CHECK": "possible",
    "ENROLMENT_EVENT_PATH": None,
    "ENROLMENT_INPUT": "event",
    "ENROLMENT_FIELDS": "{}",
    "ENROLMENT_CONSENT_TRAITS": None,
    "ENROLMENT_CONSENT": "all",
    "ENROLMENT_DELIVER_OPT_OUTS": "true",
    "ENROLMENT_UNRECOGNISED_LIMIT": "20",
    "ENROLMENT_MAX_EVENT_AGE": "0",
    "DELIVERY_CONCURRENCY": "16",
    "DELIVERY_MAX_REQUESTS_PER_SECOND": "0",
    "DELIVERY_ON_CONFIGURATION_FAULT": "halt",
    "DELIVERY_PROBE_INTERVAL": "30",
    "DELIVERY_MASS_REJECTION_LIMIT": "20",
    "DELIVERY_DEDUPLICATE": "0",
    "RETRY_INITIAL_DELAY": "0.5",
    "RETRY_MAX_DELAY": "60",
    "RETRY_MAX_AGE": "86400",
    "WORKER_DRAIN_TIMEOUT": "25",
    "WORKER_START_TIMEOUT": "0",
    "WORKER_MAX_BUFFERED_RECORDS": "2000",
    "WORKER_MAX_BUFFERED_BYTES": "67108864",
    "WORKER_CORES": None,
    "MONITOR_HOST": "127.0.0.1",
    "MONITOR_PORT": "9464",
    "MONITOR_ALLOWED_HOSTS": None,
    "MONITOR_TOKEN": None,
    "MONITOR_DEBUGGER": "auto",
    "MONITOR_DEBUGGER_RECORDS": "300",
    "LOG_LEVEL": "info",
    "LOG_FORMAT": "auto",
}
REQUIRED = ["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC", "CLICKSEND_USERNAME", "CLICKSEND_API_KEY", "CLICKSEND_LIST_ID"]


def test_the_names_and_defaults_are_those_of_the_interface(settings: Make) -> None:
    found = settings()
    values = {
        f"{section}_{key}".upper(): text(getattr(getattr(found, section), key))
        for section, model in SECTIONS.items()
        for key in fields_of(model)
    }
    assert {name: value for name, value in values.items() if name not in REQUIRED} == DEFAULTS
    assert [name for name in values if name not in DEFAULTS] == REQUIRED


def test_what_is_required_is_missed_all_at_once_with_a_hint(problems: Find) -> None:
    found = problems(**dict.fromkeys(REQUIRED))
    assert [(problem.name, problem.what) for problem in found] == [(name, "is missing") for name in REQUIRED]
    assert found[1].hint.startswith("Set KAFKA_TOPIC, or `topic` under [kafka] in the --config file: ")


def test_every_problem_is_found_at_once_and_none_shows_its_value(problems: Find) -> None:
    found = problems(
        KAFKA_BOOTSTRAP_SERVERS=None,
        KAFKA_DEAD_LETTER_TOPIC="raw-events",
        CLICKSEND_LIST_ID="secret-1",
        DELIVERY_CONCURRENCY="secret-2",
        RETRY_INITIAL_DELAY="99",
        MONITOR_DEBUGGER="secret-3",
        LOG_LEVEL="secret-4",
    )
    assert [problem.name for problem in found] == [
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_DEAD_LETTER_TOPIC",
        "CLICKSEND_LIST_ID",
        "DELIVERY_CONCURRENCY",
        "RETRY_MAX_DELAY",
        "MONITOR_DEBUGGER",
        "LOG_LEVEL",
    ]
    assert not any("secret-" in str(problem) for problem in found)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        pytest.param("KAFKA_BOOTSTRAP_SERVERS", "kafka:port", "is not a list of servers", id="port-not-a-number"),
        pytest.param("KAFKA_BOOTSTRAP_SERVERS", "kafka:0", "is not a list of servers", id="port-0"),
        pytest.param("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092,,b", "is not a list of servers", id="a-server-left-out"),
        pytest.param("KAFKA_BOOTSTRAP_SERVERS", "https://kafka:9092/x", "is not a list of servers", id="server-as-url"),
        pytest.param("KAFKA_TOPIC", "a topic", "is not a legal topic name", id="topic-with-a-space"),
        pytest.param("KAFKA_TOPIC", "^raw.*", "is not a legal topic name", id="topic-as-a-pattern"),
        pytest.param("KAFKA_TOPIC", ",", "is not a list of names, separated by commas", id="no-topic"),
        pytest.param("KAFKA_TOPIC", "t" * 245, "is not a legal topic name", id="no-room-for-the-dead-letter-suffix"),
        pytest.param("KAFKA_CREATE_DEAD_LETTER_TOPIC", "maybe", "is not true or false", id="boolean"),
        pytest.param("KAFKA_GROUP_PROTOCOL", "new", "is not one of classic, consumer", id="group-protocol"),
        pytest.param("KAFKA_AUTO_OFFSET_RESET", "none", "is not one of earliest, latest, error", id="offset-reset"),
        pytest.param("KAFKA_SESSION_TIMEOUT_MS", "0", "is not a whole number from 1 to 3600000", id="session-timeout"),
        pytest.param("KAFKA_SESSION_TIMEOUT_MS", "45s", "is not a whole number from 1 to 3600000", id="with-a-unit"),
        pytest.param("KAFKA_SSL_CA_LOCATION", "/no/ca.pem", "names a file that can't be read (No such", id="kafka-ca"),
        pytest.param("KAFKA_PROPERTIES", "a=b", "is not a JSON object of property names and values", id="not-json"),
        pytest.param("KAFKA_PROPERTIES", "[]", "is not a JSON object of property names and values", id="json-array"),
        pytest.param("KAFKA_PROPERTIES", '{"a": {}}', "is not a JSON object of property names", id="nested-property"),
        pytest.param("CLICKSEND_USERNAME", "acme:key", "contains a colon", id="username-with-colon"),
        pytest.param("CLICKSEND_API_KEY", "a\nb", "contains a control character", id="api-key-of-two-lines"),
        pytest.param("CLICKSEND_LIST_ID", "my-list", "is not a whole number above 0", id="list-by-name"),
        pytest.param("CLICKSEND_LIST_ID", "0", "is not a whole number above 0", id="list-0"),
        pytest.param("CLICKSEND_BASE_URL", "http://rest.clicksend.com/v3", "is plain HTTP", id="plain-http"),
        pytest.param("CLICKSEND_BASE_URL", "rest.clicksend.com", "is not the address of an API", id="no-scheme"),
        pytest.param(
            "CLICKSEND_BASE_URL", "https://u:p@host/v3", "is not the address of an API", id="credentials-in-url"
        ),
        pytest.param("CLICKSEND_BASE_URL", "https://host/v3?a=b", "is not the address of an API", id="query-in-url"),
        pytest.param("CLICKSEND_BASE_URL", "https://host:x/v3", "is not the address of an API", id="bad-port-in-url"),
        pytest.param("CLICKSEND_CA_FILE", "/", "names a file that can't be read (Is a directory)", id="ca-is-a-folder"),
        pytest.param("CLICKSEND_PROXY_URL", "socks5://host:1", "is not the address of a proxy", id="socks-proxy"),
        pytest.param(
            "CLICKSEND_READ_TIMEOUT", "0", "is not a number above 0 and at most 31536000", id="no-time-to-read"
        ),
        pytest.param("CLICKSEND_READ_TIMEOUT", "inf", "is not a number above 0", id="infinite"),
        pytest.param("CLICKSEND_READ_TIMEOUT", "nan", "is not a number above 0", id="not-a-number"),
        pytest.param("ENROLMENT_EVENTS", " , ", "is not a list of names, separated by commas", id="no-event"),
        pytest.param("ENROLMENT_EVENTS", ", ,", "is not a list of names, separated by commas", id="blank-events"),
        pytest.param("ENROLMENT_EVENTS", "_-, -", "has a name of spaces, `_` and `-` only", id="nameless-events"),
        pytest.param("ENROLMENT_DEFAULT_REGION", "UK", "is not a country that has phone numbers", id="no-such-region"),
        pytest.param("ENROLMENT_EVENT_PATH", "payload", "is not a JSON pointer", id="pointer-without-slash"),
        pytest.param("ENROLMENT_EVENT_PATH", "/a~2", "is not a JSON pointer", id="pointer-with-bad-escape"),
        pytest.param("ENROLMENT_INPUT", "contacts", "is not one of event, contact", id="no-such-input"),
        pytest.param("ENROLMENT_CONSENT", "none", "is not one of all, opted_in", id="no-such-policy"),
        pytest.param("ENROLMENT_DELIVER_OPT_OUTS", "some", "is not true or false", id="no-boolean"),
        pytest.param("DELIVERY_CONCURRENCY", "0", "is not a whole number from 1 to 2000", id="no-requests"),
        pytest.param("DELIVERY_CONCURRENCY", "2001", "is not a whole number from 1 to 2000", id="too-many-requests"),
        pytest.param("DELIVERY_MAX_REQUESTS_PER_SECOND", "-1", "is not a number from 0 to 1000000", id="negative-rate"),
        pytest.param("MONITOR_PORT", "65536", "is not a whole number from 0 to 65535", id="port"),
        pytest.param("MONITOR_HOST", "http://10.0.0.5", "is not a host name", id="host-as-url"),
        pytest.param("MONITOR_ALLOWED_HOSTS", "a.example,b/c", "is not a host name", id="host-with-path"),
        pytest.param("LOG_LEVEL", "loud", "is not one of debug, info, warning, error", id="log-level"),
    ],
)
def test_a_wrong_value_is_one_problem(problems: Find, name: str, value: str, what: str) -> None:
    (problem,) = problems(**{name: value})
    expected = "KAFKA_DEAD_LETTER_TOPIC" if len(value) == 245 else name
    assert problem.name == expected
    assert problem.what.startswith(what)
    assert problem.hint


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        pytest.param("KAFKA_BOOTSTRAP_SERVERS", "a:1, [::1]:2,c", "a:1,[::1]:2,c", id="servers"),
        pytest.param("KAFKA_TOPIC", "a", "a", id="one-topic"),
        pytest.param("KAFKA_GROUP_PROTOCOL", "Consumer", "consumer", id="enum-in-another-case"),
        pytest.param("KAFKA_CREATE_DEAD_LETTER_TOPIC", "TRUE", "true", id="boolean-in-another-case"),
        pytest.param(
            "CLICKSEND_BASE_URL", "http://127.0.0.1:8080/v3/", "http://127.0.0.1:8080/v3", id="http-on-loopback"
        ),
        pytest.param("CLICKSEND_BASE_URL", "http://[::1]:8080/v3", "http://[::1]:8080/v3", id="http-on-ipv6-loopback"),
        pytest.param("CLICKSEND_BASE_URL", "http://LocalHost/v3", "http://LocalHost/v3", id="http-on-localhost"),
        pytest.param("CLICKSEND_CONNECT_TIMEOUT", "90", "90", id="a-part-larger-than-the-total"),
        pytest.param("ENROLMENT_EVENTS", "Signed Up , signed_up,", "Signed Up,signed_up", id="events"),
        pytest.param("ENROLMENT_DEFAULT_REGION", "gb", "GB", id="region-in-another-case"),
        pytest.param("ENROLMENT_EVENT_PATH", "/payload/a~1b", "/payload/a~1b", id="pointer"),
        pytest.param("ENROLMENT_INPUT", "Contact", "contact", id="input-in-another-case"),
        pytest.param("ENROLMENT_CONSENT", "OPTED_IN", "opted_in", id="policy-in-another-case"),
        pytest.param("ENROLMENT_CONSENT_TRAITS", "sms_consent, newsletter,", "sms_consent,newsletter", id="traits"),
        pytest.param("ENROLMENT_FIELDS", '{"custom_2":["/a"]}', '{"custom_2": "/a"}', id="fields"),
        pytest.param("KAFKA_PROPERTIES", '{"client.rack": "x"}', '{"client.rack": "********"}', id="masked-properties"),
        pytest.param("KAFKA_SSL_CA_LOCATION", "probe", "probe", id="librdkafka-looks-for-the-ca"),
        pytest.param("MONITOR_ALLOWED_HOSTS", "a.example, b.example", "a.example,b.example", id="hosts"),
    ],
)
def test_a_right_value_is_taken(settings: Make, name: str, value: str, found: str) -> None:
    section, _, key = name.lower().partition("_")
    assert text(getattr(getattr(settings(**{name: value}), section), key)) == found


def test_a_topic_named_twice_is_one_topic(settings: Make) -> None:
    kafka = settings(KAFKA_TOPIC="a,a").kafka
    assert (kafka.topics, kafka.dead_letter_topic) == (("a",), "a.dead-letter")


def test_several_topics_need_a_dead_letter_topic(problems: Find) -> None:
    (problem,) = problems(KAFKA_TOPIC="a,b")
    assert problem.name == "KAFKA_DEAD_LETTER_TOPIC"
    assert problem.what == "is missing, and there are several topics"
    assert problems(KAFKA_TOPIC="a,b", KAFKA_DEAD_LETTER_TOPIC="dead") == []


def test_the_dead_letter_topic_is_no_source_topic(problems: Find) -> None:
    (problem,) = problems(KAFKA_TOPIC="a,b", KAFKA_DEAD_LETTER_TOPIC="b")
    assert problem.what == "is a source topic: dead letters would be consumed again"


def test_the_session_ends_before_the_poll_interval_where_the_client_decides(problems: Find) -> None:
    (problem,) = problems(KAFKA_MAX_POLL_INTERVAL_MS="10000")
    assert (problem.name, problem.what) == ("KAFKA_MAX_POLL_INTERVAL_MS", "is below KAFKA_SESSION_TIMEOUT_MS")
    assert problems(KAFKA_MAX_POLL_INTERVAL_MS="10000", KAFKA_GROUP_PROTOCOL="consumer") == []


SASL = {
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_SASL_MECHANISM": "scram-sha-512",
    "KAFKA_SASL_USERNAME": "worker",
    "KAFKA_SASL_PASSWORD": "pw",
}


def test_sasl_is_complete_with_protocol_mechanism_user_and_password(settings: Make) -> None:
    assert settings(**SASL).kafka.sasl_mechanism == "SCRAM-SHA-512"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        pytest.param({"KAFKA_SECURITY_PROTOCOL": None}, ["KAFKA_SASL_MECHANISM"], id="no-protocol"),
        pytest.param({"KAFKA_SASL_MECHANISM": None}, ["KAFKA_SASL_MECHANISM"], id="no-mechanism"),
        pytest.param({"KAFKA_SASL_MECHANISM": "GSSAPI"}, ["KAFKA_SASL_MECHANISM"], id="mechanism-not-built-in"),
        pytest.param({"KAFKA_SASL_USERNAME": None}, ["KAFKA_SASL_USERNAME"], id="no-user"),
        pytest.param({"KAFKA_SASL_PASSWORD": None}, ["KAFKA_SASL_PASSWORD"], id="no-password"),
        pytest.param(
            {"KAFKA_SECURITY_PROTOCOL": None, "KAFKA_SASL_MECHANISM": None},
            ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"],
            id="login-alone",
        ),
        pytest.param(
            {"KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_SASL_USERNAME": None, "KAFKA_SASL_PASSWORD": None},
            [],
            id="a-mechanism-without-login",
        ),
    ],
)
def test_sasl_in_part_names_what_is_missing(problems: Find, change: dict[str, str | None], names: list[str]) -> None:
    assert [problem.name for problem in problems(**{**SASL, **change})] == names


@pytest.mark.parametrize(
    ("properties", "hint"),
    [
        pytest.param('{"group.id": "x"}', "group.id: set KAFKA_GROUP_ID", id="has-a-setting"),
        pytest.param('{"sasl.mechanisms": "x"}', "sasl.mechanisms: set KAFKA_SASL_MECHANISM", id="another-name"),
        pytest.param('{"enable.auto.commit": true}', "enable.auto.commit: leave it out", id="the-workers"),
        pytest.param('{"acks": 1}', "acks: leave it out", id="the-dead-letters"),
        pytest.param('{"error_cb": "x"}', "error_cb: leave it out", id="a-callback"),
    ],
)
def test_properties_that_the_worker_owns_are_refused_by_name(problems: Find, properties: str, hint: str) -> None:
    (problem,) = problems(KAFKA_PROPERTIES=properties)
    assert problem.what == "sets properties that the worker owns"
    assert problem.hint.startswith(hint)


def test_heartbeats_are_the_operators_in_the_classic_protocol_only(problems: Find) -> None:
    properties = '{"heartbeat.interval.ms": 500}'
    assert problems(KAFKA_PROPERTIES=properties) == []
    (problem,) = problems(KAFKA_PROPERTIES=properties, KAFKA_GROUP_PROTOCOL="consumer")
    assert problem.hint.startswith("heartbeat.interval.ms: leave it out")


def test_properties_of_the_operator_are_taken(settings: Make) -> None:
    properties = '{"isolation.level": "read_committed", "client.rack": "eu-1a", "fetch.min.bytes": "1"}'
    assert len(settings(KAFKA_PROPERTIES=properties).kafka.properties) == 3


def test_the_debugger_off_loopback_needs_a_token(problems: Find) -> None:
    (problem,) = problems(MONITOR_HOST="10.0.0.5", MONITOR_DEBUGGER="on")
    assert (problem.name, problem.what) == (
        "MONITOR_DEBUGGER",
        "is on without MONITOR_TOKEN, and MONITOR_HOST is not loopback",
    )
    assert problems(MONITOR_HOST="10.0.0.5", MONITOR_DEBUGGER="on", MONITOR_TOKEN="t") == []
    assert problems(MONITOR_HOST="[::1]", MONITOR_DEBUGGER="on") == []


@pytest.mark.parametrize(
    ("host", "debugger", "served"),
    [
        ("127.0.0.1", "auto", True),
        ("[::1]", "auto", True),
        ("0.0.0.0", "auto", False),  # noqa: S104 -- nothing binds to it
        ("0.0.0.0", "on", True),  # noqa: S104 -- the same
        ("127.0.0.1", "off", False),
    ],
)
def test_the_debugger_is_served_on_loopback_or_where_it_is_asked_for(
    settings: Make, host: str, debugger: str, served: bool
) -> None:
    found = settings(MONITOR_HOST=host, MONITOR_DEBUGGER=debugger, MONITOR_TOKEN="t")
    assert found.monitor.serves_debugger is served


def test_settings_of_a_debugger_that_is_off_are_warned_of(settings: Make) -> None:
    given = {"MONITOR_ALLOWED_HOSTS": "a", "MONITOR_TOKEN": "t", "MONITOR_DEBUGGER_RECORDS": "9"}
    assert [warning.name for warning in settings(MONITOR_DEBUGGER="off", **given).warnings] == [
        "MONITOR_ALLOWED_HOSTS",
        "MONITOR_DEBUGGER_RECORDS",
        "MONITOR_TOKEN",
    ]
    assert not settings(**given).warnings


def test_settings_without_effect_are_warned_of(settings: Make, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    found = settings(
        KAFKA_SESSION_TIMEOUT_MS="6000", KAFKA_GROUP_PROTOCOL="consumer", KAFKA_SSL_CA_LOCATION=str(ca_file)
    )
    assert [warning.name for warning in found.warnings] == ["KAFKA_SESSION_TIMEOUT_MS", "KAFKA_SSL_CA_LOCATION"]


@pytest.mark.parametrize("value", ["one", "all", "whatever"])
def test_the_cores_are_a_setting_of_the_past_ignored_with_a_warning(settings: Make, value: str) -> None:
    (warning,) = settings(WORKER_CORES=value).warnings
    assert (warning.name, warning.what) == ("WORKER_CORES", "is ignored: the worker changes no CPU affinity")


@pytest.mark.parametrize(
    ("concurrency", "records"),
    [pytest.param("16", 2000, id="few-requests"), pytest.param("1000", 4000, id="four-for-each-of-many-requests")],
)
def test_the_buffer_grows_with_the_requests_in_flight(settings: Make, concurrency: str, records: int) -> None:
    found = settings(DELIVERY_CONCURRENCY=concurrency)
    assert found.worker.max_buffered_records == records
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("records", "concurrency", "warned"),
    [
        pytest.param("3999", "1000", ["WORKER_MAX_BUFFERED_RECORDS"], id="below-four-for-each-request"),
        pytest.param("1999", "16", ["WORKER_MAX_BUFFERED_RECORDS"], id="below-two-thousand"),
        pytest.param("4000", "1000", [], id="the-default"),
        pytest.param("9999", "16", [], id="more"),
    ],
)
def test_a_buffer_smaller_than_its_default_is_taken_with_a_warning(
    settings: Make, records: str, concurrency: str, warned: list[str]
) -> None:
    found = settings(WORKER_MAX_BUFFERED_RECORDS=records, DELIVERY_CONCURRENCY=concurrency)
    assert found.worker.max_buffered_records == int(records)
    assert [warning.name for warning in found.warnings] == warned


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_defaults_warn_of_nothing(settings: Make, protocol: str) -> None:
    assert settings(KAFKA_GROUP_PROTOCOL=protocol).warnings == ()


def test_sections_are_frozen(settings: Make) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        settings().retry.max_delay = 3  # type: ignore[misc]  # what mypy refuses, too


def test_every_setting_is_described() -> None:
    fields = [field for section in SECTIONS.values() for field in fields_of(section).values()]
    assert all(field.description for field in fields)
