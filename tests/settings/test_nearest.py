from __future__ import annotations

import pytest

from consumer.settings.nearest import nearest
from consumer.settings.sources import Setting

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
