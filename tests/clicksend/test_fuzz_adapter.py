"""A few seconds of what `make fuzz` does for longer."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tests.clicksend.fuzz_adapter import FuzzServer, fuzz
from tests.clicksend.mutations import FuzzedAnswer

if TYPE_CHECKING:
    from consumer.clicksend.transport import Trust
    from tests.clicksend.conftest import AdapterFactory

CASES = 500


def test_whatever_a_server_answers_the_next_answer_is_its_own(adapter_of: AdapterFactory, trust: Trust) -> None:
    with FuzzServer().running() as server, closing(adapter_of(trust)) as adapter:
        answered = sum(fuzz(adapter, server, f"test-{case}") for case in range(CASES))
    assert 0 < answered < CASES  # some mutations are still answers, others are not: the cases are worth their time


def test_a_seed_makes_the_same_answer_again() -> None:
    answers = {FuzzedAnswer.of(f"seed-{number % 50}") for number in range(100)}
    assert len(answers) == 50
