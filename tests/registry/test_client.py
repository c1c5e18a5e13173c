"""What an answer of a Schema Registry means, byte by byte: only its own word counts, all else waits."""

from __future__ import annotations

import ssl
from base64 import b64encode
from pathlib import Path

import pytest
import trustme

from consumer.registry.client import Away, Document, RegistryClient, Unknown
from consumer.registry.opening import RegistryOptions
from tests.clicksend.scripted_server import Act, ScriptedServer, answer, drip, hang, reply, reply_and_reset

JSON = "Content-Type: application/json"
SCHEMA = b'{"schema": "\\"string\\""}'
FOUND = reply(answer("200 OK", SCHEMA, JSON))


def ask(act: Act, **options: float) -> object:
    with ScriptedServer().running() as server:
        server.script(act)
        client = RegistryClient(RegistryOptions(server.url, **options))  # type: ignore[arg-type]  # timeouts
        try:
            return client.get("schemas/ids/7")
        finally:
            client.close()


def error(status: str, code: int) -> Act:
    return reply(answer(status, b'{"error_code": %d, "message": "m"}' % code, JSON))


def test_a_schema_is_a_document() -> None:
    assert ask(FOUND) == Document({"schema": '"string"'})


@pytest.mark.parametrize("code", [40401, 40402, 40403])
def test_its_own_word_that_there_is_none(code: int) -> None:
    assert ask(error("404 Not Found", code)) == Unknown()


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        pytest.param(error("401 Unauthorized", 40101), "HTTP 401; check REGISTRY_USERNAME", id="401"),
        pytest.param(error("403 Forbidden", 40301), "HTTP 403; check REGISTRY_USERNAME", id="403"),
        pytest.param(reply(answer("404 Not Found")), "HTTP 404 that is not a Schema Registry's", id="404 alone"),
        pytest.param(error("404 Not Found", 404), "HTTP 404 that is not a Schema Registry's", id="404, another code"),
        pytest.param(error("500 Oops", 40403), "HTTP 500", id="500 with the code"),
        pytest.param(error("503 Busy", 50301), "HTTP 503", id="503"),
        pytest.param(error("429 Slow down", 42901), "HTTP 429", id="429"),
        pytest.param(
            reply(answer("302 Found", b"", "Location: http://127.0.0.1:1/")), "HTTP 302, a redirect", id="redirect"
        ),
        pytest.param(reply(answer("200 OK", b"<html>Log in</html>")), "HTTP 200 that is not a Schema", id="HTML"),
        pytest.param(reply(answer("200 OK", b"[]")), "HTTP 200 that is not a Schema", id="a list"),
        pytest.param(reply(answer("200 OK", b'{"schema": 7}')), "HTTP 200 that is not a Schema", id="a number"),
        pytest.param(reply(answer("204 No Content")), "HTTP 204", id="nothing"),
        pytest.param(reply_and_reset(), "no answer (ConnectionError); check REGISTRY_URL", id="reset"),
        pytest.param(reply_and_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"), "no answer", id="cut off"),
        pytest.param(reply(b"SSH-2.0-x\r\n\r\n"), "no answer", id="another protocol"),
    ],
)  # fmt: skip
def test_all_else_means_that_it_is_away(act: Act, fault: str) -> None:
    found = ask(act)
    assert isinstance(found, Away)
    assert found.fault.startswith(fault)


def test_a_registry_that_hangs_is_away() -> None:
    assert ask(hang, read_timeout=0.05) == Away("timed out; check REGISTRY_URL and the network")


def test_one_that_drips_is_away_at_the_total_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
    found = ask(drip(head, b" " * 70_000), total_timeout=0.05)
    assert found == Away("the answer was too slow or too long; check REGISTRY_URL")


def test_nobody_listens() -> None:
    with ScriptedServer().running() as server:
        url = server.url
    found = RegistryClient(RegistryOptions(url)).get("schemas/ids/7")
    assert found == Away("no answer (ConnectionError); check REGISTRY_URL and the network")


def test_it_sends_the_credentials_of_its_settings_in_utf_8_and_its_own_name() -> None:
    with ScriptedServer().running() as server:
        server.script(FOUND)
        client = RegistryClient(RegistryOptions(server.url, "jürgen", "pass:word"))
        client.get("schemas/ids/7", {"format": "serialized"})
        client.close()
    (request,) = server.requests
    assert request.startswith(b"GET /schemas/ids/7?format=serialized HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Basic " + b64encode("jürgen:pass:word".encode()) + b"\r\n" in request
    assert b"\r\nUser-Agent: clicksend-consumer/" in request


def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with ScriptedServer().running() as server:
        server.script(FOUND)
        client = RegistryClient(RegistryOptions(server.url))
        assert isinstance(client.get("schemas/ids/7"), Document)
        client.close()
    assert b"Authorization" not in server.requests[0]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def over_tls(authority: trustme.CA, ca_file: str | None) -> object:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(context).running() as server:
        server.script(FOUND)
        client = RegistryClient(RegistryOptions(server.url, ca_file=ca_file))
        try:
            return client.get("schemas/ids/7")
        finally:
            client.close()


def test_a_ca_of_its_own_is_trusted_instead_of_the_public_ones(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    assert isinstance(over_tls(authority, str(tmp_path / "ca.pem")), Document)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert over_tls(authority, None) == Away("TLS failed; check REGISTRY_URL and REGISTRY_CA_FILE")
