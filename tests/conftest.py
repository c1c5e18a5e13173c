"""Fixtures of all tests: an engine, librdkafka's in-process broker, and a real Apache Kafka where there is one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from consumer.demo.broker import InProcessBroker
from tests.kafka.apache import ApacheKafka, Unavailable, create_topic
from tests.kafka.broker import Broker
from tests.kafka.container import kafka_container
from tests.kafka.in_process import InProcess
from tests.support.engine import Engine
from tests.support.programs import Promise, absent

OWN_PROCESS = "CONSUMER_TESTS_OWN_PROCESS"  # set in the process of one test that is marked so

# A busy machine is no bug.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A run in the background of a script is born deaf to Ctrl-C, and so would be the programs that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class GivenBroker:
    """The tester's own Kafka, named by KAFKA_BOOTSTRAP_SERVERS."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        """Create a topic, and return when it is there."""
        create_topic(self.bootstrap, name, partitions, config)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that changes its whole process in one of its own: a broker may live in this one."""
    if pyfuncitem.get_closest_marker("own_process") is None or OWN_PROCESS in os.environ:
        return None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", pyfuncitem.nodeid]
    done = subprocess.run(
        command,
        cwd=pyfuncitem.config.rootpath,
        env={**kept, OWN_PROCESS: "yes"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return True


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="session")
def in_process_broker() -> Iterator[InProcess]:
    """librdkafka's mock cluster."""
    with InProcessBroker() as broker:
        yield InProcess(broker)


@pytest.fixture(scope="session")
def apache_kafka(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A real broker: the tester's own, else a container, else the one from Kafka's jars."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield GivenBroker(given)
        return
    with ExitStack() as stack:
        broker: Broker
        try:
            broker = stack.enter_context(kafka_container())
        except Unavailable:
            broker = request.getfixturevalue("kafka_from_jars")
        yield broker


@pytest.fixture(scope="session")
def kafka_from_jars(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """A real broker that a test may configure, kill and start again: only from the jars."""
    try:
        kafka = ApacheKafka(tmp_path_factory.mktemp("kafka"))
    except Unavailable as no_jars:
        absent(f"no Apache Kafka: {no_jars}", Promise.KAFKA)
    kafka.begin()
    yield kafka
    kafka.stop()
