"""Bytes that confluent-kafka cannot read: header names that are no UTF-8, as clients in C, Go, Rust and kcat write."""

from __future__ import annotations

import orjson
import pytest

from tests.integration.graveyard import Graveyard
from tests.integration.stage import Stage, sign_up
from tests.kafka.raw_producer import Header, produce_raw_headers

HEADERS: list[Header] = [(b"trace", b"7"), (b"caf\xe9", b"1")]


def test_a_record_whose_headers_cannot_be_read_is_delivered_or_dead_lettered_as_any_other(stage: Stage) -> None:
    for value in (orjson.dumps(sign_up(1)), b"{broken", b'{"type": "page"}'):
        produce_raw_headers(stage.broker.bootstrap, stage.topic, value, HEADERS, partition=0)
    stage.produce(sign_up(2))
    with stage.worker() as worker:
        worker.wait(lambda: worker.total("clicksend_records_settled_total") == 4)
        assert worker.stop() == 0
    assert stage.enrolled() == 2
    (dead_letter,) = stage.dead_letters()
    assert dead_letter.value() == b"{broken"
    headers = stage.headers(dead_letter)
    assert (headers["clicksend.left.out"], headers["clicksend.reason"]) == ("headers", "undecodable")
    assert "trace" not in headers


@pytest.mark.kafka
def test_the_commands_read_past_such_a_record(graveyard: Graveyard) -> None:
    stage = graveyard.stage
    graveyard.bury("jane.doe@example.com", partition=1)
    produce_raw_headers(stage.broker.bootstrap, stage.dead_letter_topic, b"{}", HEADERS, partition=1)
    produce_raw_headers(stage.broker.bootstrap, stage.topic, orjson.dumps(sign_up(1)), HEADERS, partition=0)
    assert [row["reason"] for row in graveyard.lines("dead-letters", "list")] == ["rejected", None]
    assert graveyard.lines("dead-letters", "show", "1@1")
    assert graveyard.lines("explain", "--partition", "0", "--offset", "0")[0]["disposition"] == "deliver"
    assert graveyard.command("dead-letters", "redrive", "--to", "source", "--execute").returncode == 0
