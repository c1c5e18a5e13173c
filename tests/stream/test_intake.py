from __future__ import annotations

import pytest
from confluent_kafka import Message

from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.stream.intake import Intake
from consumer.stream.ledger import Ledger
from consumer.stream.record import Headers
from tests.stream.builders import EVENTS

NOW_MS, MAX_AGE_MS = 1_000_000, 1_000
SIGN_UP = b'{"type":"identify","traits":{"email":"jane.doe@example.com"}}'
REDRIVEN: Headers = [("clicksend.redrive.count", b"1"), ("clicksend.redrive.from", b"events.dead-letter-0@17")]


@pytest.mark.parametrize(
    ("age_ms", "headers", "filtered"),
    [
        pytest.param(MAX_AGE_MS, [], {}, id="young-enough"),
        pytest.param(MAX_AGE_MS + 1, [], {"too_old": 1}, id="too-old"),
        pytest.param(MAX_AGE_MS + 1, REDRIVEN, {}, id="too-old-and-redriven"),
        pytest.param(MAX_AGE_MS + 1, REDRIVEN[:1], {"too_old": 1}, id="a-producers-own-count"),
    ],
)
def test_a_record_is_too_old_unless_a_redrive_has_brought_it_back(
    age_ms: int, headers: Headers, filtered: dict[str, int]
) -> None:
    ledgers = {EVENTS: Ledger(EVENTS, 0, 0)}
    intake = Intake(Enroller(Rules.of()), ledgers, lambda ledger, _offset: ledger, MAX_AGE_MS, None)
    message = Message(
        topic=EVENTS.topic,
        partition=EVENTS.number,
        offset=0,
        value=SIGN_UP,
        timestamp=(1, NOW_MS - age_ms),
        headers=headers,  # type: ignore[arg-type]  # null headers are allowed
    )
    batch, _ = intake.read([message], NOW_MS)
    assert batch.filtered == filtered
    assert len(batch.tasks) == 1 - len(filtered)
