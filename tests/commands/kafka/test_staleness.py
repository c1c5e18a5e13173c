from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.staleness import Age, Newest, News, news_of
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import ConsentPolicy, OptOuts, Rules, withheld_by
from consumer.scheduling.task import Partition

EMAIL, PHONE = "jane.doe@example.com", "+14155550132"
HERE, THERE = Partition("events", 0), Partition("events", 1)


def looked_through(*ages: Age, ends: Mapping[Partition, Ends] | None = None, in_order: bool = False) -> Newest:
    newest = Newest(ends, in_order=in_order)
    for age in ages:
        newest.note([EMAIL], age)
    return newest


def at(partition: Partition, offset: int, time_ms: int, *, refused: bool = False, outside: bool = True) -> Age:
    return Age(time_ms, refused, outside, partition, offset)


@pytest.mark.parametrize(
    ("other", "stale"),
    [
        pytest.param(at(HERE, 11, 1001), True, id="later-in-its-partition"),
        pytest.param(at(HERE, 11, 1000), True, id="later-in-its-partition-at-the-same-time"),
        pytest.param(at(HERE, 11, 900), True, id="later-in-its-partition-by-a-clock-that-is-behind"),
        pytest.param(at(HERE, 9, 1001), False, id="earlier-in-its-partition-whatever-its-time"),
        pytest.param(at(HERE, 10, 1000), False, id="itself"),
        pytest.param(at(THERE, 3, 1001), True, id="later-in-another-partition"),
        pytest.param(at(THERE, 3, 1000), True, id="in-another-partition-at-the-same-time"),
        pytest.param(at(THERE, 99, 999), False, id="earlier-in-another-partition"),
    ],
)
def test_offsets_decide_within_a_partition_and_times_across(other: Age, stale: bool) -> None:
    assert looked_through(other).is_stale([EMAIL], HERE, 10, 1000) is stale


@pytest.mark.parametrize(("event", "stale"), [(0, True), (2, False), (3, False)], ids=["before", "itself", "after"])
def test_within_a_record_with_several_events_the_later_one_is_newer(event: int, stale: bool) -> None:
    newest = looked_through(at(HERE, 10, 1000)._replace(event=2))
    assert newest.is_stale([EMAIL], HERE, 10, 1000, event) is stale
    assert newest.is_stale([EMAIL], HERE, 9, 1000, 5)
    assert not newest.is_stale([EMAIL], HERE, 11, 1000, 0)


def test_a_record_without_a_time_is_older_than_all_of_other_partitions() -> None:
    assert looked_through(at(THERE, 3, -1)).is_stale([EMAIL], HERE, 10, -1)
    assert not looked_through(at(HERE, 9, 5)).is_stale([EMAIL], HERE, 10, -1)


@pytest.mark.parametrize("first", [HERE, THERE], ids=["here-first", "there-first"])
def test_an_opt_out_whose_clock_is_behind_still_follows_what_is_before_it(first: Partition) -> None:
    newest = Newest()
    here = [at(HERE, 1, 10, outside=False), at(HERE, 2, 5, refused=True)]
    there = [at(THERE, 1, 7, outside=False)]
    for age in [*here, *there] if first is HERE else [*there, *here]:
        newest.note([EMAIL], age)
    assert newest.is_stale([EMAIL], HERE, 1, 10)
    assert newest.is_stale([EMAIL], THERE, 1, 7)
    assert not newest.is_stale([EMAIL], HERE, 2, 5)


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_to_be_sent_at_the_same_time_in_two_partitions_one_is_and_a_refusal_first(swapped: bool) -> None:
    opt_out, opt_in = at(HERE, 1, 10, refused=True, outside=False), at(THERE, 1, 10, outside=False)
    newest = looked_through(*([opt_in, opt_out] if swapped else [opt_out, opt_in]), in_order=True)
    assert not newest.is_stale([EMAIL], HERE, 1, 10)
    assert newest.is_stale([EMAIL], THERE, 1, 10)


def test_what_goes_out_in_order_may_be_followed_by_a_newer_one_of_its_partition() -> None:
    older, newer = at(HERE, 1, 10, outside=False), at(HERE, 2, 10, outside=False)
    assert not looked_through(older, newer, in_order=True).is_stale([EMAIL], HERE, 1, 10)
    assert looked_through(older, newer).is_stale([EMAIL], HERE, 1, 10)
    beyond = looked_through(older, newer, at(HERE, 3, 10), in_order=True)
    assert beyond.is_stale([EMAIL], HERE, 1, 10)
    assert beyond.is_stale([EMAIL], HERE, 2, 10)


def test_of_a_topic_that_was_created_again_times_decide() -> None:
    newest = looked_through(at(HERE, 3, 1000), ends={HERE: Ends(0, 5)})
    assert newest.is_stale([EMAIL], HERE, 40, 999)
    assert newest.is_stale([EMAIL], HERE, 40, 1000)
    assert not newest.is_stale([EMAIL], HERE, 40, 1001)


@pytest.mark.parametrize(("timestamp_ms", "outdated"), [(999, True), (1000, False), (1001, False)])
def test_of_a_copy_only_its_time_tells_its_age(timestamp_ms: int, outdated: bool) -> None:
    assert looked_through(at(HERE, 3, 1000)).outdates([EMAIL], timestamp_ms) is outdated


def test_one_of_its_identities_is_enough_and_others_are_not_it() -> None:
    newest = Newest()
    newest.note([EMAIL, PHONE], at(THERE, 3, 1000))
    assert newest.is_stale(["joe.doe@example.com", PHONE], HERE, 10, 1)
    assert not newest.is_stale(["joe.doe@example.com"], HERE, 10, 1)


def test_no_identity_is_kept() -> None:
    assert EMAIL not in str(vars(looked_through(at(THERE, 3, 1000))))


@pytest.mark.parametrize(
    ("consent", "news"),
    [
        pytest.param("yes", News((EMAIL,), refused=False), id="an-opt-in"),
        pytest.param("no", News((EMAIL,), refused=True), id="an-opt-out-that-is-filtered"),
        pytest.param("maybe", None, id="an-unknown-consent-that-is-filtered"),
    ],
)
def test_an_opt_out_that_the_policy_filters_still_outdates_an_older_opt_in(consent: str, news: News | None) -> None:
    enroller = Enroller(Rules.of(withheld=withheld_by(ConsentPolicy.OPTED_IN, OptOuts.FILTERED)))
    event = {"type": "identify", "traits": {"email": EMAIL, "marketing_opt_in": consent}}
    assert news_of(enroller.decide(orjson.dumps(event))) == news


@pytest.mark.parametrize("value", [None, b'{"type":"page"}', b"{broken"])
def test_a_record_without_a_contact_is_news_of_none(value: bytes | None) -> None:
    assert news_of(Enroller(Rules.of()).decide(value)) is None
