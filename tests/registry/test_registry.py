"""The registry as formats use it: over HTTP, on a thread of its own, with references."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from consumer.enrolment.decision import Undeliverable
from consumer.errors import ConfigurationError
from consumer.extras import PACKAGES, Extra
from consumer.formats.framing import Decoded, Framed, SchemaPending
from consumer.registry.client import Away, RegistryClient, Unknown
from consumer.registry.opening import FetchResult, RegistryOptions, open_registry
from consumer.registry.registry import SchemaRegistry
from consumer.registry.schema import MOST_REFERENCES, Schema, Unusable, fetch
from tests.clicksend.scripted_server import answer, reply, reply_and_close
from tests.registry.stand_in import StandIn

STRING = Framed(7, b"\x04ab")
HANG_SECONDS = 60.0  # a guard against hanging
GUID = bytes(range(16))


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn().running() as server:
        assert isinstance(server, StandIn)
        yield server


@pytest.fixture
def client(server: StandIn) -> Iterator[RegistryClient]:
    client = RegistryClient(RegistryOptions(server.url))
    yield client
    client.close()


def test_a_schema_without_a_type_is_avro(server: StandIn, client: RegistryClient) -> None:
    server.add("/schemas/ids/7", "string")
    assert fetch(client, 7) == Schema("AVRO", "string")


def test_a_guid_has_a_path_of_its_own(server: StandIn, client: RegistryClient) -> None:
    server.add("/schemas/guids/00010203-0405-0607-0809-0a0b0c0d0e0f", "{}", schemaType="JSON")
    assert fetch(client, GUID) == Schema("JSON", "{}")


def test_references_are_fetched_with_those_that_they_have_each_once(server: StandIn, client: RegistryClient) -> None:
    a, b = ({"name": name, "subject": f"s/{name}", "version": 2} for name in ("a", "b"))
    server.add("/schemas/ids/7", "root", references=[a, b])
    server.add("/subjects/s%2Fa/versions/2?deleted=true", "A", references=[b])
    server.add("/subjects/s%2Fb/versions/2?deleted=true", "B", references=[a])
    assert fetch(client, 7) == Schema("AVRO", "root", {"a": "A", "b": "B"})
    assert len(server.requests) == 3


def test_of_protobuf_the_descriptors_are_asked_for(server: StandIn, client: RegistryClient) -> None:
    reference = {"name": "a.proto", "subject": "a", "version": 1}
    server.add("/schemas/ids/7", 'syntax = "proto3";', schemaType="PROTOBUF", references=[reference])
    server.add("/schemas/ids/7?format=serialized", "Cg==", schemaType="PROTOBUF", references=[reference])
    server.add("/subjects/a/versions/1?deleted=true&format=serialized", "Cgo=")
    assert fetch(client, 7) == Schema("PROTOBUF", "Cg==", {"a.proto": "Cgo="})


@pytest.mark.parametrize(
    "reference", ["a", None, {"name": "a"}, {"name": "a", "subject": "s", "version": "1"}],
    ids=["text", "null", "a name alone", "a version that is text"],
)  # fmt: skip
def test_a_reference_that_is_none_makes_the_schema_unusable(
    reference: Any, server: StandIn, client: RegistryClient
) -> None:
    server.add("/schemas/ids/7", "root", references=[reference])
    assert fetch(client, 7) == Unusable("a reference without name, subject and version")


def test_so_does_one_that_the_registry_does_not_have_or_a_chain_without_an_end(
    server: StandIn, client: RegistryClient
) -> None:
    missing = {"name": "a", "subject": "s", "version": 1}
    server.add("/schemas/ids/7", "root", references=[missing])
    assert fetch(client, 7) == Unusable("a reference that the registry does not have")
    many = [{"name": f"n{number}", "subject": "s", "version": 1} for number in range(MOST_REFERENCES + 1)]
    server.add("/subjects/s/versions/1?deleted=true", "S")
    server.add("/schemas/ids/7", "root", references=many)
    assert fetch(client, 7) == Unusable("more than 200 references")


def test_an_outage_in_the_middle_is_an_outage(server: StandIn, client: RegistryClient) -> None:
    assert fetch(client, 7) == Unknown()
    server.add("/schemas/ids/7", "root", references=[{"name": "a", "subject": "s", "version": 1}])
    server.documents["/subjects/s/versions/1?deleted=true"] = {}
    assert isinstance(fetch(client, 7), Away)
    server.documents["/schemas/ids/7?format=serialized"] = {}
    server.add("/schemas/ids/7", "root", schemaType="PROTOBUF")
    assert isinstance(fetch(client, 7), Away)


class World:
    """A registry whose results are counted."""

    def __init__(self, server: StandIn) -> None:
        self.counts: Counter[FetchResult] = Counter()
        self.registry = open_registry(RegistryOptions(server.url), self._count)

    def _count(self, result: FetchResult) -> None:
        self.counts[result] += 1

    def until(self, condition: Callable[[SchemaRegistry], bool]) -> None:
        """Wait until something is so; the registry wakes those who wait."""
        for _ in range(1000):
            if condition(self.registry):
                return
            self.registry.wait(HANG_SECONDS / 1000)
        raise AssertionError("it never became so")


def test_a_schema_is_fetched_once_and_nobody_waits_in_decode(server: StandIn) -> None:
    server.add("/schemas/ids/7", '"string"')
    world = World(server)
    assert world.registry.decode(STRING) == SchemaPending(7)
    world.until(lambda registry: registry.changes == 1)
    for _ in range(3):
        found = world.registry.decode(STRING)
        assert isinstance(found, Decoded)
        assert orjson.loads(found.value) == "ab"
    assert server.asked() == ["/schemas/ids/7"]


def test_an_outage_is_one_line_of_the_log_and_its_end_another(server: StandIn) -> None:
    server.down = reply(answer("503 Busy"))
    with capture_logs() as logs:
        world = World(server)
        assert world.registry.decode(STRING) == SchemaPending(7)
        world.until(lambda registry: registry.fault == "HTTP 503")
        server.add("/schemas/ids/7", '"string"')
        server.down = None
        world.until(lambda registry: registry.changes == 1)
        world.until(lambda _registry: len(logs) == 2)
    assert world.registry.fault == ""
    assert [line["event"] for line in logs] == ["schema registry unreachable", "schema registry reached"]
    assert logs[0]["cause"] == "HTTP 503"
    assert isinstance(world.registry.decode(STRING), Decoded)


def test_a_schema_that_cannot_be_used_is_refused_and_counted(server: StandIn) -> None:
    server.add("/schemas/ids/7", "{")
    world = World(server)
    world.registry.decode(STRING)
    world.until(lambda registry: registry.changes == 1)
    found = world.registry.decode(STRING)
    assert isinstance(found, Undeliverable)
    assert found.detail == "schema 7 is avro that can't be compiled (JSONDecodeError)"
    world.until(lambda _registry: world.counts[FetchResult.UNUSABLE] == 1)


def test_an_unknown_id_waits_for_late_replication(server: StandIn) -> None:
    world = World(server)
    world.registry.decode(STRING)
    world.until(lambda _registry: world.counts[FetchResult.UNKNOWN] == 1)
    assert world.registry.decode(STRING) == SchemaPending(7)
    server.add("/schemas/ids/7", '"string"')
    world.until(lambda registry: registry.changes == 1)
    assert isinstance(world.registry.decode(STRING), Decoded)


def test_a_server_that_hangs_up_is_no_word_of_the_registry(server: StandIn) -> None:
    server.down = reply_and_close()
    world = World(server)
    world.registry.decode(STRING)
    world.until(lambda registry: bool(registry.fault))
    assert world.registry.decode(STRING) == SchemaPending(7)
    assert world.registry.changes == 0


def test_an_extra_that_is_not_installed_is_named_with_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, Extra.REGISTRY, ("fastavro", "no.such.package", "nosuchpackage"))
    with pytest.raises(ConfigurationError) as raised:
        open_registry(RegistryOptions("http://127.0.0.1:1"))
    (problem,) = raised.value.problems
    assert problem.name == "KAFKA_VALUE_FORMAT=registry"
    assert problem.what == "needs no.such.package and nosuchpackage, which this installation lacks"
    assert problem.hint == "Install the extra: pip install 'clicksend-consumer[registry]'"


def test_json_of_a_frame_is_decoded_by_its_schemas_type(server: StandIn) -> None:
    server.add("/schemas/ids/7", "{}", schemaType="JSON")
    world = World(server)
    framed = Framed(7, json.dumps({"type": "page"}).encode())
    world.registry.decode(framed)
    world.until(lambda registry: registry.changes == 1)
    assert isinstance(world.registry.decode(framed), Decoded)
