"""A real Apache Kafka from its jars: one process, KRaft, 127.0.0.1 only, data in a test's directory."""

from __future__ import annotations

import base64
import fcntl
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom

import trustme
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tests.support.waiting import wait_until

VERSION = "4.4.0"
CACHE = Path(__file__).parents[2] / ".cache" / f"kafka-{VERSION}"
START_SECONDS = 180.0  # a guard against hanging, as is the next one
END_SECONDS = 120.0
START_TRIES = 4
FIRST_PORT = 10_000  # of those that `free_ports` gives
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
JVM = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": "2097152",  # 128 MiB of heap by default
    # A broker that was killed may come back soon.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.consumer.heartbeat.interval.ms": "300",
}

SASL = {
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,SSL:SSL",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.sasl.plain.sasl.jaas.config": (
        'org.apache.kafka.common.security.plain.PlainLoginModule required user_worker="right";'
    ),
}

# Everybody may do everything until an ACL says otherwise.
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "allow.everyone.if.no.acl.found": "true",
}


class Unavailable(Exception):  # noqa: N818 -- it is a finding, not an error
    """No broker of this kind can be had here; its text says why."""


class ApacheKafka:
    """A broker that can be stopped, killed and started again with its data.

    properties -- the broker's, where they differ from the ones here
    joins      -- a running one whose cluster this one is a further broker of, without a vote
    node       -- its number in the cluster
    jvm        -- further options of Java

    Raises Unavailable where Java or Maven is missing, or the jars can't be had.
    """

    def __init__(
        self,
        folder: Path,
        properties: Mapping[str, str] | None = None,
        *,
        joins: ApacheKafka | None = None,
        node: int = 1,
        jvm: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._jvm = (*JVM, *jvm)
        self._properties = {"node.id": str(node), **(properties or {})}
        self._joins = joins
        self._libraries = libraries()
        self._process: subprocess.Popen[bytes] | None = None
        self._cluster_id: str = joins._cluster_id if joins else cluster_id()
        self._config = folder / "server.properties"
        self._keystore = folder / "keystore.pem"
        self.ca_file = folder / "ca.pem"  # of the authority that vouches for the TLS listener
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._keystore.write_bytes(keystore(authority.issue_cert("127.0.0.1")))
        self._configure()
        self._java(
            "kafka.tools.StorageTool", "format", "--cluster-id", self._cluster_id, "--config", str(self._config)
        ).wait()

    def _configure(self) -> None:
        self._port, self._sasl_port, self._tls_port, self._controller_port = free_ports(4)
        controller = self._joins._controller_port if self._joins else self._controller_port
        plain = f"PLAINTEXT://127.0.0.1:{self._port},SASL://127.0.0.1:{self._sasl_port}"
        listeners = f"{plain},SSL://127.0.0.1:{self._tls_port}"
        properties = {
            **PROPERTIES,
            **SASL,
            **AUTHORIZER,
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listeners,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self._folder / "data"),
            "listener.name.ssl.ssl.keystore.type": "PEM",
            "listener.name.ssl.ssl.keystore.location": str(self._keystore),
            **self._properties,
        }
        if self._joins:
            properties |= {"process.roles": "broker", "listeners": listeners}
        self._config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    def has_log(self, topic: str) -> bool:
        """Return whether the broker still accepts records for a topic: logs of a deleted one are renamed later."""
        folders = (self._folder / "data").glob(f"{topic}-*")
        return any(folder.name.removeprefix(f"{topic}-").isdecimal() for folder in folders)

    @property
    def bootstrap(self) -> str:
        """host:port, without authentication."""
        return f"127.0.0.1:{self._port}"

    @property
    def sasl_bootstrap(self) -> str:
        """host:port of the listener that asks for SASL PLAIN; its only user is `worker`, the password `right`."""
        return f"127.0.0.1:{self._sasl_port}"

    @property
    def tls_bootstrap(self) -> str:
        """host:port of the listener that speaks TLS."""
        return f"127.0.0.1:{self._tls_port}"

    def begin(self) -> None:
        """Start it for the first time, at other ports if somebody has taken one of them meanwhile."""
        for _ in range(START_TRIES):
            try:
                return self.start()
            except Unavailable:
                self._configure()
        raise AssertionError(f"Kafka does not start:\n{self.log()}")

    def start(self) -> None:
        """Start it, and return when it answers, and no other at its port. Raises Unavailable if it ends instead."""
        self._process = self._java("kafka.Kafka", str(self._config))
        process = self._process

        def answering() -> bool:
            if process.poll() is not None:
                raise Unavailable("Kafka has ended")
            return answers(self.bootstrap, self._cluster_id)

        wait_until(answering, self.log, seconds=START_SECONDS)

    def stop(self) -> None:
        """End it in its own time."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it in the middle of what it does, its connections open, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def create_topic(self, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        """Create a topic, and return when it is there."""
        create_topic(self.bootstrap, name, partitions, config)

    def log(self) -> str:
        """Return its output."""
        return (self._folder / "kafka.log").read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._signal(number)
            self._process.wait(END_SECONDS)
            self._process = None

    def _java(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._folder / "kafka.log").open("ab") as out:
            return subprocess.Popen(
                # A test run that is killed leaves no broker behind (prctl(2), PR_SET_PDEATHSIG).
                ["setpriv", "--pdeathsig", "KILL", "java", *self._jvm, "-cp", f"{self._libraries}/*", *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )


def keystore(certificate: trustme.LeafCert) -> bytes:
    """Key and certificate in one file, the key in PKCS 8: Java reads no other."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain


def libraries() -> Path:
    """The folder of Kafka's jars, fetched by Maven once for this checkout."""
    for program in ("java", "mvn", "setpriv"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    done = CACHE / "libs"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes begin at once
        if not done.is_dir():
            (CACHE / "pom.xml").write_text(POM)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={CACHE / 'partial'}"]
            fetched = subprocess.run(["mvn", "-q", "-B", *goal], cwd=CACHE, capture_output=True, check=False)
            if fetched.returncode:
                raise Unavailable(f"Maven could not fetch Kafka's jars: {fetched.stdout.decode()[-400:]}")
            (CACHE / "partial").rename(done)
    return done


def cluster_id() -> str:
    """A new one, as Kafka writes it. It begins with no hyphen, which Kafka's tool would take for an option."""
    first, *rest = uuid.uuid4().bytes
    return base64.urlsafe_b64encode(bytes([first & 0x7F, *rest])).decode().rstrip("=")


def free_ports(count: int) -> list[int]:
    """Ports at which nothing listens, and that the system gives to nobody by itself.

    Of those that it does give, any may be taken before, or between two starts of, the server that it is meant for: by a
    connection that goes out, even by the one that a client tries to make to that very port.
    """
    ephemeral = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32_768
    below = ephemeral if ephemeral > 2 * FIRST_PORT else 60_000  # some systems give nearly all of them
    ports = SystemRandom().sample(range(FIRST_PORT, below), 20 * count)  # two test processes choose at once
    return [port for port in ports if _is_free(port)][:count]


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def answers(bootstrap: str, cluster: str) -> bool:
    """Return whether a broker of this cluster responds there within a second."""
    try:
        found = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=1)
    except KafkaException:
        return False
    return bool(found.brokers) and found.cluster_id == cluster


def create_topic(bootstrap: str, name: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
    """Create a topic on a real broker, and return when it is there."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + START_SECONDS
    while (refusal := _refusal(admin, NewTopic(name, partitions, 1, config=dict(config or {})))) is not None:
        # So is a topic refused while the controller has not heard of the broker for two seconds: it was busy.
        if refusal.args[0].code() != KafkaError.INVALID_REPLICATION_FACTOR or time.monotonic() > deadline:
            raise refusal
        time.sleep(0.1)
    while len(admin.list_topics(name, timeout=60).topics[name].partitions) < partitions:
        time.sleep(0.01)


def _refusal(admin: AdminClient, topic: NewTopic) -> KafkaException | None:
    """Why the topic is not created; None: it is."""
    try:
        admin.create_topics([topic])[topic.topic].result(60)
    except KafkaException as refused:
        return refused
    return None
