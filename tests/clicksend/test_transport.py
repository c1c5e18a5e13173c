from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consumer.clicksend.transport import Endpoint, Trust
from consumer.errors import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "https://rest.clicksend.com/v3",
        "http://127.0.0.1:8080/v3",
        "http://127.1.2.3/v3",
        "http://[::1]:8080/v3",
        "http://localhost/v3",
        "http://LOCALHOST/v3",
    ],
)
def test_an_endpoint_is_https_or_on_this_machine(url: str) -> None:
    assert Endpoint(url, 42).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://rest.clicksend.com/v3",
        "http://10.0.0.1/v3",
        "http://localhost.example.com/v3",
        "http://127.0.0.1@example.com/v3",
        "ftp://127.0.0.1/v3",
        "127.0.0.1",
        "",
    ],
)
def test_any_other_endpoint_is_a_configuration_error_that_shows_no_value(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Endpoint(url, 42)
    assert [problem.name for problem in raised.value.problems] == ["CLICKSEND_BASE_URL"]
    assert not url or url not in str(raised.value)


def test_a_proxys_password_is_not_shown() -> None:
    assert "secret" not in repr(Endpoint("https://rest.clicksend.com/v3", 42, "http://jane:secret@127.0.0.1"))


@pytest.mark.parametrize("content", [pytest.param(None, id="missing"), pytest.param("not PEM", id="not PEM")])
def test_a_ca_file_without_certificates_is_a_configuration_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(ConfigurationError) as raised:
        Trust(path)
    assert [problem.name for problem in raised.value.problems] == ["CLICKSEND_CA_FILE"]


def test_a_ca_file_that_breaks_later_is_no_error(ca_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(ca_file.read_bytes())
    trust = Trust(path)
    path.write_text("half a certific")
    trust.reload()
    assert trust.context.cert_store_stats()["x509_ca"] == 1


def test_the_public_authorities_are_believed_where_no_file_is_given() -> None:
    trust = Trust()
    trust.reload()
    with ThreadPoolExecutor() as threads:
        contexts = list(threads.map(lambda _: trust.context, range(8)))
    assert len(set(contexts)) == 1
    assert contexts[0].cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize("content", [pytest.param(None, id="missing"), pytest.param("not PEM", id="not PEM")])
def test_public_authorities_that_cannot_be_read_are_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "cacert.pem"
    if content:
        path.write_text(content)
    monkeypatch.setattr("requests.utils.DEFAULT_CA_BUNDLE_PATH", str(path))
    trust = Trust()
    for _ in range(2):
        with pytest.raises(ConfigurationError) as raised:
            _ = trust.context
        assert str(path) in str(raised.value.problems[0])


def test_a_file_is_trusted_instead_of_the_public_authorities(ca_file: Path) -> None:
    assert Trust(ca_file).context.cert_store_stats()["x509_ca"] == 1
