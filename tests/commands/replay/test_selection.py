from __future__ import annotations

import orjson
import pytest
from confluent_kafka import Message

from consumer.commands.kafka.staleness import Age, Newest
from consumer.commands.replay.selection import Left, Only, Selection
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.scheduling.task import Partition

DECIDER = Decider(Enroller(Rules.of(default_region=None)))
JANE = {"email": "jane.doe@example.com", "phone": "+14155550132"}


def message(traits: dict[str, str], timestamp_ms: int = 1000) -> Message:
    value = orjson.dumps({"type": "identify", "traits": traits})
    return Message(topic="events", partition=0, offset=0, value=value, timestamp=(1, timestamp_ms))


BROWSING = Message(topic="events", partition=0, offset=0, value=b'{"type":"page"}', timestamp=(1, 1000))


def selection(*only: str) -> Selection:
    return Selection(DECIDER, Only.parse(only))


def test_without_a_wish_everything_is_meant() -> None:
    assert selection().keep(message(JANE))
    assert selection().keep(BROWSING)


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        (("identity=Jane.Doe@example.com",), True),
        (("identity=+1 415 555 0132",), True),
        (("identity=joe.doe@example.com",), False),
        (("identity=joe.doe@example.com", "identity=+14155550132"), True),
        (("reason=deliver",), True),
        (("reason=unmappable",), False),
        (("reason=unmappable", "identity=jane.doe@example.com"), False),
    ],
    ids=str,
)
def test_one_of_a_kind_and_both_kinds_must_hold(only: tuple[str, ...], kept: bool) -> None:
    assert selection(*only).keep(message(JANE)) is kept


def test_what_becomes_no_contact_has_a_reason_and_no_identity() -> None:
    assert selection("reason=not_enrolment").keep(BROWSING)
    assert not selection("identity=jane.doe@example.com").keep(BROWSING)


def test_records_not_replayed_are_counted_by_reason() -> None:
    chosen = selection("reason=deliver")
    chosen.newest = Newest()
    elsewhere = Age(2000, refused=False, outside=True, partition=Partition("events", 1), offset=7)
    chosen.newest.note(["+14155550132"], elsewhere)
    assert chosen.sort(message(JANE, timestamp_ms=2000)) is Left.STALE
    assert chosen.sort(message(JANE, timestamp_ms=2001)) is None
    assert chosen.sort(BROWSING) is Left.NOT_MEANT
    assert chosen.left == {Left.STALE: 1, Left.NOT_MEANT: 1}


def batch(*events: object) -> Message:
    return Message(topic="events", partition=0, offset=5, value=orjson.dumps(events), timestamp=(1, 1000))


def identify(email: str) -> dict[str, object]:
    return {"type": "identify", "traits": {"email": email}}


SEVERAL = batch(identify("jane.doe@example.com"), {"type": "page"}, identify("joe.doe@example.com"))


def test_of_a_record_with_several_events_those_that_are_meant_are_replayed() -> None:
    by_identity = selection("identity=joe.doe@example.com")
    assert by_identity.keep(SEVERAL)
    assert by_identity.chosen(SEVERAL) == [2]
    everything = selection("reason=deliver", "reason=not_enrolment")
    assert everything.keep(SEVERAL)
    assert everything.chosen(SEVERAL) == ()
    assert selection("reason=unmappable").sort(SEVERAL) is Left.NOT_MEANT


def test_of_a_record_with_several_events_the_stale_ones_are_left_out() -> None:
    chosen = selection()
    chosen.newest = Newest()
    elsewhere = Age(2000, refused=False, outside=True, partition=Partition("events", 1), offset=7)
    chosen.newest.note(["jane.doe@example.com"], elsewhere)
    assert chosen.keep(SEVERAL)
    assert chosen.chosen(SEVERAL) == [1, 2]
    assert chosen.left == {}


@pytest.mark.parametrize("text", ["jane.doe@example.com", "reason=odd", "identity=0132", "identity=@", "only=this"])
def test_a_wish_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"reason|identity|neither"):
        Only.parse([text])


def test_the_order_in_which_wishes_are_typed_does_not_matter() -> None:
    assert Only.parse(["reason=deliver", "reason=unmappable"]) == Only.parse(["reason=unmappable", "reason=deliver"])
