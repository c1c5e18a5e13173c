"""A real Apache Kafka in a container, if a Docker engine is available."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.kafka.apache import PROPERTIES, START_SECONDS, Unavailable, answers, cluster_id, create_topic, free_ports
from tests.support.waiting import wait_until

IMAGE = os.environ.get("KAFKA_IMAGE", "apache/kafka:4.1.0")

# Read when testcontainers is imported. The broker is ended by the `with` block, so no helper container is needed.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")


class KafkaContainer:
    """A broker in a container, at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.bootstrap = f"127.0.0.1:{port}"

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        """Create a topic, and return when it is there."""
        create_topic(self.bootstrap, name, partitions, config)


@contextmanager
def kafka_container(image: str = IMAGE) -> Iterator[KafkaContainer]:
    """Run the image. Raises Unavailable where no engine answers or the image can't be had."""
    if not _engine_answers():
        raise Unavailable("no Docker engine answers")
    import docker.errors  # noqa: PLC0415 -- the environment above comes first
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 -- the same

    (port,), cluster = free_ports(1), cluster_id()
    try:
        container = DockerContainer(image)
        container.ports = {f"{port}/tcp": ("127.0.0.1", port)}  # type: ignore[dict-item]  # docker-py takes an address
        for name, value in _environment(port, cluster).items():
            container.with_env(name, value)
        container.start()
    except docker.errors.DockerException as error:
        raise Unavailable(f"the Docker engine has no image {image} ({type(error).__name__})") from None
    try:
        wait_until(lambda: answers(f"127.0.0.1:{port}", cluster), container.get_logs, seconds=START_SECONDS)
        yield KafkaContainer(port)
    finally:
        with suppress(docker.errors.DockerException):
            container.stop()


def _engine_answers() -> bool:
    """Return whether a Docker engine listens. Uses a plain socket, since docker-py leaks its own."""
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(address.removeprefix("unix://")) == 0


def _environment(port: int, cluster: str) -> dict[str, str]:
    """The properties as the official image reads them: KAFKA_A_B for a.b."""
    given = {
        **PROPERTIES,
        "controller.quorum.voters": "1@localhost:29093",
        "listeners": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:29093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "heap.opts": "-Xms128m -Xmx256m",
    }
    variables = {f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in given.items()}
    return {"CLUSTER_ID": cluster, **variables}
