"""A worker on records that other people's serialisers have written, with a real Schema Registry beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from tests.kafka.apache import Unavailable
from tests.registry.apicurio import Apicurio
from tests.support.command import run
from tests.support.programs import Promise, absent
from tests.support.stage import PARTITIONS, Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

JSON_SCHEMA = json.dumps({"title": "Event", "type": "object", "properties": {"type": {"type": "string"}}})
TRAITS = FileDescriptorProto(name="traits.proto", package="shop", syntax="proto3")
TRAITS.message_type.add(
    name="Traits", field=[FieldDescriptorProto(name="email", number=1, type="TYPE_STRING", label=1)]
)
EVENT = FileDescriptorProto(name="event.proto", package="shop", syntax="proto3", dependency=["traits.proto"])
EVENT.message_type.add(name="Other")
EVENT.message_type.append(
    DescriptorProto(
        name="Event",
        field=[
            FieldDescriptorProto(name="type", number=1, type="TYPE_STRING", label=1),
            FieldDescriptorProto(name="traits", number=2, type="TYPE_MESSAGE", type_name=".shop.Traits", label=1),
        ],
    )
)

Serialize = Callable[[dict[str, Any]], bytes]


def avro_schema(name: str) -> str:
    traits = {"type": "record", "name": "Traits", "fields": [{"name": "email", "type": ["null", "string"]}]}
    fields = [{"name": "type", "type": "string"}, {"name": "traits", "type": traits}]
    return json.dumps({"type": "record", "name": name, "fields": fields})


class Producers:
    """Serialisers of confluent-kafka. In an empty registry their schemas always have the same ids."""

    def __init__(self, url: str) -> None:
        self._client = SchemaRegistryClient({"url": url})
        pool = DescriptorPool()
        pool.Add(TRAITS)
        pool.Add(EVENT)
        self._message = GetMessageClass(pool.FindMessageTypeByName("shop.Event"))
        proto = ProtobufSerializer(self._message, self._client, {"use.deprecated.format": False})
        self.avro = self._with(AvroSerializer(self._client, avro_schema("Event")), "avro")
        self.json = self._with(JSONSerializer(JSON_SCHEMA, self._client), "json")
        self.protobuf = self._with(lambda event, where: proto(self._message(**event), where), "protobuf")
        self.late = self._with(AvroSerializer(self._client, avro_schema("Late")), "late")
        for serialize in (self.avro, self.json, self.protobuf, self.late):
            serialize(sign_up(0))  # registers the schema

    def close(self) -> None:
        self._client.close()

    def _with(self, serializer: Callable[[Any, SerializationContext], bytes | None], topic: str) -> Serialize:
        def serialize(event: dict[str, Any]) -> bytes:
            return serializer(event, SerializationContext(topic, MessageField.VALUE)) or b""

        return serialize


def sign_up(number: int) -> dict[str, Any]:
    return {"type": "identify", "traits": {"email": f"u{number}@example.com"}}


@pytest.fixture
def apicurio(tmp_path: Path) -> Iterator[Apicurio]:
    try:
        registry = Apicurio(tmp_path)
    except Unavailable as why:
        absent(str(why), Promise.KAFKA)
    registry.start()
    yield registry
    registry.kill()


def test_records_wait_for_a_registry_that_was_killed_and_none_is_lost(apache_stage: Stage, apicurio: Apicurio) -> None:
    stage, producers = apache_stage, Producers(apicurio.url)
    settings = {"KAFKA_VALUE_FORMAT": "registry", "REGISTRY_URL": apicurio.url}
    for number, serialize in enumerate([producers.avro, producers.json, producers.protobuf] * 10):
        stage.produce_raw(serialize(sign_up(number)), partition=number % PARTITIONS)

    explained = run(
        "explain", "--last", "1", "--format", "json", variables=stage.variables() | settings, folder=stage.folder
    )
    forms = {json.loads(line)["format"] for line in explained.stdout.splitlines()}
    assert forms <= {"framing, avro, json", "framing, json_schema, json", "framing, protobuf, json"}
    checked = run("check", variables=stage.variables() | settings, folder=stage.folder)
    (records,) = [line for line in checked.stdout.splitlines() if line.split()[1] == "records"]
    assert records.startswith("ok")
    assert "10 framing protobuf json" in records

    with stage.worker(**settings) as worker:
        worker.wait(lambda: stage.enrolled() == 30)
        apicurio.kill()
        stage.produce_raw(producers.late(sign_up(30)), partition=0)
        stage.produce_raw(producers.avro(sign_up(31)), partition=0)
        stage.produce_raw(producers.avro(sign_up(32)), partition=1)
        worker.wait(lambda: stage.enrolled() == 31)  # of the other partition: its schema is known
        worker.wait(lambda: worker.readiness()[1]["state"] == "registry_unreachable")
        status, body = worker.readiness()
        assert status == 503
        assert f"{stage.topic}-0 wait for a schema" in body["detail"]
        held = f'clicksend_consumer_partition_held{{partition="0",reason="registry_unreachable",topic="{stage.topic}"}}'
        assert worker.metrics()[held] == 1
        assert worker.liveness()[0] == 200
        before = stage.committed()[0].offset
        assert before == 8, "nothing of what waits is committed"

        producers.close()
        apicurio.start()
        producers = Producers(apicurio.url)
        worker.wait(lambda: stage.enrolled() == 33)
        worker.wait_ready()
        assert {"schema registry unreachable", "schema registry reached"} <= set(worker.events())

        unknown = b"\0\0\0\3\xe7" + producers.avro(sign_up(33))[5:]
        stage.produce_raw(unknown, partition=2, headers=[("trace", b"1")])
        worker.wait(lambda: len(stage.dead_letters()) == 1)
        assert worker.stop() == 0
    (dead_letter,) = stage.dead_letters()
    assert dead_letter.value() == unknown
    headers = stage.headers(dead_letter)
    assert (headers["trace"], headers["clicksend.reason"]) == ("1", "undecodable")
    assert headers["__connect.errors.exception.message"] == "schema 999 is unknown to the Schema Registry"
    assert stage.lag() == 0
    producers.close()


def test_a_worker_that_is_killed_in_the_meantime_loses_none(apache_stage: Stage, apicurio: Apicurio) -> None:
    stage, producers = apache_stage, Producers(apicurio.url)
    values = [producers.late(sign_up(number)) for number in range(5)]
    producers.close()
    apicurio.kill()
    for value in values:
        stage.produce_raw(value, partition=0)
    settings = {"KAFKA_VALUE_FORMAT": "registry", "REGISTRY_URL": apicurio.url, **stage.miss_soon()}
    with stage.worker(**settings) as worker:
        worker.wait(lambda: worker.readiness()[1]["state"] == "registry_unreachable")
        worker.kill()
    apicurio.start()
    producers = Producers(apicurio.url)
    with stage.worker(**settings) as worker:
        worker.wait(lambda: stage.enrolled() == 5)
        assert worker.stop() == 0
    assert stage.dead_letters() == []
    producers.close()
