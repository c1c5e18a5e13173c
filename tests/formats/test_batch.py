"""Records that hold several events: which they are, and what each of their events is read as."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.consent import Consent
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Input, Rules
from consumer.formats.batch import MOST_EVENTS, split
from consumer.formats.decider import Decider
from consumer.formats.documents import EventBatch, Reading
from consumer.formats.framing import Headers
from consumer.formats.value_format import Layer, ValueFormat
from tests.formats.samples import BINARY, BY_NUMBER, ENVELOPE, EVENT, JSON, structured

REFUSED = {"consent": {"marketing": False}}
JOE: dict[str, Any] = {"type": "track", "event": "Signed Up", "properties": {"email": "joe@example.com"}}
PAGE: dict[str, Any] = {"type": "page"}
BOTH = [EVENT, JOE]
TYPED = {"type": "batch", "batch": BOTH, "sentAt": "2026-01-01", "writeKey": "w", "context": {"ip": "1"}}
BATCHED = ("application/cloudevents-batch+json", b"application/cloudevents-batch+json; charset=utf-8")


def lines(*documents: object) -> bytes:
    return b"\n".join(map(orjson.dumps, documents))


def batch(
    value: bytes, value_format: ValueFormat = ValueFormat.AUTO, headers: Headers = (), **rules: Any
) -> EventBatch | Reading:
    found = Decider(Enroller(Rules.of(**rules)), value_format).read(value, lambda: headers)
    assert isinstance(found, EventBatch | Reading)
    return found


def decisions(
    value: bytes, value_format: ValueFormat = ValueFormat.AUTO, headers: Headers = (), **rules: Any
) -> list[Decision]:
    found = batch(value, value_format, headers, **rules)
    assert isinstance(found, EventBatch)
    assert Layer.BATCH in found.layers
    return [found.read(each).decision for each in found.values]


def outcomes(found: list[Decision]) -> list[str]:
    """The first identity of each contact, and for other events why they are none."""
    return [each.identities[0] if isinstance(each, Enrolled) else each.reason for each in found]


@pytest.mark.parametrize(
    ("value", "headers", "rules"),
    [
        pytest.param(orjson.dumps(BOTH), (), {}, id="array"),
        pytest.param(b"  \n" + orjson.dumps(BOTH, option=orjson.OPT_INDENT_2), (), {}, id="array over several lines"),
        pytest.param(b"\xef\xbb\xbf" + orjson.dumps(BOTH), (), {}, id="array after a byte order mark"),
        pytest.param(orjson.dumps({"batch": BOTH, "sentAt": "2026-01-01"}), (), {}, id="batch"),
        pytest.param(orjson.dumps(TYPED), (), {}, id="batch with a type"),
        pytest.param(
            orjson.dumps(TYPED, option=orjson.OPT_INDENT_2), (), {}, id="batch with a type over several lines"
        ),
        pytest.param(orjson.dumps({"event": None, **TYPED}), (), {}, id="batch with a type and no event"),
        pytest.param(orjson.dumps({"event": 7, **TYPED}), (), {}, id="batch with a type and a number as event"),
        pytest.param(orjson.dumps({**TYPED, "n": 1})[:-2] + b"NaN}", (), {}, id="batch with a type, to repair"),
        pytest.param(gzip.compress(orjson.dumps(TYPED)), (), {}, id="gzip of a batch with a type"),
        pytest.param(structured(data=TYPED), (), {}, id="a CloudEvent of a batch with a type"),
        pytest.param(orjson.dumps({"in": TYPED}), (), {"event_path": "/in"}, id="batch with a type at a path"),
        pytest.param(orjson.dumps(TYPED), (), {"event_path": "/batch"}, id="a path to the batch with a type"),
        pytest.param(orjson.dumps({"batch": BOTH, "context": None}), (), {}, id="batch with an empty context"),
        pytest.param(lines(*BOTH), (), {}, id="JSON lines"),
        pytest.param(b"\r\n".join(map(orjson.dumps, BOTH)) + b"\r\n\r\n", (), {}, id="JSON lines of Windows"),
        pytest.param(gzip.compress(lines(*BOTH)), (), {}, id="gzip of JSON lines"),
        pytest.param(BY_NUMBER + orjson.dumps(BOTH), (), {}, id="framed array"),
        pytest.param(structured(data=BOTH), (), {}, id="a CloudEvent of several"),
        pytest.param(structured(data={"batch": BOTH}), (), {}, id="a CloudEvent of a batch"),
        pytest.param(structured(data_base64=b64encode(lines(*BOTH)).decode()), (), {}, id="a CloudEvent, base64"),
        pytest.param(orjson.dumps(BOTH), BINARY, {}, id="a binary CloudEvent"),
        pytest.param(
            orjson.dumps([{**ENVELOPE, "data": each} for each in BOTH]),
            [("content-type", BATCHED[1])],
            {},
            id="CloudEvents in their batch format",
        ),
        pytest.param(lines(*({**ENVELOPE, "data": each} for each in BOTH)), (), {}, id="lines of CloudEvents"),
        pytest.param(orjson.dumps({"payload": BOTH}), (), {"event_path": "/payload"}, id="array at a path"),
        pytest.param(orjson.dumps({"payload": {"batch": BOTH}}), (), {"event_path": "/payload"}, id="batch at a path"),
        pytest.param(
            orjson.dumps([{"payload": each} for each in BOTH]), (), {"event_path": "/payload"}, id="a path in each"
        ),
        pytest.param(
            orjson.dumps({"payload": orjson.dumps(BOTH).decode()}), (), {"event_path": "/payload"}, id="text at a path"
        ),
        pytest.param(structured(data={"in": BOTH}), (), {"event_path": "/in"}, id="a path inside a CloudEvent"),
    ],
)
def test_each_event_of_a_batch_is_decided(value: bytes, headers: Headers, rules: dict[str, Any]) -> None:
    assert outcomes(decisions(value, headers=headers, **rules)) == ["jane@example.com", "joe@example.com"]


def test_contacts_come_in_batches_too() -> None:
    contacts = [{"email": "a@example.com"}, {"email": "b@example.com", "first_name": "B"}]
    for value in (orjson.dumps(contacts), lines(*contacts), orjson.dumps({"batch": contacts})):
        assert outcomes(decisions(value, input=Input.CONTACT)) == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize("value_format", [ValueFormat.AUTO, ValueFormat.JSON])
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        pytest.param(b"{", "undecodable", id="cut off"),
        pytest.param(b"hello", "undecodable", id="text"),
        pytest.param(b"7", "undecodable", id="a number"),
        pytest.param(b"null", "undecodable", id="null"),
        pytest.param(b'{"order":7}', "unrecognised", id="something else"),
        pytest.param(b'{"type":"identify","traits":{"phone":"12"}}', "unmappable", id="no usable identity"),
        pytest.param(orjson.dumps([EVENT]), "undecodable", id="another array"),
        pytest.param(orjson.dumps({"batch": [EVENT]}), "undecodable", id="another batch"),
        pytest.param(orjson.dumps({"type": "batch", "batch": [EVENT]}), "undecodable", id="another batch with a type"),
    ],
)
def test_a_broken_event_is_its_own_fault(broken: bytes, reason: str, value_format: ValueFormat) -> None:
    found = decisions(b"\n".join([JSON, orjson.dumps(PAGE), broken, orjson.dumps(JOE)]), value_format)
    assert outcomes(found) == ["jane@example.com", "not_enrolment", reason, "joe@example.com"]


def test_the_first_line_may_be_the_broken_one() -> None:
    assert outcomes(decisions(b'{"type":"ident\n' + JSON)) == ["undecodable", "jane@example.com"]


@pytest.mark.parametrize(
    "value", [b"[]", b'{"batch":[]}', b'{"batch": [], "sentAt": null}', b'{"type":"batch","batch":[ ]}']
)
def test_an_empty_batch_has_no_event(value: bytes) -> None:
    assert decisions(value) == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(orjson.dumps({**EVENT, "batch": [JOE]}), id="an event with a batch in it"),
        pytest.param(orjson.dumps({**EVENT, "batch": [JOE]}, option=orjson.OPT_INDENT_2), id="over several lines"),
        pytest.param(JSON + b"\n", id="one line"),
        pytest.param(b"\n\n" + JSON + b"\n \n", id="blank lines"),
    ],
)
def test_one_event_is_no_batch(value: bytes) -> None:
    found = batch(value)
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Enrolled)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'{"type": "batch"}', id="without a batch"),
        pytest.param(b'{"type": "batch", "batch": {"n": 1}}', id="an object under batch"),
        pytest.param(b'{"type": "batch", "batch": ["SKU-1", "SKU-2"]}', id="texts under batch"),
        pytest.param(b'{"type": "batch", "batch": ["SKU-1"], "n": NaN}', id="texts under batch, to repair"),
        pytest.param(orjson.dumps({**TYPED, "event": "Order Shipped"}), id="with an event's name"),
        pytest.param(orjson.dumps({**TYPED, "type": "track"}), id="with another type"),
        pytest.param(orjson.dumps({**TYPED, "type": "Batch"}), id="with a type in capitals"),
    ],
)
def test_an_event_of_the_type_batch_is_filtered_as_before(value: bytes) -> None:
    found = batch(value)
    assert isinstance(found, Reading)
    assert outcomes([found.decision]) == ["not_enrolment"]


@pytest.mark.parametrize("path", [None, "/batch"])
def test_the_consent_of_a_batch_with_a_type_counts_for_its_events(path: str | None) -> None:
    value = orjson.dumps({**TYPED, "context": REFUSED})
    contacts = [each.contact for each in decisions(value, event_path=path) if isinstance(each, Enrolled)]
    assert [each.custom_1 for each in contacts] == [Consent.OPT_OUT] * 2


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        pytest.param(b'{"batch": "x"}', {}, id="a batch that is no list"),
        pytest.param(b'{"batch": {"type": "page"}}', {}, id="a batch that is an object"),
        pytest.param(b'{"a": {\n"b": 1},\n"c": ', {}, id="an object over several lines, cut off"),
        pytest.param(b"hello\nworld", {}, id="lines of text"),
        pytest.param(b'[{"type": "page"}', {}, id="half an array"),
        pytest.param(b"[" * 100_000, {}, id="too deep"),
        pytest.param(b'{"batch": [' + b" " * 300_000, {}, id="a long half"),
        pytest.param(b'{"specversion": "1.0", "batch": []}', {}, id="a CloudEvent of a batch beside its data"),
        pytest.param(b'{"order": 7}', {"event_path": "/payload"}, id="nothing at the path"),
        pytest.param(b'{"payload": {"batch": 7}}', {"event_path": "/payload"}, id="no batch at the path"),
    ],
)
def test_what_is_neither_an_event_nor_a_batch_meets_the_input_guard(value: bytes, rules: dict[str, Any]) -> None:
    found = batch(value, **rules)
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Undeliverable)
    assert not found.decision.is_event


def test_a_contact_with_a_batch_beside_it_is_a_contact() -> None:
    found = batch(b'{"email": "a@example.com", "batch": ["x"]}', input=Input.CONTACT)
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Enrolled)


@pytest.mark.parametrize("make", [lambda n: orjson.dumps([EVENT] * n), lambda n: lines(*[EVENT] * n)])
def test_a_batch_has_a_limit(make: Any) -> None:
    assert len(decisions(make(MOST_EVENTS))) == MOST_EVENTS
    found = batch(make(MOST_EVENTS + 1))
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Undeliverable)
    assert found.decision.reason is DeadLetterReason.TOO_LARGE
    assert found.decision.detail == "a batch of more than 1000 events"


@pytest.mark.parametrize("value_format", [ValueFormat.CLOUDEVENTS])
def test_plain_batches_are_refused_where_only_cloudevents_come(value_format: ValueFormat) -> None:
    for several in (orjson.dumps([{**ENVELOPE, "data": EVENT}] * 2), lines(*[{**ENVELOPE, "data": EVENT}] * 2)):
        assert outcomes(decisions(several, value_format)) == ["jane@example.com"] * 2
        assert outcomes(decisions(several, ValueFormat.JSON)) == ["unrecognised"] * 2
    found = batch(orjson.dumps(BOTH), value_format)
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Undeliverable)
    declared = [("content-type", BATCHED[1])]
    events = decisions(orjson.dumps([{**ENVELOPE, "data": EVENT}, EVENT]), value_format, declared)
    assert outcomes(events) == ["jane@example.com", "unrecognised"]
    assert isinstance(batch(orjson.dumps([7]), value_format), Reading)
    repaired = b'[{"specversion":"1.0","x":NaN,"data":' + JSON + b"}]"
    assert outcomes(decisions(repaired, value_format)) == ["jane@example.com"]


@pytest.mark.parametrize("first", [None, 7, {}, EVENT, []], ids=["null", "number", "object", "event", "array"])
def test_cloudevents_after_something_else_are_read_where_only_these_come(first: object) -> None:
    later = {**ENVELOPE, "data": EVENT}
    for value in (orjson.dumps([first, later]), orjson.dumps({"batch": [first, later]})):
        assert outcomes(decisions(value, ValueFormat.CLOUDEVENTS))[1:] == ["jane@example.com"]
    named = orjson.dumps({"type": "batch", "batch": [{}, later]})
    assert outcomes(decisions(named, ValueFormat.CLOUDEVENTS))[1:] == ["jane@example.com"]
    assert outcomes(decisions(lines({}, later), ValueFormat.CLOUDEVENTS))[1:] == ["jane@example.com"]


def test_too_many_cloudevents_are_too_large_where_only_these_come() -> None:
    found = batch(orjson.dumps([{**ENVELOPE, "data": EVENT}] * (MOST_EVENTS + 1)), ValueFormat.CLOUDEVENTS)
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Undeliverable)
    assert found.decision.reason is DeadLetterReason.TOO_LARGE


def test_a_cloudevent_of_several_inside_a_batch_is_a_batch_inside_a_batch() -> None:
    value = orjson.dumps([EVENT, {**ENVELOPE, "data": [EVENT]}])
    found = decisions(value)
    assert outcomes(found) == ["jane@example.com", "undecodable"]
    assert isinstance(found[1], Undeliverable)
    assert found[1].detail == "a batch inside a batch"


def consent(own: object, shared: object, **rules: Any) -> str:
    event = {**EVENT} if own is None else {**EVENT, "context": own}
    (found,) = decisions(orjson.dumps({"batch": [event], "context": shared}), **rules)
    assert isinstance(found, Enrolled)
    return found.contact.custom_1


@pytest.mark.parametrize(
    ("own", "shared", "expected"),
    [
        pytest.param(None, {"consent": {"marketing": False}}, Consent.OPT_OUT, id="shared alone"),
        pytest.param({}, {"consent": {"marketing": False}}, Consent.OPT_OUT, id="beside an empty one"),
        pytest.param(
            {"consent": {"marketing": True}},
            {"consent": {"marketing": False}},
            Consent.OPT_IN,
            id="the event's own first",
        ),
        pytest.param(
            {"consent": {"analytics": True}}, {"consent": {"marketing": False}}, Consent.OPT_OUT, id="merged in depth"
        ),
        pytest.param({"consent": "?"}, {"consent": {"marketing": False}}, Consent.OPT_OUT, id="beside a text"),
        pytest.param({"consent": "?"}, {"consent": {"marketing": True}}, Consent.UNKNOWN, id="no yes beside a text"),
        pytest.param(
            {"consent": {"marketing": False}},
            {"consent": {"canonical": {"marketing": True}}},
            Consent.OPT_OUT,
            id="the event's own in another form",
        ),
        pytest.param(
            '{"consent": {"marketing": false}}', {"consent": {"marketing": True}}, Consent.OPT_OUT, id="its own as text"
        ),
        pytest.param({"consent": None}, {"consent": {"marketing": False}}, Consent.OPT_OUT, id="beside a null"),
        pytest.param(
            {"consent": {"canonical": {"marketing": None}}},
            {"consent": {"marketing": False}},
            Consent.OPT_OUT,
            id="beside a null inside",
        ),
        pytest.param(None, '{"consent": {"marketing": false}}', Consent.OPT_OUT, id="shared as text"),
        pytest.param([7], {"consent": {"marketing": False}}, Consent.OPT_OUT, id="in place of a list"),
        pytest.param({"consent": {"marketing": False}}, "x", Consent.OPT_OUT, id="a context that is none"),
    ],
)
def test_events_share_the_context_of_their_batch(own: object, shared: object, expected: Consent) -> None:
    assert consent(own, shared) == expected


@pytest.mark.parametrize("mapping", [None, CustomMapping.of({"custom_2": ("/context/ip",)}, ())], ids=["", "pointers"])
@pytest.mark.parametrize(
    "own",
    [
        pytest.param("{", id="broken text"),
        pytest.param(f'{{"consent": {{"marketing": false}}, "page": "{"x" * 20_000}"}}', id="a text too long to read"),
        pytest.param([7], id="a list"),
        pytest.param({"consent": {"canonical": "denied"}}, id="a canonical consent that is a text"),
        pytest.param({"consent": {"canonical": False}}, id="a canonical consent that is none"),
    ],
)
def test_the_shared_yes_does_not_count_beside_what_is_unreadable(own: object, mapping: CustomMapping | None) -> None:
    assert consent(own, {"consent": {"marketing": True}}, custom=mapping) == Consent.UNKNOWN


def test_traits_of_the_batch_are_nobodys() -> None:
    """They would give several people one identity."""
    value = orjson.dumps(
        {"batch": [{"type": "identify"}, 7], "context": {"traits": {"email": "x@example.com"}, "ip": "1"}}
    )
    assert outcomes(decisions(value)) == ["no_identity", "undecodable"]


def test_broken_characters_and_numbers_stay_where_they_are() -> None:
    value = b'{"batch": [{"type":"identify","traits":{"email":"jane@example.com","age":NaN,"city":"\xff"}}]}'
    (found,) = decisions(value)
    assert isinstance(found, Enrolled)
    assert b"city" not in found.payload
    shared = b'{"context":{"ip":"1"},' + value[1:]
    assert decisions(shared)[0] == found


def test_a_number_of_any_length_is_read() -> None:
    value = b'{"payload": [{"type":"identify","traits":{"email":"jane@example.com","n":' + b"9" * 5000 + b"}}]}"
    assert outcomes(decisions(value, event_path="/payload")) == ["jane@example.com"]


def test_an_event_of_any_depth_harms_no_other() -> None:
    value = b'{"payload": [' + JSON + b"," + b"[" * 1000 + b"]" * 1000 + b"]}"
    assert outcomes(decisions(value, event_path="/payload")) == ["jane@example.com", "undecodable"]


@pytest.mark.parametrize(
    ("wrapped", "path"),
    [
        pytest.param({"batch": [EVENT], "context": REFUSED}, "/batch", id="a path to the batch"),
        pytest.param({"in": {"batch": [EVENT], "context": REFUSED}}, "/in/batch", id="a longer path"),
        pytest.param({"in": {"batch": [EVENT], "context": REFUSED}}, "/in", id="around it"),
        pytest.param(
            {"batch": [{"payload": EVENT}], "context": REFUSED},
            "/payload",
            id="in each event",
        ),
        pytest.param(
            {"batch": [{**ENVELOPE, "data": EVENT}], "context": REFUSED},
            None,
            id="CloudEvents",
        ),
    ],
)
def test_the_shared_context_reaches_the_events_wherever_they_are(wrapped: object, path: str | None) -> None:
    (found,) = decisions(orjson.dumps(wrapped), event_path=path)
    assert isinstance(found, Enrolled)
    assert found.contact.custom_1 == Consent.OPT_OUT


def test_a_shared_refusal_meets_the_consent_policy() -> None:
    value = orjson.dumps({"batch": [EVENT], "context": REFUSED})
    assert outcomes(decisions(value, withheld=frozenset([Consent.OPT_OUT]))) == ["no_consent"]


def test_custom_pointers_find_the_shared_context_after_the_events_own() -> None:
    own = {**EVENT, "context": {"campaign": {"source": "own"}}}
    value = orjson.dumps({"batch": [EVENT, own], "context": {"campaign": {"source": "shared"}}})
    custom = CustomMapping.of({"custom_2": ("/context/campaign/source",)}, ())
    found = decisions(value, custom=custom)
    assert [each.contact.custom_2 for each in found if isinstance(each, Enrolled)] == ["shared", "own"]


@pytest.mark.parametrize(
    ("value", "rules", "expected"),
    [
        pytest.param(orjson.dumps([JSON.decode(), "x"]), {}, ["jane@example.com", "undecodable"], id="events as text"),
        pytest.param(
            orjson.dumps({"in": [JSON.decode(), "x"]}),
            {"event_path": "/in"},
            ["jane@example.com", "undecodable"],
            id="at a path",
        ),
        pytest.param(
            orjson.dumps({"in": [{**ENVELOPE, "data": EVENT}]}),
            {"event_path": "/in"},
            ["jane@example.com"],
            id="CloudEvents at a path",
        ),
        pytest.param(b"# exported today\n" + JSON, {}, ["undecodable", "jane@example.com"], id="a comment first"),
        pytest.param(b"null\n[1]\n" + JSON, {}, ["undecodable", "undecodable", "jane@example.com"], id="others first"),
        pytest.param(
            b'x\n{"email":"a@example.com"}', {"input": Input.CONTACT}, ["undecodable", "a@example.com"], id="contacts"
        ),
    ],
)
def test_events_are_found_beside_what_is_none(value: bytes, rules: dict[str, Any], expected: list[str]) -> None:
    assert outcomes(decisions(value, **rules)) == expected


@pytest.mark.parametrize(
    ("value", "path"),
    [
        pytest.param(structured(data=[{"payload": EVENT}]), "/payload", id="in each event of the data"),
        pytest.param(structured(data={"batch": [{"payload": EVENT}]}), "/payload", id="in each event of a batch"),
        pytest.param(structured(data=[EVENT]), "/data", id="from the envelope"),
        pytest.param(structured(data={"payload": [EVENT]}), "/data/payload", id="from the envelope into the data"),
        pytest.param(structured(data_base64=b64encode(orjson.dumps([EVENT])).decode()), None, id="base64"),
        pytest.param(
            structured(data_base64=b64encode(JSON * 1 + b"\n" + JSON).decode().rstrip("=") + "\n"),
            None,
            id="base64 unpadded",
        ),
        pytest.param(structured(data=orjson.dumps([EVENT]).decode()), None, id="text"),
    ],
)
def test_batches_inside_cloudevents(value: bytes, path: str | None) -> None:
    assert set(outcomes(decisions(value, event_path=path))) == {"jane@example.com"}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"[" + b"1," * 30_000 + b"1]", id="array"),
        pytest.param(b"[ " + b"[] , " * 30_000 + b"1]", id="array with spaces"),
        pytest.param(b'{"batch": [' + b"{}," * 30_000 + b'1], "context": {"a": "' + b"x" * 50_000 + b'"}}', id="batch"),
        pytest.param(b"[" + b"1," * 30_000 + b"NaN]", id="array to repair"),
        pytest.param(structured(data=[[]] * 30_000), id="CloudEvent"),
    ],
)
def test_a_crowded_batch_is_too_large_before_its_events_are_looked_at(value: bytes) -> None:
    found = batch(value)
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Undeliverable)
    assert found.decision.reason is DeadLetterReason.TOO_LARGE


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b'{"specversion":"1.0","data":[' + JSON + b'],"x":NaN}', "jane@example.com", id="data to repair"),
        pytest.param(
            b'{"specversion":"1.0","data_base64":"' + b64encode(b"[" + JSON + b"]") + b'","x":NaN}',
            "jane@example.com",
            id="base64 to repair",
        ),
        pytest.param(
            b'{"specversion":"1.0","x":NaN,"data":' + orjson.dumps(f"[{JSON.decode()}]") + b"}",
            "jane@example.com",
            id="text to repair",
        ),
    ],
)
def test_cloudevents_are_repaired_around_their_batches(value: bytes, expected: str) -> None:
    assert outcomes(decisions(value)) == [expected]


def test_a_cloudevent_that_is_none_has_no_batch() -> None:
    found = batch(b"{'specversion'", headers=[("content-type", BATCHED[1])])
    assert isinstance(found, Reading)
    assert isinstance(found.decision, Undeliverable)


def test_what_is_too_deep_is_its_own_fault() -> None:
    deep = b"[" * 1000 + b"]" * 1000
    value = b'{"in": [' + JSON + b',{"specversion":"1.0","data":' + deep + b"}," + deep + b"]}"
    assert outcomes(decisions(value, event_path="/in"))[0] == "jane@example.com"
    line = b'{"order":7,"batch":' + b"[" * 10
    assert outcomes(decisions(JSON + b"\n" + line)) == ["jane@example.com", "undecodable"]
    assert isinstance(batch(b"[x" + b",1" * 20_001 + b"]"), Reading)


def test_many_commas_are_no_events() -> None:
    many = {**EVENT, "traits": {**EVENT["traits"], "tags": [1] * 30_000}}
    assert outcomes(decisions(orjson.dumps([many, JOE]))) == ["jane@example.com", "joe@example.com"]
    broken = b"[" + b"1," * 30_000
    assert isinstance(batch(broken), Reading)


def test_the_context_is_shared_without_a_copy_for_each_event() -> None:
    """A thousand events beside a context of a megabyte would take a gigabyte."""
    value = orjson.dumps({"batch": [EVENT] * 3, "context": {"a": "x" * 100_000}})
    found = batch(value)
    assert isinstance(found, EventBatch)
    assert sum(len(each) for each in found.values if isinstance(each, bytes)) < 1000


@given(st.lists(st.sampled_from([EVENT, JOE, PAGE, 7, None, "x", [], {}, [EVENT], {"batch": []}]), max_size=5))
def test_the_same_events_are_the_same_in_each_form(documents: list[Any]) -> None:
    array = outcomes(decisions(orjson.dumps(documents)))
    assert outcomes(decisions(orjson.dumps({"batch": documents}))) == array
    at_path = decisions(orjson.dumps({"in": documents}), event_path="/in")
    assert outcomes(at_path) == array


@given(st.binary(max_size=60), st.sampled_from([b"", b"[", b'{"batch":[', b"{}\n", JSON + b"\n", b"[" + JSON]))
def test_no_bytes_raise(rest: bytes, begin: bytes) -> None:
    values = split(begin + rest)
    found = batch(begin + rest)
    assert isinstance(found, Reading | EventBatch)
    if isinstance(found, EventBatch):
        assert values is not None
        assert found.values == values.values
        assert all(isinstance(found.read(each).decision, Enrolled | Filtered | Undeliverable) for each in found.values)
