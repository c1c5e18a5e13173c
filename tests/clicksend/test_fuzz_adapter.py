"""A few seconds of `make fuzz`."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.clicksend.fuzz_adapter import FUZZED, FuzzServer, fuzz
from tests.clicksend.mutations import FuzzedAnswer

CASES = 500


@pytest.mark.parametrize("name", FUZZED)
def test_whatever_a_server_answers_the_next_answer_is_its_own(name: str) -> None:
    with FuzzServer().running() as server, closing(FUZZED[name](server.url)) as fuzzed:
        answered = sum(fuzz(fuzzed, server, f"test-{case}") for case in range(CASES))
    assert 0 < answered < CASES  # some mutations are still answers, others are not: the cases are worth their time


def test_a_seed_makes_the_same_answer_again() -> None:
    answers = {FuzzedAnswer.of(f"seed-{number % 50}") for number in range(100)}
    assert len(answers) == 50
