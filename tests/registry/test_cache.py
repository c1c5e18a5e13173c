"""Which schema is asked for when, with time passed in."""

from __future__ import annotations

from consumer.enrolment.decision import Undeliverable
from consumer.formats.value_format import Layer
from consumer.registry.cache import MOST_REFUSED, SchemaCache
from consumer.registry.decoder import Decoder
from consumer.registry.schema import Unusable

DECODER = Decoder(Layer.JSON_SCHEMA, bytes, "7")
UNKNOWN = Undeliverable.__name__


def detail(found: object) -> str:
    assert isinstance(found, Undeliverable)
    return found.detail


def test_a_schema_is_wanted_from_the_moment_in_which_a_record_has_it() -> None:
    cache = SchemaCache()
    assert cache.next_due() is None
    assert cache.find(7, now=100) is None
    assert cache.find(7, now=101) is None
    assert cache.next_due() == (7, 100)


def test_one_that_came_stays() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    cache.came(7, DECODER)
    assert cache.find(7, now=1e9) is DECODER
    assert (cache.changes, cache.next_due()) == (1, None)


def test_an_unknown_id_is_asked_for_again_for_thirty_seconds_and_then_refused() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    now = 5.0
    while now < 35:
        cache.unknown(7, now)
        assert cache.find(7, now) is None
        assert cache.next_due() == (7, now + 2)
        now += 2
    cache.unknown(7, 35)
    assert detail(cache.find(7, 36)) == "schema 7 is unknown to the Schema Registry"
    assert (cache.changes, cache.next_due()) == (1, None)


def test_one_that_comes_late_within_that_time_is_taken() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    cache.unknown(7, 0)
    cache.came(7, DECODER)
    assert cache.find(7, now=3) is DECODER


def test_an_outage_in_between_does_not_use_up_the_time_in_which_nobody_could_ask() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    cache.away("timed out", 0)
    cache.unknown(7, 1000)
    assert cache.find(7, 1000) is None


def test_a_refused_id_is_asked_for_again_after_a_minute_without_holding_a_record() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    cache.unknown(7, 0)
    cache.unknown(7, 30)
    assert detail(cache.find(7, 89)) == "schema 7 is unknown to the Schema Registry"
    assert cache.next_due() is None
    assert detail(cache.find(7, 90)) == "schema 7 is unknown to the Schema Registry"
    assert cache.next_due() == (7, 90)
    cache.unknown(7, 91)
    assert (detail(cache.find(7, 92)), cache.next_due()) == ("schema 7 is unknown to the Schema Registry", None)
    cache.find(7, 200)
    cache.came(7, DECODER)
    assert cache.find(7, 201) is DECODER


def test_an_unusable_one_is_refused_at_once() -> None:
    cache = SchemaCache()
    cache.find(bytes(16), now=0)
    cache.unusable(bytes(16), Unusable("of a type that is not known"), 0)
    assert detail(cache.find(bytes(16), 1)).endswith("0000-000000000000 is of a type that is not known")


def test_a_registry_that_is_away_is_asked_ever_less_often_and_never_refuses() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    now, waits = 0.0, []
    for _ in range(6):
        cache.away("HTTP 503", now)
        due = cache.next_due()
        assert due is not None
        waits.append(due[1] - now)
        now = due[1]
    assert waits == [1, 2, 5, 10, 10, 10]
    assert (cache.fault, cache.changes, cache.find(7, 1e9)) == ("HTTP 503", 0, None)


def test_any_answer_of_its_own_ends_the_outage() -> None:
    cache = SchemaCache()
    cache.find(7, now=0)
    cache.find(8, now=0)
    cache.away("HTTP 503", 0)
    cache.unknown(7, 1)
    assert cache.fault == ""
    cache.away("HTTP 503", 1)
    assert cache.next_due() == (8, 2), "the pauses begin anew"


def test_the_one_that_was_wanted_first_is_asked_for_first() -> None:
    cache = SchemaCache()
    cache.find(8, now=1)
    cache.find(7, now=2)
    assert cache.next_due() == (8, 1)
    cache.unknown(8, 3)
    assert cache.next_due() == (7, 2)


def test_refused_ids_are_bounded() -> None:
    cache = SchemaCache()
    for schema_id in range(MOST_REFUSED + 5):
        cache.find(schema_id, now=0)
        cache.unusable(schema_id, Unusable("x"), 0)
    assert cache.find(0, now=1) is None, "forgotten, so it is asked for again"
    assert detail(cache.find(5, now=1)) == "schema 5 is x"
