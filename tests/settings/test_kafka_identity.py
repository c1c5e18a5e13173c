"""The identities for Kafka: what fits together, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from consumer.errors import ConfigurationError, Problem
from consumer.kafka.clients import KafkaClients
from consumer.settings import Settings
from consumer.settings.kafka import client_properties

Make = Callable[..., Settings]
Find = Callable[..., list[Problem]]

OIDC: dict[str, str | None] = {
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_OAUTH_TOKEN_ENDPOINT_URL": "https://login.example.com/token?tenant=1",
    "KAFKA_OAUTH_CLIENT_ID": "worker",
    "KAFKA_OAUTH_CLIENT_SECRET": "s3cret",
}
AWS: dict[str, str | None] = {
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_SASL_IDENTITY": "AWS_MSK",
    "KAFKA_AWS_REGION": "eu-west-1",
}
URL, ID, SECRET = "KAFKA_OAUTH_TOKEN_ENDPOINT_URL", "KAFKA_OAUTH_CLIENT_ID", "KAFKA_OAUTH_CLIENT_SECRET"
CERTIFICATE, KEY, PASSWORD = "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_KEY_PASSWORD"


class Files:
    """A client certificate with its key, and files that do not fit them."""

    def __init__(self, folder: Path) -> None:
        leaf, other = trustme.CA().issue_cert("worker@example.com"), trustme.CA().issue_cert("other@example.com")
        self.certificate = self._written(folder / "tls.crt", b"".join(each.bytes() for each in leaf.cert_chain_pems))
        self.key = self._written(folder / "tls.key", leaf.private_key_pem.bytes())
        self.both = self._written(folder / "both.pem", leaf.private_key_and_cert_chain_pem.bytes())
        self.other_key = self._written(folder / "other.key", other.private_key_pem.bytes())
        self.junk = self._written(folder / "junk.pem", b"no PEM")
        key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        lock = BestAvailableEncryption(b"p4ss")
        for name, form in (("pkcs8", PrivateFormat.PKCS8), ("older", PrivateFormat.TraditionalOpenSSL)):
            setattr(self, name, self._written(folder / f"{name}.key", key.private_bytes(Encoding.PEM, form, lock)))
        self.pkcs8: str
        self.older: str

    def variables(self, **changes: str | None) -> dict[str, str | None]:
        return {"KAFKA_SECURITY_PROTOCOL": "ssl", CERTIFICATE: self.certificate, KEY: self.key, **changes}

    def _written(self, path: Path, content: bytes) -> str:
        path.write_bytes(content)
        return str(path)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_token_endpoint_implies_the_mechanism_and_its_method(settings: Make) -> None:
    found = client_properties(settings(**OIDC, KAFKA_OAUTH_SCOPE="kafka", KAFKA_OAUTH_EXTENSIONS="a=b,c=d").kafka)
    assert {name: value for name, value in found.items() if "sasl" in name} == {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": OIDC[URL],
        "sasl.oauthbearer.client.id": "worker",
        "sasl.oauthbearer.client.secret": "s3cret",
        "sasl.oauthbearer.scope": "kafka",
        "sasl.oauthbearer.extensions": "a=b,c=d",
    }


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param({}, {}, id="complete"),
        pytest.param({"KAFKA_SASL_MECHANISM": "oauthbearer"}, {}, id="the-mechanism-said-again"),
        pytest.param({URL: "http://127.0.0.1:8080/token"}, {}, id="plain-http-on-loopback"),
        pytest.param({URL: "http://login.example.com/token"}, {URL: "is plain HTTP, which is"}, id="plain-http"),
        pytest.param({URL: "login.example.com/token"}, {URL: "is not the URL of a token"}, id="no-scheme"),
        pytest.param({URL: "https://u:s3cret@host/t"}, {URL: "is not the URL of a token"}, id="credentials-in-the-url"),
        pytest.param({URL: "https://h/realms/k\xf6ln/token"}, {URL: "contains spaces or characters"}, id="not-ascii"),
        pytest.param({URL: "https://h/a b"}, {URL: "contains spaces or characters"}, id="a-space-in-the-url"),
        pytest.param({URL: "https://h/realms/k%C3%B6ln/token"}, {}, id="percent-encoded"),
        pytest.param({ID: None}, {ID: f"is missing, and {URL} is set"}, id="no-client-id"),
        pytest.param({SECRET: None}, {SECRET: f"is missing, and {URL} is set"}, id="no-client-secret"),
        pytest.param(
            {ID: None, SECRET: None, "KAFKA_OAUTH_CA_FILE": "/no/ca.pem"},
            {ID: "is missing", SECRET: "is missing", "KAFKA_OAUTH_CA_FILE": "names a file that can't be read"},
            id="all-at-once",
        ),
        pytest.param({ID: "urn:worker"}, {ID: "contains a colon"}, id="a-client-id-that-a-header-would-split"),
        pytest.param({"KAFKA_OAUTH_EXTENSIONS": "auth=s3cret"}, {"KAFKA_OAUTH_EXTENSIONS": "is not a list"}, id="auth"),
        pytest.param({"KAFKA_OAUTH_EXTENSIONS": "a-b=c"}, {"KAFKA_OAUTH_EXTENSIONS": "is not a list"}, id="no-letters"),
        pytest.param({"KAFKA_OAUTH_EXTENSIONS": "a=b,a=c"}, {"KAFKA_OAUTH_EXTENSIONS": "names an ext"}, id="twice"),
        pytest.param(
            {URL: None},
            {ID: f"is set without {URL}", SECRET: f"is set without {URL}", "KAFKA_SASL_MECHANISM": "is missing"},
            id="a-client-without-an-endpoint",
        ),
        pytest.param(
            {**dict.fromkeys(OIDC), "KAFKA_OAUTH_SCOPE": "kafka"},
            {"KAFKA_OAUTH_SCOPE": f"is set without {URL}"},
            id="a-scope-alone",
        ),
        pytest.param(
            {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "u", "KAFKA_SASL_PASSWORD": "s3cret"},
            {"KAFKA_SASL_MECHANISM": f"is set, and {URL} implies OAUTHBEARER"},
            id="plain-with-oidc",
        ),
        pytest.param(
            {"KAFKA_SASL_PASSWORD": "s3cret"},
            {"KAFKA_SASL_PASSWORD": "is set, and OAUTHBEARER takes tokens only"},
            id="a-password-with-oidc",
        ),
        pytest.param(
            {"KAFKA_SECURITY_PROTOCOL": "ssl"},
            {URL: "is set, and KAFKA_SECURITY_PROTOCOL has no SASL"},
            id="no-sasl",
        ),
        pytest.param(
            {"KAFKA_SASL_IDENTITY": "aws_msk", "KAFKA_AWS_REGION": "eu-west-1"},
            {URL: "is set, and so is KAFKA_SASL_IDENTITY"},
            id="two-sources-of-tokens",
        ),
        pytest.param(
            {"KAFKA_PROPERTIES": '{"sasl.oauthbearer.config": "x", "enable.sasl.oauthbearer.unsecure.jwt": true}'},
            {URL: "is set, and KAFKA_PROPERTIES sets sasl.oauthbearer.config, enable.sasl.oauthbearer.unsecure.jwt"},
            id="overridden-by-properties",
        ),
        pytest.param(
            {"KAFKA_PROPERTIES": '{"sasl.oauthbearer.client.credentials.client.secret": "s3cret"}'},
            {"KAFKA_PROPERTIES": "sets properties that the worker owns"},
            id="another-name-of-a-property-with-a-setting",
        ),
        pytest.param({"KAFKA_PROPERTIES": '{"sasl.oauthbearer.sub.claim.name": "azp"}'}, {}, id="another-claim"),
    ],
)
def test_a_token_endpoint_is_used_with(problems: Find, change: dict[str, str | None], found: dict[str, str]) -> None:
    problem = problems(**{**OIDC, **change})
    assert [each.name for each in problem] == list(found)
    assert all(each.what.startswith(what) for each, what in zip(problem, found.values(), strict=True))
    assert all(each.hint for each in problem)
    assert "s3cret" not in str(problem)


def test_a_file_for_the_endpoints_certificate_holds_one(problems: Find, files: Files) -> None:
    assert problems(**OIDC, KAFKA_OAUTH_CA_FILE=files.certificate) == []
    (problem,) = problems(**OIDC, KAFKA_OAUTH_CA_FILE=files.junk)
    assert (problem.name, problem.what) == ("KAFKA_OAUTH_CA_FILE", "names a file without a certificate in PEM")


def test_tokens_of_another_grant_are_configured_by_properties_alone(settings: Make, problems: Find) -> None:
    given = '{"sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.grant.type": "x", "https.ca.location": "/ca.pem",'
    given += ' "sasl.oauthbearer.token.endpoint.url": "https://h/t", "sasl.oauthbearer.client.id": "i"}'
    other = {"KAFKA_SECURITY_PROTOCOL": "sasl_ssl", "KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_PROPERTIES": given}
    assert client_properties(settings(**other).kafka)["sasl.oauthbearer.client.id"] == "i"
    assert settings(**other).warnings == ()
    assert [each.name for each in problems(**{**OIDC, "KAFKA_PROPERTIES": given})] == [URL]


def test_tokens_that_nothing_issues_are_warned_of(settings: Make) -> None:
    (warning,) = settings(KAFKA_SECURITY_PROTOCOL="sasl_ssl", KAFKA_SASL_MECHANISM="OAUTHBEARER").warnings
    assert (warning.name, warning.what) == ("KAFKA_SASL_MECHANISM", "is OAUTHBEARER, and nothing issues tokens")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param({}, {}, id="complete"),
        pytest.param({"KAFKA_AWS_REGION": "us-gov-west-1"}, {}, id="a-region-of-the-government"),
        pytest.param({"KAFKA_AWS_REGION": None}, {"KAFKA_AWS_REGION": "is missing, and KAFKA_SASL"}, id="no-region"),
        pytest.param({"KAFKA_AWS_REGION": "Ireland"}, {"KAFKA_AWS_REGION": "is not an AWS region"}, id="by-its-name"),
        pytest.param({"KAFKA_SASL_IDENTITY": "gcp"}, {"KAFKA_SASL_IDENTITY": "is not one of aws_msk"}, id="another"),
        pytest.param(
            {"KAFKA_SASL_IDENTITY": None, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"},
            {"KAFKA_AWS_REGION": "is set without KAFKA_SASL_IDENTITY"},
            id="a-region-alone",
        ),
        pytest.param(
            {"KAFKA_SECURITY_PROTOCOL": "sasl_plaintext"},
            {"KAFKA_SASL_IDENTITY": "needs SASL over TLS"},
            id="without-tls",
        ),
        pytest.param(
            {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"},
            {"KAFKA_SASL_MECHANISM": "is set, and KAFKA_SASL_IDENTITY implies OAUTHBEARER"},
            id="another-mechanism",
        ),
        pytest.param(
            {"KAFKA_PROPERTIES": '{"sasl.oauthbearer.config": "x"}'},
            {"KAFKA_SASL_IDENTITY": "is set, and KAFKA_PROPERTIES sets sasl.oauthbearer.config"},
            id="overridden-by-properties",
        ),
    ],
)
def test_an_aws_identity_is_used_with(problems: Find, change: dict[str, str | None], found: dict[str, str]) -> None:
    problem = problems(**{**AWS, **change})
    assert [each.name for each in problem] == list(found)
    assert all(each.what.startswith(what) for each, what in zip(problem, found.values(), strict=True))


def test_an_aws_identity_gives_every_client_its_callback(settings: Make) -> None:
    found = client_properties(settings(**AWS).kafka)
    assert found["sasl.mechanism"] == "OAUTHBEARER"
    assert callable(found["oauth_cb"])


def test_a_client_certificate_is_used_with_its_key(settings: Make, files: Files) -> None:
    for variables in (
        files.variables(),
        files.variables(
            KAFKA_SECURITY_PROTOCOL="sasl_ssl", **{k: v for k, v in OIDC.items() if k.startswith("KAFKA_O")}
        ),
        files.variables(**{CERTIFICATE: files.both, KEY: files.both}),
        files.variables(**{KEY: files.pkcs8, PASSWORD: "p4ss"}),
        files.variables(**{KEY: files.older, PASSWORD: "p4ss"}),
    ):
        found = client_properties(settings(**variables).kafka)
        assert found["ssl.certificate.location"] == variables[CERTIFICATE]
        assert found["ssl.key.location"] == variables[KEY]
        assert found.get("ssl.key.password") == variables.get(PASSWORD)


@pytest.mark.parametrize(
    ("change", "name", "what"),
    [
        pytest.param({KEY: None}, KEY, f"is missing, and {CERTIFICATE} is set", id="no-key"),
        pytest.param({CERTIFICATE: None}, KEY, f"is set without {CERTIFICATE}", id="a-key-alone"),
        pytest.param({KEY: "other_key"}, KEY, f"is not the private key of {CERTIFICATE}", id="another-key"),
        pytest.param({KEY: "junk"}, KEY, "names a file without a private key in PEM", id="no-pem"),
        pytest.param({KEY: "certificate"}, KEY, "names a file without a private key in PEM", id="no-key-in-the-file"),
        pytest.param({CERTIFICATE: "key"}, CERTIFICATE, "names a file without a certificate", id="key-as-certificate"),
        pytest.param({CERTIFICATE: "/no/tls.crt"}, CERTIFICATE, "names a file that can't be read", id="no-file"),
        pytest.param({KEY: "pkcs8"}, KEY, f"is encrypted, and {PASSWORD} is missing", id="no-password"),
        pytest.param({KEY: "older"}, KEY, f"is encrypted, and {PASSWORD} is missing", id="older-no-password"),
        pytest.param(
            {KEY: "pkcs8", PASSWORD: "wr0ng"}, KEY, f"can't be decrypted with {PASSWORD}", id="wrong-password"
        ),
        pytest.param({KEY: "older", PASSWORD: "wr0ng"}, KEY, f"can't be decrypted with {PASSWORD}", id="older-wrong"),
        pytest.param({KEY: "pkcs8", PASSWORD: "w" * 2000}, KEY, "can't be decrypted with", id="a-password-too-long"),
        pytest.param(
            {CERTIFICATE: None, KEY: None, PASSWORD: "p4ss"}, PASSWORD, "is set without", id="a-password-alone"
        ),
        pytest.param({"KAFKA_SECURITY_PROTOCOL": None}, CERTIFICATE, "is set, and KAFKA_SECURITY_PROT", id="no-tls"),
        pytest.param(
            {"KAFKA_PROPERTIES": '{"ssl.keystore.location": "k.p12"}'},
            CERTIFICATE,
            "is set, and KAFKA_PROPERTIES sets ssl.keystore.location",
            id="another-certificate-in-the-properties",
        ),
    ],
)
def test_a_client_certificate_is_refused_before_a_start(
    problems: Find, files: Files, change: dict[str, str | None], name: str, what: str
) -> None:
    named = {each: getattr(files, value) if value in vars(files) else value for each, value in change.items() if value}
    (problem,) = problems(**files.variables(**{**change, **named}))
    assert problem.name == name
    assert problem.what.startswith(what)
    assert "wr0ng" not in str(problem)


@pytest.fixture
def short_key(tmp_path: Path) -> str:
    """Return a file of a certificate and its key, of fewer bits than librdkafka's OpenSSL allows."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- the weakness is the point
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "worker")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.now(UTC), datetime(2099, 1, 1, tzinfo=UTC))
    path = tmp_path / "short.pem"
    lines = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(lines + made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return str(path)


def test_librdkafka_decides_whether_a_certificate_is_too_weak(settings: Make, files: Files, short_key: str) -> None:
    """OpenSSL's own policy differs between machines, and its refusal would name the key as none."""
    given = settings(**files.variables(**{CERTIFICATE: short_key, KEY: short_key})).kafka
    with pytest.raises(ConfigurationError) as caught:
        KafkaClients(client_properties(given)).consumer({})
    (problem,) = caught.value.problems
    assert (problem.name, problem.what) == (CERTIFICATE, "librdkafka refuses its key as too small")
