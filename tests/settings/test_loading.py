"""Settings are loaded with all problems at once, and misspelt names are recognised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.settings import Sources, effective_settings
from consumer.settings.nearest import nearest
from consumer.settings.sources import Setting

Make = Callable[..., Sources]


def test_secrets_are_masked(sources: Make) -> None:
    given = {
        "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "worker",
        "KAFKA_SASL_PASSWORD": "hidden-1",
        "CLICKSEND_API_KEY": "hidden-2",
        "CLICKSEND_PROXY_URL": "http://user:hidden-3@proxy:3128",
        "MONITOR_TOKEN": "hidden-4",
        "KAFKA_PROPERTIES": '{"ssl.keystore.password": "hidden-5"}',
    }
    found = effective_settings(sources(given))
    values = {row.name: row.value for row in found.rows}
    assert found.problems == ()
    assert "hidden" not in str(found)
    assert values["CLICKSEND_API_KEY"] == "********"
    assert values["KAFKA_PROPERTIES"] == '{"ssl.keystore.password": "********"}'


def test_what_is_right_is_shown_beside_what_is_wrong(sources: Make) -> None:
    given = {
        "KAFKA_TOPIC": None,
        "KAFKA_GROUP_ID": "mine",
        "KAFKA_SESSION_TIMEOUT_MS": "hidden-1",
        "KAFKA_SASL_PASSWORD": "hidden-2",
        "KAFKA_PROPERTIES": '{"ssl.keystore.password": "hidden-3"}',
        "MONITOR_PORT": "hidden-4",
        "MONITOR_TOKEN": "hidden-5",
        "CLICKSEND_LIST_ID": "hidden-6",
        "CLICKSEND_PROXY_URL": "http://user:hidden-7@proxy:3128",
    }
    found = effective_settings(sources(given))
    rows = {row.name: (row.value, row.source) for row in found.rows}
    assert rows["KAFKA_TOPIC"] == (None, "missing")
    assert rows["KAFKA_GROUP_ID"] == ("mine", "environment")
    assert rows["KAFKA_SESSION_TIMEOUT_MS"] == (None, "environment")
    assert rows["KAFKA_PROPERTIES"] == ("********", "environment")
    assert (
        rows["MONITOR_TOKEN"] == rows["CLICKSEND_PROXY_URL"] == rows["CLICKSEND_API_KEY"] == ("********", "environment")
    )
    assert rows["RETRY_MAX_DELAY"] == ("60", "default")
    assert "hidden" not in str(found)
    assert {problem.name for problem in found.problems} == {
        "KAFKA_TOPIC",
        "KAFKA_SESSION_TIMEOUT_MS",
        "KAFKA_SASL_PASSWORD",
        "MONITOR_PORT",
        "CLICKSEND_LIST_ID",
    }


def test_warnings_are_reported_too(sources: Make) -> None:
    found = effective_settings(sources({"KAFKA_GROUP_PROTOCOL": "consumer", "KAFKA_SESSION_TIMEOUT_MS": "6000"}))
    assert [warning.name for warning in found.warnings] == ["KAFKA_SESSION_TIMEOUT_MS"]


def test_the_default_that_follows_from_another_section_is_shown_as_it_is(sources: Make) -> None:
    rows = {
        row.name: (row.value, row.source) for row in effective_settings(sources({"DELIVERY_CONCURRENCY": "2000"})).rows
    }
    assert rows["WORKER_MAX_BUFFERED_RECORDS"] == ("8000", "default")


def test_a_section_with_a_wrong_value_is_shown_without_its_warnings(sources: Make, tmp_path: Path) -> None:
    """Its values are as they were given: no warning can be told from them."""
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    found = effective_settings(sources({"KAFKA_SECURITY_PROTOCOL": "tls", "KAFKA_SSL_CA_LOCATION": str(ca_file)}))
    assert [problem.name for problem in found.problems] == ["KAFKA_SECURITY_PROTOCOL"]
    assert found.warnings == ()


KNOWN = ["KAFKA_TOPIC", "KAFKA_GROUP_ID", "MONITOR_PORT", "MONITOR_HOST", "LOG_LEVEL"]


def test_a_setting_is_named_by_its_section_and_key() -> None:
    assert Setting("kafka", "group_id").variable == "KAFKA_GROUP_ID"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("KAFKA_TOPIC", "KAFKA_TOPIC", id="itself"),
        pytest.param("KAFKA_TOPICS", "KAFKA_TOPIC", id="one-too-many"),
        pytest.param("KAFKA_GROUPID", "KAFKA_GROUP_ID", id="one-left-out"),
        pytest.param("KAFKA_TOPPC", "KAFKA_TOPIC", id="one-replaced"),
        pytest.param("KAFKA_TOIPC", "KAFKA_TOPIC", id="two-swapped"),
        pytest.param("KFKA_TOPICS", "KAFKA_TOPIC", id="one-left-out-and-one-too-many"),
        pytest.param("KAFKA_PORIC", "KAFKA_TOPIC", id="two-replaced-one-by-its-neighbour"),
        pytest.param("XOG_LEVEX", "LOG_LEVEL", id="both-ends-replaced"),
        pytest.param("kafka_topic", "KAFKA_TOPIC", id="another-case"),
        pytest.param("MONITOR_PORTS", "MONITOR_PORT", id="the-nearest-of-two"),
        pytest.param("KAFKA_TOPICXYZ", None, id="three-too-many"),
        pytest.param("KAFKA_PORT_9092_TCP", None, id="a-service-link"),
        pytest.param("PATH", None, id="something-else"),
    ],
)
def test_a_misspelt_name_is_recognised_within_two_edits(name: str, meant: str | None) -> None:
    assert nearest(name, KNOWN) == meant
