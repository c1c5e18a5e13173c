"""The figures of a small load test with known results."""

from __future__ import annotations

import pytest

from tests.rehearsal.story import Act, Counts, Life, Sample, Setting, Story, load

ONE = Act("1 worker", 1, 0, 50)
BOTH = Act("2 workers", 2, 50, 100)
ROLL = Act("rolling restart", 2, 100, 110, replaces=True)
SETTING = Setting(limit=250, latency=0.1, concurrency=16)


def small() -> Story:
    """The first settles 100 a second from second 10 on; the second, from 50 on, 60 a second, each tenth answer a 429;
    at second 105 the first is replaced by one that has settled nothing yet.
    """
    samples = []
    for at in range(0, 111, 5):
        first = 100 * max(0, min(at, 105) - 10)
        second = 60 * max(0, at - 50)
        workers = [Counts(first, first, 0)]
        workers += [Counts(second, second * 10 // 9, second // 9)] if at > 50 else []
        workers += [Counts()] if at >= 110 else []
        samples.append(Sample(at, 1000 - at, tuple(workers)))
    lives = Life(0, 1, 105), Life(1, 51, 111), Life(0, 108, 111)
    return Story({"cores": "2"}, SETTING, (ONE, BOTH, ROLL), lives, tuple(samples), twice=3)


def test_a_rate_is_taken_from_the_end_of_an_act_when_the_limit_has_been_found() -> None:
    assert [each.rate for each in small().figures()[:2]] == [100, 160]


def test_the_rate_of_a_roll_is_that_of_the_whole() -> None:
    assert small().figures()[2].rate == (500 + 600) / 10


def test_the_share_of_429s_is_that_of_the_whole_act() -> None:
    first, second, _ = small().figures()
    assert first.refused == 0
    assert second.refused == pytest.approx(333 / (5000 + 3333))


def test_the_possible_rate_is_that_of_sizing_up_to_the_limit() -> None:
    assert [SETTING.possible(workers) for workers in (1, 2, 4)] == [160, 250, 250]


def test_a_replacement_continues_in_the_place_of_its_predecessor() -> None:
    assert small().rates(0)[-3:] == [100, 100, 0]
    assert small().rates(1)[-3:] == [60, 60, 60]


def test_the_table_has_a_line_for_each_act_and_says_where_it_was() -> None:
    lines = small().table().splitlines()
    assert lines[2] == "| 1 worker | 160 | 100 | 62% | 0.0% | 1,000 → 950 |"
    assert lines[4].startswith("| rolling restart | 250 | 110 | 44% |")
    assert lines[-1] == "Delivered again: 3. Measured: cores 2."


def test_what_is_saved_can_be_loaded() -> None:
    assert load(small().saved()) == small()
