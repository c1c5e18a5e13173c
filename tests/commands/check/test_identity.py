"""The checks of the identity for Kafka: a certificate's dates, a token of an endpoint that may answer anything."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from consumer.commands.check import token_endpoint
from consumer.commands.check.identity import aws_result, certificate_result, identity_results, token_result
from consumer.commands.check.result import CheckResult, CheckStatus
from consumer.commands.check.token_endpoint import TokenEndpoint
from consumer.extras import PACKAGES, Extra
from consumer.settings.kafka import Kafka
from consumer.settings.reading import read_section

NOW = datetime.fromtimestamp(1_800_000_000, UTC)
SECRET = "s3cret"
NO_JWT = "issues tokens that are no JWT with sub, iat and exp"
Reply = tuple[int, str]


def token(**claims: object) -> str:
    parts: tuple[dict[str, object], ...] = (
        {"alg": "none"},
        {"sub": "worker", "iat": NOW.timestamp(), "exp": NOW.timestamp() + 300} | claims,
        {},
    )
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def issued(value: object) -> Reply:
    return 200, json.dumps({"access_token": value, "token_type": "Bearer"})


class Endpoint:
    """A token endpoint with one answer to everything."""

    def __init__(self) -> None:
        self.reply: Reply = issued(token())
        self.media_type = "application/json;charset=UTF-8"
        self.hangs = False
        self.requests: list[tuple[str, str]] = []  # the login and the form
        self._ended = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                login = b64decode(self.headers["Authorization"].partition(" ")[2]).decode()
                endpoint.requests.append((login, form))
                if endpoint.hangs:
                    endpoint._ended.wait()
                    return
                status, body = endpoint.reply
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                if endpoint.media_type:
                    self.send_header("Content-Type", endpoint.media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.http.server_address[1]}"

    def close(self) -> None:
        self._ended.set()
        self.http.shutdown()
        self.http.server_close()

    def result(self, url: str = "", ca_file: str | None = None) -> CheckResult:
        return token_result(TokenEndpoint(url or f"http://{self.address}/t", "worker", SECRET, "kafka", ca_file), NOW)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def test_a_token_is_requested_as_librdkafka_does(endpoint: Endpoint) -> None:
    found = endpoint.result()
    assert (found.status, found.detail) == (CheckStatus.OK, "a token was issued, valid for 300 s")
    assert endpoint.requests == [(f"worker:{SECRET}", "grant_type=client_credentials&scope=kafka")]


@pytest.mark.parametrize(
    ("reply", "detail", "hint"),
    [
        pytest.param((200, f"<html>{SECRET}</html>"), "does not answer with JSON", "proxy", id="html"),
        pytest.param((200, "[" * 50_000), "does not answer with JSON", "proxy", id="nested"),
        pytest.param((200, '"' + "x" * 70_000 + '"'), "does not answer with JSON", "proxy", id="long"),
        pytest.param((200, "{}"), "answers without a token", "KAFKA_OAUTH_TOKEN_ENDPOINT_URL", id="no-token"),
        pytest.param((302, ""), "redirects (302)", "redirects to", id="redirect"),
        pytest.param(
            (401, json.dumps({"error": "invalid_client", "error_description": SECRET})),
            "refuses the client (invalid_client)",
            "KAFKA_OAUTH_CLIENT_SECRET",
            id="refused",
        ),
        pytest.param(
            (400, '{"error": "invalid_scope"}'), "refuses the scope (invalid_scope)", "KAFKA_OAUTH_SCOPE", id="scope"
        ),
        pytest.param(
            (400, '{"error": "unauthorized_client"}'),
            "refuses the grant to this client (unauthorized_client)",
            "client_credentials",
            id="grant",
        ),
        pytest.param((400, json.dumps({"error": SECRET})), "answers with an error", "log", id="an-error-of-its-own"),
        pytest.param((503, "busy"), "answers with an error (status 503)", "log", id="busy"),
        pytest.param(issued("abc"), NO_JWT, "JWT", id="opaque"),
        pytest.param(issued("a.b.c"), NO_JWT, "JWT", id="garbage"),
        pytest.param(issued(token(sub="")), f"{NO_JWT} (without sub)", "sub, iat and exp", id="no-subject"),
        pytest.param(issued(token(exp="soon")), f"{NO_JWT} (exp is no number of seconds)", "JWT", id="no-expiry"),
        pytest.param(issued(token(exp="1800000300")), f"{NO_JWT} (exp is no number of seconds)", "JWT", id="text"),
        pytest.param(issued(token(exp=1e30)), f"{NO_JWT} (exp is no number of seconds)", "JWT", id="no-end"),
        pytest.param(issued(token(exp=float("nan"))), NO_JWT, "JWT", id="not-a-number"),
        pytest.param(issued(token(sub=5)), f"{NO_JWT} (sub is no text)", "JWT", id="a-number-as-subject"),
        pytest.param(issued(token().rpartition(".")[0]), NO_JWT, "JWT", id="no-signature"),
        pytest.param(issued(token() + ".e30.e30"), NO_JWT, "JWT", id="encrypted"),
        pytest.param((200, "NaN"), "does not answer with JSON", "proxy", id="no-json"),
        pytest.param(issued(token(exp=1)), "issues expired tokens", "clock", id="expired"),
    ],
)
def test_an_answer_without_a_usable_token_is_explained_and_not_shown(
    endpoint: Endpoint, reply: Reply, detail: str, hint: str
) -> None:
    endpoint.reply = reply
    found = endpoint.result()
    assert found.status is CheckStatus.FAILED
    assert found.detail == f"the token endpoint {detail}"
    assert hint in found.hint
    assert SECRET not in found.line("text")  # type: ignore[arg-type]  # any other form than JSON


def test_an_endpoint_that_does_not_answer_is_given_up(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_endpoint, "ENDPOINT_SECONDS", 0.05)
    endpoint.hangs = True
    assert endpoint.result().detail.startswith("the token endpoint does not answer in time (")


@pytest.mark.parametrize("media_type", ["", "text/plain", "text/json", "application/jwt"])
def test_a_token_in_a_response_of_another_type_is_none(endpoint: Endpoint, media_type: str) -> None:
    endpoint.media_type = media_type
    found = endpoint.result()
    detail = "the token endpoint does not answer with JSON (the Content-Type is not application/json)"
    assert (found.status, found.detail) == (CheckStatus.FAILED, detail)


def test_the_user_is_in_the_claim_that_the_properties_name(endpoint: Endpoint) -> None:
    endpoint.reply = issued(token(sub=None, azp="worker"))
    kafka = {"bootstrap_servers": "b:9092", "topic": "t", "security_protocol": "sasl_ssl"}
    kafka |= {"oauth_token_endpoint_url": f"http://{endpoint.address}/t", "oauth_client_id": "i"}
    kafka |= {"oauth_client_secret": SECRET}
    (found,) = identity_results(read_section(Kafka, kafka), NOW)
    assert found.detail == f"the token endpoint {NO_JWT} (without sub)"
    kafka |= {"properties": '{"sasl.oauthbearer.sub.claim.name": "azp"}'}
    (found,) = identity_results(read_section(Kafka, kafka), NOW)
    assert found.status is CheckStatus.OK


@pytest.mark.parametrize("host", ["a..example", "a" * 64], ids=["an-empty-label", "a-long-label"])
def test_a_host_name_that_can_not_exist_is_unknown(endpoint: Endpoint, host: str) -> None:
    assert endpoint.result(f"https://{host}/t").detail == "the token endpoint has an unknown host name"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/t", "https://{address}/t"], ids=["nobody", "no-tls"])
def test_an_endpoint_that_can_not_be_reached_names_its_setting(endpoint: Endpoint, url: str) -> None:
    found = endpoint.result(url.format(address=endpoint.address))
    assert found.status is CheckStatus.FAILED
    assert "KAFKA_OAUTH_TOKEN_ENDPOINT_URL" in found.hint


def test_an_endpoint_of_an_unknown_authority_names_the_ca_file(endpoint: Endpoint, tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    endpoint.http.socket = context.wrap_socket(endpoint.http.socket, server_side=True)
    found = endpoint.result(f"https://{endpoint.address}/t")
    assert (found.detail, "KAFKA_OAUTH_CA_FILE" in found.hint) == ("the token endpoint can't be trusted", True)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    assert endpoint.result(f"https://{endpoint.address}/t", str(ca_file)).status is CheckStatus.OK


@pytest.fixture
def issue(tmp_path: Path) -> Callable[[float], str]:
    """Issue a certificate that expires so many days after NOW, and return its path."""

    def made(days: float) -> str:
        leaf = trustme.CA().issue_cert(
            "worker@example.com", not_before=NOW - timedelta(days=50), not_after=NOW + timedelta(days=days)
        )
        path = tmp_path / "tls.crt"
        leaf.cert_chain_pems[0].write_to_path(str(path))
        return str(path)

    return made


@pytest.mark.parametrize(
    ("days", "status", "detail"),
    [
        (90, CheckStatus.OK, "the certificate expires in 90 days, and the key is its own"),
        (12, CheckStatus.WARNING, "the certificate expires in 12 days"),
        (-12, CheckStatus.FAILED, "the certificate expired 12 days ago"),
    ],
)
def test_the_expiry_of_a_certificate_is_checked(
    issue: Callable[[float], str], days: float, status: CheckStatus, detail: str
) -> None:
    found = certificate_result(issue(days), NOW)
    assert (found.status, found.detail) == (status, detail)


def test_without_the_extra_a_certificate_is_not_checked(
    issue: Callable[[float], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PACKAGES, Extra.MTLS, ("a_package_that_is_not_installed",))
    found = certificate_result(issue(90), NOW)
    assert (found.status, found.detail) == (CheckStatus.SKIPPED, "not checked: its dates need cryptography")
    assert found.hint == "Install the extra: pip install 'clicksend-consumer[mtls]'"


def test_without_the_extra_an_aws_identity_fails_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, Extra.AWS, ("a_package_that_is_not_installed",))
    found = aws_result("eu-west-1", NOW)
    assert found.status is CheckStatus.FAILED
    assert found.hint == "Install the extra: pip install 'clicksend-consumer[aws]'"


def test_an_installation_with_a_password_has_no_identity_to_check() -> None:
    kafka = read_section(Kafka, {"bootstrap_servers": "b:9092", "topic": "t"})
    assert list(identity_results(kafka, NOW)) == []
