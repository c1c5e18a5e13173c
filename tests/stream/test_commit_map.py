"""The commit map never claims too much, whatever it is made of and whatever is done to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.stream.commit_map import LIMIT, CommitMap, decode, encode

TOPIC_ID = bytes(range(16))
OFFSETS = st.integers(min_value=0, max_value=2**62)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[int, int, list[int]]:
    """A frontier, the offset behind the highest one seen, and what is unsettled between them, the frontier first."""
    committed = draw(OFFSETS)
    gaps = draw(st.lists(st.integers(min_value=1, max_value=10_000), max_size=1500))
    unsettled = [committed]
    for gap in gaps:
        unsettled.append(unsettled[-1] + gap)
    return committed, unsettled[-1] + draw(st.integers(min_value=1, max_value=1000)), unsettled


@given(ledgers())
def test_it_claims_nothing_that_is_unsettled_or_unseen_and_fits_the_broker(ledger: tuple[int, int, list[int]]) -> None:
    committed, end, unsettled = ledger

    text = encode(TOPIC_ID, committed, end, unsettled)

    assert len(text) <= LIMIT
    read = decode(text)
    assert read is not None
    assert (read.topic_id, read.committed) == (TOPIC_ID, committed)
    assert not any(read.says_settled(offset) for offset in unsettled)
    assert read.reach <= end
    assert not read.says_settled(committed - 1)


@given(ledgers())
def test_everything_between_is_claimed_as_far_as_it_reaches(ledger: tuple[int, int, list[int]]) -> None:
    committed, end, unsettled = ledger
    read = decode(encode(TOPIC_ID, committed, end, unsettled))
    assert read is not None
    between = (offset + 1 for offset in unsettled if offset + 1 < read.reach)
    assert all(read.says_settled(offset) or offset in unsettled for offset in between)


def test_a_thousand_unsettled_records_among_browsing_events_fit_in_whole() -> None:
    unsettled = list(range(10_000_000_000, 10_000_000_000 + 1000 * 127, 127))
    read = decode(encode(TOPIC_ID, unsettled[0], unsettled[-1] + 5000, unsettled))
    assert read == CommitMap(TOPIC_ID, unsettled[0], unsettled[-1] + 5000, frozenset(unsettled))


def test_what_does_not_fit_draws_the_reach_in() -> None:
    unsettled = list(range(0, 5000 * 1000, 1000))
    read = decode(encode(TOPIC_ID, 0, unsettled[-1] + 1, unsettled))
    assert read is not None
    assert 1000 < len(read.unsettled) < 5000
    assert read.reach == max(read.unsettled) + 1


def test_nothing_to_claim_is_an_empty_text() -> None:
    assert encode(TOPIC_ID, 7, 7, []) == ""


@pytest.mark.parametrize(
    "text", ["", "checkpoint-17", "c1:", "c1:AAAA", "c1:äöü", "c2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="]
)
def test_foreign_metadata_is_no_map(text: str) -> None:
    assert decode(text) is None


@given(ledgers(), st.data())
def test_damaged_metadata_is_no_map(ledger: tuple[int, int, list[int]], data: st.DataObject) -> None:
    text = encode(TOPIC_ID, *ledger)
    place = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda each: each != text[place]))
    read = decode(text[:place] + letter + text[place + 1 :])
    assert read is None or read == decode(text)  # base64's padding bits carry nothing


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    decode(text)
    decode("c1:" + text)
