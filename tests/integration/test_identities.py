"""The worker's identities on a real Kafka: client certificates, SCRAM, and tokens of a real token server.

One broker for all of them. Its TLS listener asks for a client certificate, its SASL listener takes SCRAM and tokens,
which Kafka's own validator checks against the server's published keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka, Unavailable
from tests.support.certificates import ClientCertificate, issue
from tests.support.events import sign_up
from tests.support.programs import Promise, absent
from tests.support.stage import Stage
from tests.support.token_server import AUDIENCE, Answer, TokenEndpoint, TokenServer
from tests.support.worker_process import WorkerProcess

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SECRET = "made-up-and-s3cret"
SASL, LOGIN = "listener.name.sasl", "org.apache.kafka.common.security"
NO_EVENT = b'{"type": "identify", "traits": {"email": "no email", "phone": "none"}}'

Variables = dict[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """A broker and those that vouch for its clients."""

    kafka: ApacheKafka
    tokens: TokenServer
    authority: trustme.CA
    folder: Path

    def with_certificate(self, certificate: ClientCertificate | None = None) -> Variables:
        tls = {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.tls_bootstrap,
            "KAFKA_SECURITY_PROTOCOL": "ssl",
            "KAFKA_SSL_CA_LOCATION": str(self.kafka.ca_file),
        }
        return tls | (certificate.variables() if certificate is not None else {})

    def sasl(self) -> Variables:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.sasl_bootstrap,
            "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "KAFKA_SSL_CA_LOCATION": str(self.kafka.ca_file),
        }

    def scram(self) -> Variables:
        login = {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_USERNAME": "worker"}
        return self.sasl() | login | {"KAFKA_SASL_PASSWORD": SECRET}

    def oidc(self, url: str = "") -> Variables:
        return self.sasl() | {
            "KAFKA_OAUTH_TOKEN_ENDPOINT_URL": url or f"{self.tokens.issuer}/token",
            "KAFKA_OAUTH_CLIENT_ID": "worker",
            "KAFKA_OAUTH_CLIENT_SECRET": SECRET,
        }

    def aws(self) -> Variables:
        return self.sasl() | {
            "KAFKA_SASL_IDENTITY": "aws_msk",
            "KAFKA_AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/none",
            "AWS_SHARED_CREDENTIALS_FILE": "/none",
        }


def properties(folder: Path, tokens: TokenServer, ca_file: Path) -> Variables:
    token, keystore = f"{SASL}.oauthbearer", folder / "keystore.pem"
    return {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,SSL:SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
        f"{SASL}.ssl.keystore.type": "PEM",
        f"{SASL}.ssl.keystore.location": str(keystore),
        f"{SASL}.scram-sha-512.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
        f"{token}.sasl.jaas.config": f"{LOGIN}.oauthbearer.OAuthBearerLoginModule required;",
        f"{token}.sasl.server.callback.handler.class": f"{LOGIN}.oauthbearer.OAuthBearerValidatorCallbackHandler",
        f"{token}.sasl.oauthbearer.jwks.endpoint.url": tokens.keys,
        f"{token}.sasl.oauthbearer.expected.audience": AUDIENCE,
        f"{token}.sasl.oauthbearer.expected.issuer": tokens.issuer,
        f"{token}.sasl.oauthbearer.clock.skew.seconds": "1",
        f"{token}.connections.max.reauth.ms": "60000",  # a connection ends with its token
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.ssl.ssl.truststore.type": "PEM",
        "listener.name.ssl.ssl.truststore.location": str(ca_file),
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("identities")
    authority, ca_file = trustme.CA(), folder / "clients-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    try:
        tokens = TokenServer(folder)
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={tokens.keys}"
        kafka = ApacheKafka(folder, properties(folder, tokens, ca_file), jvm=[allowed])
    except Unavailable as why:
        absent(str(why), Promise.KAFKA)
    tokens.start()
    kafka.begin()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    user = UserScramCredentialUpsertion(
        "worker", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), SECRET.encode()
    )
    admin.alter_user_scram_credentials([user])["worker"].result(60)
    yield World(kafka, tokens, authority, folder)
    kafka.stop()
    tokens.kill()


@pytest.fixture
def stage(world: World, tmp_path: Path) -> Iterator[Stage]:
    with Sandbox() as sandbox:
        yield Stage(world.kafka, "consumer", sandbox, tmp_path)


def wait_refused(worker: WorkerProcess, *reasons: str) -> None:
    """Wait until the worker is unready for these reasons, and has said so once."""
    worker.wait(lambda: worker.readiness()[1]["state"] == "kafka_refuses")
    status, body = worker.readiness()
    assert status == 503
    assert all(reason in body["detail"] for reason in reasons), body
    refusals = [line for line in worker.lines() if line["event"] == "kafka access refused, waiting"]
    assert len(refusals) == 1


@pytest.mark.parametrize(
    ("variables", "checked"),
    [
        pytest.param(
            lambda world, folder: world.with_certificate(issue(world.authority, folder, "worker")),
            "ok       certificate        the certificate expires in 364 days, and the key is its own",
            id="a client certificate",
        ),
        pytest.param(lambda world, _: world.scram(), "", id="scram"),
        pytest.param(
            lambda world, _: world.oidc() | {"KAFKA_GROUP_PROTOCOL": "classic"},
            "ok       token              a token was issued, valid for 1",
            id="a token",
        ),
    ],
)
def test_every_client_signs_in_with(
    world: World, stage: Stage, variables: Callable[[World, Path], Variables], checked: str
) -> None:
    """The worker's three, and those of the commands."""
    identity = variables(world, stage.folder)
    found = stage.run("check", **identity)
    assert found.returncode == 0, found.stdout
    assert checked in found.stdout
    stage.produce(sign_up(0), raw=[NO_EVENT])
    with stage.worker(**identity) as worker:
        worker.wait(lambda: stage.enrolled() == 1)
        worker.wait(lambda: len(stage.dead_letters()) == 1)
        worker.wait_ready()
        assert worker.stop() == 0
        assert SECRET not in worker.output()
    assert not stage.members()
    lag = stage.run("lag", "--format", "json", **identity)
    assert lag.returncode == 0, lag.stderr


# The reason in /readyz, and what `check` finds.
BROKEN = {
    Answer.HTML: ("no token: the token endpoint does not answer with JSON", "token"),
    Answer.REDIRECT: ("no token: the token endpoint answers without a token", "token"),
    Answer.REFUSAL: ("no token: the token endpoint refuses the client", "token"),
    Answer.OTHER_AUDIENCE: ("Kafka refuses the token", "kafka"),
}


def test_a_token_endpoint_that_does_not_work_is_named_and_waited_for(world: World, stage: Stage) -> None:
    stage.produce(sign_up(0))
    with ExitStack() as stack:
        endpoints = {answer: stack.enter_context(TokenEndpoint(world.tokens, answer)) for answer in BROKEN}
        workers = {
            answer: stack.enter_context(
                stage.worker(**world.oidc(endpoint.url), KAFKA_GROUP_ID=f"{stage.group}-{answer}")
            )
            for answer, endpoint in endpoints.items()
        }
        for answer, (reason, check) in BROKEN.items():
            wait_refused(workers[answer], reason, "KAFKA_OAUTH_")
            found = stage.run("check", **world.oidc(endpoints[answer].url))
            assert found.returncode == 1
            assert f"\nfailed   {check} " in found.stdout
        for endpoint in endpoints.values():
            endpoint.answer = Answer.TOKEN
        for worker in workers.values():
            worker.wait_ready()
            assert worker.stop() == 0
            assert SECRET not in worker.output()
    assert stage.enrolled() == 1


def test_a_worker_outlives_its_token_endpoint_until_the_brokers_ask_for_the_next_token(
    world: World, stage: Stage
) -> None:
    with TokenEndpoint(world.tokens) as endpoint, stage.worker(**world.oidc(endpoint.url)) as worker:
        worker.wait_ready()
        endpoint.answer = Answer.REFUSAL
        worker.wait(lambda: "kafka token not renewed, retrying" in worker.events())
        wait_refused(worker, "no token: the token endpoint refuses the client")
        assert worker.events().count("kafka token not renewed, retrying") == 1
        endpoint.answer = Answer.TOKEN
        worker.wait_ready()
        stage.produce(sign_up(0))
        worker.wait(lambda: stage.enrolled() == 1)
        assert worker.events().count("kafka access restored") == 1
        assert worker.stop() == 0
    assert not stage.members()


def test_a_token_endpoint_that_hangs_does_not_hold_the_worker(world: World, stage: Stage) -> None:
    with TokenEndpoint(world.tokens, Answer.SILENCE) as endpoint:
        with stage.worker(**world.oidc(endpoint.url)) as worker:
            worker.wait(lambda: endpoint.requests)
            worker.wait(lambda: "KAFKA_OAUTH_TOKEN_ENDPOINT_URL" in worker.readiness()[1]["detail"])
            assert worker.stop() == 0
        with stage.worker(**world.oidc(endpoint.url), WORKER_START_TIMEOUT="1") as worker:
            assert worker.ended() == 70


def test_a_client_certificate_that_kafka_does_not_take_is_named(world: World, stage: Stage) -> None:
    reasons = {
        "Kafka requires a client certificate": world.with_certificate(),
        "Kafka refuses the client certificate": world.with_certificate(issue(trustme.CA(), stage.folder, "stranger")),
    }
    with ExitStack() as stack:
        workers = {reason: stack.enter_context(stage.worker(**identity)) for reason, identity in reasons.items()}
        for reason, worker in workers.items():
            wait_refused(worker, reason, "KAFKA_SSL_CERTIFICATE_LOCATION")
            assert worker.stop() == 0
            assert reason in stage.run("check", **reasons[reason]).stdout


def test_an_expired_client_certificate_ends_the_start_and_fails_the_check(world: World, stage: Stage) -> None:
    identity = world.with_certificate(issue(world.authority, stage.folder, "expired", days=-3.5))
    with stage.worker(**identity) as worker:
        assert worker.ended() == 3
    assert "KAFKA_SSL_CERTIFICATE_LOCATION: the certificate expired 3 days ago" in worker.output()
    found = stage.run("check", **identity)
    assert found.returncode == 1
    assert "failed   certificate        the certificate expired 3 days ago -> Renew it, then restart" in found.stdout


def test_a_renewed_client_certificate_is_used_after_a_restart(world: World, stage: Stage) -> None:
    """librdkafka reads the files once. A roll of the workers takes the new ones."""
    files = issue(trustme.CA(), stage.folder, "worker")
    stage.produce(sign_up(0))
    with stage.worker(**world.with_certificate(files)) as worker:
        wait_refused(worker, "restart the worker if the file was renewed")
        issue(world.authority, stage.folder, "worker")
        assert worker.stop() == 0
    with stage.worker(**world.with_certificate(files)) as worker:
        worker.wait(lambda: stage.enrolled() == 1)


def test_an_aws_identity_is_refused_by_name_without_credentials_and_where_only_msk_knows_it(
    world: World, stage: Stage
) -> None:
    absent = world.aws()
    present = absent | {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
    with stage.worker(**absent) as without, stage.worker(**present) as signing:
        wait_refused(without, "no token: no AWS credentials found")
        wait_refused(signing, "Kafka refuses the AWS identity", "kafka-cluster:Connect")
        for worker in (without, signing):
            assert worker.stop() == 0
            assert SECRET not in worker.output()
    assert "failed   token              no AWS credentials found" in stage.run("check", **absent).stdout
    assert "ok       token              a token was signed, valid for " in stage.run("check", **present).stdout
