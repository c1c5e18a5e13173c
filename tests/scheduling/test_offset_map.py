"""The offset map never claims an unsettled record, for any input and any damage."""

from __future__ import annotations

import base64
import math
import random
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.scheduling.offset_map import LIMIT, MAX_OFFSET, UNKNOWN_TOPIC_ID, OffsetMap, decode, encode

TOPIC_ID = bytes(range(20))
OFFSETS = st.integers(min_value=0, max_value=2**62)


@st.composite
def trackers(draw: st.DrawFn) -> tuple[int, int, list[int]]:
    """A committable offset, the offset behind the highest one seen, and what is unsettled between them, the
    committable offset first.

    A seed draws the gaps, up to several thousand of them: close together, far apart, or now and then huge.
    """
    committed = draw(OFFSETS)
    count = draw(st.sampled_from([0, 1, 2, 30, 400, 1200, 3000, 5000]))
    sizes = draw(st.sampled_from([(1,), (1, 2), (100, 200), (1, 127, 128), (20_000,), (1, 2**20), (1, 2**50)]))
    rng = random.Random(draw(st.integers(0, 2**32)))
    unsettled = [committed]
    for _ in range(count):
        unsettled.append(unsettled[-1] + rng.randint(1, rng.choice(sizes)))
    return committed, unsettled[-1] + draw(st.sampled_from([1, 1000, 2**50])), unsettled


def varint_size(number: int) -> int:
    """Bytes that a number takes: seven bits each."""
    return max(1, math.ceil(number.bit_length() / 7))


def size(committed: int, reach: int, unsettled: list[int]) -> int:
    """Characters that a map takes, worked out by hand: `c1:`, and four for each three bytes begun."""
    deltas = [offset - before for before, offset in pairwise([committed, *unsettled])]
    body = 20 + varint_size(committed) + varint_size(reach - committed) + sum(map(varint_size, deltas))
    return 3 + math.ceil((body + 4) / 3) * 4


@given(trackers())
def test_it_fits_the_broker_and_claims_nothing_that_is_unsettled(tracker: tuple[int, int, list[int]]) -> None:
    committed, end, unsettled = tracker

    text = encode(TOPIC_ID, committed, end, unsettled)

    assert len(text) <= LIMIT
    read = decode(text)
    assert read is not None
    assert (read.topic_id, read.committed) == (TOPIC_ID, committed)
    assert not any(read.says_settled(offset) for offset in unsettled)
    assert read.reach <= end
    assert not read.says_settled(committed - 1)


@given(trackers())
def test_it_lists_as_many_as_fit_and_claims_all_up_to_the_first_that_does_not(
    tracker: tuple[int, int, list[int]],
) -> None:
    committed, end, unsettled = tracker
    read = decode(encode(TOPIC_ID, committed, end, unsettled))
    assert read is not None
    listed = len(read.unsettled)
    assert read.unsettled == set(unsettled[:listed])
    assert read.reach == [*unsettled, end][listed]
    if listed < len(unsettled):
        more = unsettled[: listed + 1]
        assert size(committed, [*unsettled, end][listed + 1], more) > LIMIT, "one more would have fitted"


@given(trackers())
def test_everything_between_is_claimed_as_far_as_it_reaches(tracker: tuple[int, int, list[int]]) -> None:
    committed, end, unsettled = tracker
    read = decode(encode(TOPIC_ID, committed, end, unsettled))
    assert read is not None
    known = set(unsettled)
    between = (offset + 1 for offset in unsettled if offset + 1 < read.reach)
    assert all(read.says_settled(offset) or offset in known for offset in between)


def test_a_thousand_unsettled_records_among_browsing_events_fit_in_whole() -> None:
    unsettled = list(range(10_000_000_000, 10_000_000_000 + 1000 * 127, 127))
    read = decode(encode(TOPIC_ID, unsettled[0], unsettled[-1] + 5000, unsettled))
    assert read == OffsetMap(TOPIC_ID, unsettled[0], unsettled[-1] + 5000, frozenset(unsettled))


def test_what_does_not_fit_draws_the_reach_in() -> None:
    unsettled = list(range(0, 5000 * 1000, 1000))
    read = decode(encode(TOPIC_ID, 0, unsettled[-1] + 1, unsettled))
    assert read is not None
    assert 1000 < len(read.unsettled) < 5000
    assert read.reach == max(read.unsettled) + 1000, "up to the first that isn't listed"


def test_where_nothing_can_be_claimed_the_map_still_names_its_topic() -> None:
    assert decode(encode(TOPIC_ID, 7, 7, [])) == OffsetMap(TOPIC_ID, 7, 7, frozenset())


@pytest.mark.parametrize("limit", [0, 1, 30, 35, 36, 60, 255, 4095])
def test_it_keeps_to_a_smaller_limit_and_claims_less(limit: int) -> None:
    unsettled = range(1000, 9000, 3)
    text = encode(TOPIC_ID, 1000, 9000, unsettled, limit)
    assert len(text) <= limit
    read = decode(text)
    assert read is None or read.unsettled == {offset for offset in unsettled if offset < read.reach}


def test_a_topic_without_an_id_and_nothing_to_claim_is_an_empty_text() -> None:
    assert encode(UNKNOWN_TOPIC_ID, 7, 7, []) == ""


@pytest.mark.parametrize(
    "text", ["", "checkpoint-17", "c1:", "c1:AAAA", "c1:äöü", "c2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="]
)
def test_foreign_metadata_is_no_map(text: str) -> None:
    assert decode(text) is None


@given(trackers(), st.data())
def test_damaged_metadata_is_no_map(tracker: tuple[int, int, list[int]], data: st.DataObject) -> None:
    """One letter is another, one is missing, or the end is."""
    text = encode(TOPIC_ID, *tracker)
    place = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda each: each != text[place]))
    assert decode(text[:place] + letter + text[place + 1 :]) is None
    assert decode(text[:place]) is None
    assert decode(text[:place] + text[place + 1 :]) is None
    assert decode(text + letter) is None


@given(trackers(), st.data())
def test_a_map_of_which_bits_were_flipped_is_no_map(tracker: tuple[int, int, list[int]], data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(encode(TOPIC_ID, *tracker)[3:]))
    for bit in data.draw(st.sets(st.integers(0, len(raw) * 8 - 1), min_size=1, max_size=3)):
        raw[bit // 8] ^= 1 << bit % 8
    assert decode("c1:" + base64.b64encode(raw).decode()) is None


@given(st.one_of(st.text(max_size=200), st.text("c1:+/=AQIgw", max_size=6000)))
def test_any_text_is_read_without_an_exception_and_is_no_map(text: str) -> None:
    assert decode(text) is None
    assert decode("c1:" + text) is None


# Well formed, with a right CRC, and yet nothing that we would write.


def forged(numbers: bytes, topic_id: bytes = TOPIC_ID) -> str:
    body = topic_id + numbers
    return "c1:" + base64.b64encode(body + zlib.crc32(body).to_bytes(4)).decode()


HONEST = bytes([100, 20, 0, 5])  # committed 100, reaching to 120, 100 and 105 unsettled


def test_a_forged_map_with_a_valid_crc_is_detected_by_its_content() -> None:
    assert decode(forged(HONEST)) == OffsetMap(TOPIC_ID, 100, 120, frozenset({100, 105}))


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(b"", id="no number"),
        pytest.param(bytes([100]), id="no reach"),
        pytest.param(bytes([100]), id="no reach"),
        pytest.param(bytes([100, 0, 0]), id="an unsettled offset, and no reach"),
        pytest.param(HONEST + b"\x80", id="a number that does not end"),
        pytest.param(HONEST + b"\xff" * 3000, id="a huge number that does not end"),
        pytest.param(HONEST + b"\xff" * 3000 + b"\x01", id="a huge distance"),
        pytest.param(b"\xff" * 3000 + b"\x01" + bytes([20, 0]), id="a huge committed offset"),
        pytest.param(bytes([100]) + b"\xff" * 9 + b"\x01", id="reaches beyond any offset"),
        pytest.param(HONEST + bytes([0]), id="the same offset twice"),
        pytest.param(HONEST + bytes([15]), id="an unsettled offset at the reach"),
        pytest.param(HONEST + bytes([100]), id="an unsettled offset beyond the reach"),
        pytest.param(bytes([0x80 | 100, 0, 20, 0, 5]), id="a number longer than it need be"),
        pytest.param(HONEST + bytes([1]) * 3060, id="more than fits"),
        pytest.param(HONEST + b"\xff" * 5_000_000, id="megabytes, which would take hours to read"),
    ],
)
def test_nonsense_is_no_map_though_its_crc_is_right(numbers: bytes) -> None:
    assert decode(forged(numbers)) is None


@given(st.lists(st.integers(0, 2**64), max_size=6), st.binary(max_size=20))
def test_only_text_that_encode_writes_is_accepted(numbers: list[int], tail: bytes) -> None:
    text = forged(b"".join(leb128(number) for number in numbers) + tail)
    read = decode(text)
    assert read is None or text == encode(read.topic_id, read.committed, read.reach, sorted(read.unsettled))
    assert read is None or all(read.committed <= offset < read.reach <= MAX_OFFSET for offset in read.unsettled)


def leb128(number: int) -> bytes:
    digits = [number >> shift & 127 for shift in range(0, max(1, number.bit_length()), 7)]
    return bytes([*(digit | 128 for digit in digits[:-1]), digits[-1]])


@given(trackers(), st.integers(-1, 2**31 - 1), st.integers(0, 10_000))
def test_the_epoch_and_the_partition_count_are_read_back(
    tracker: tuple[int, int, list[int]], epoch: int, count: int
) -> None:
    committed, end, unsettled = tracker
    text = encode(TOPIC_ID, committed, end, unsettled, leader_epoch=epoch, partition_count=count)
    assert len(text) <= LIMIT
    read = decode(text)
    assert read is not None
    assert (read.leader_epoch, read.partition_count) == (epoch, count)
    assert not any(read.says_settled(offset) for offset in unsettled)


def test_maps_of_older_versions_are_read_and_they_ignore_newer_fields() -> None:
    assert encode(TOPIC_ID, 5, 9, [6]).startswith("c1:")
    assert encode(TOPIC_ID, 5, 9, [6], leader_epoch=0).startswith("c2:")
    assert decode("c1:AAECAwQFBgcICQoLDA0ODxAREhMFBAFf1kj3") == OffsetMap(TOPIC_ID, 5, 9, frozenset([6]))


def test_a_newer_version_is_ignored() -> None:
    assert decode(encode(TOPIC_ID, 5, 9, [6], leader_epoch=0).replace("c2:", "c3:")) is None
    assert decode(encode(TOPIC_ID, 5, 9, [6], leader_epoch=0).replace("c2:", "c1:")) is None


@pytest.mark.parametrize(
    ("map_epoch", "record_epoch", "settled"),
    [(4, 4, True), (4, 3, True), (4, 5, False), (-1, 5, True), (4, None, True)],
    ids=["same", "older", "newer: another record stands there now", "a map without", "a record without"],
)
def test_it_counts_only_for_records_whose_epoch_is_not_newer(
    map_epoch: int, record_epoch: int | None, settled: bool
) -> None:
    assert OffsetMap(TOPIC_ID, 5, 9, frozenset([6]), map_epoch).says_settled(7, record_epoch) is settled


@pytest.mark.parametrize(
    ("reach", "settled"),
    [(20, {5, 7, 8}), (9, {5, 7, 8}), (8, {5, 7}), (7, {5}), (5, set()), (2, set())],
    ids=["beyond its reach", "its reach", "below", "behind an unsettled one", "nothing is left", "nothing was claimed"],
)
def test_a_part_of_it_claims_nothing_beyond_its_end(reach: int, settled: set[int]) -> None:
    part = OffsetMap(TOPIC_ID, 5, 9, frozenset([6]), 4).up_to(reach)
    assert {offset for offset in range(30) if part.says_settled(offset)} == settled
    assert all(offset < part.reach for offset in part.unsettled)
    assert (part.leader_epoch, part.committed) == (4, 5)


def test_a_partition_count_is_kept_where_brokers_give_topics_no_id() -> None:
    read = decode(encode(UNKNOWN_TOPIC_ID, 5, 5, (), partition_count=4))
    assert read is not None
    assert read.partition_count == 4
