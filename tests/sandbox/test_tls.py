from __future__ import annotations

import socket
import ssl
import tempfile
from typing import TYPE_CHECKING

import pytest
import requests

from consumer.errors import ConfigurationError
from consumer.sandbox.faults import ConnectionFault, Rule, Script
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.sandbox.conftest import Client

    Serve = Callable[..., Client]


def test_a_client_that_is_given_the_ca_trusts_it(serve: Serve, tmp_path: Path, jane: dict[str, str]) -> None:
    ca_file = tmp_path / "ca.pem"
    client = serve(tls_ca_file=ca_file)
    assert client.sandbox.url.startswith("https://127.0.0.1:")
    client.session.verify = str(ca_file)
    assert client.post(jane).status_code == 200


def test_a_client_that_is_not_given_the_ca_does_not(serve: Serve, tmp_path: Path, jane: dict[str, str]) -> None:
    client = serve(tls_ca_file=tmp_path / "ca.pem")
    with pytest.raises(requests.exceptions.SSLError):
        client.post(jane)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "sandbox.internal"])
def test_its_certificate_is_good_for_each_name_under_the_strictest_check(
    serve: Serve, tmp_path: Path, name: str
) -> None:
    ca_file = tmp_path / "ca.pem"
    client = serve(tls_ca_file=ca_file, allowed_hosts=("sandbox.internal",))
    context = ssl.create_default_context(cafile=str(ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    address = ("127.0.0.1", client.sandbox.port)
    with socket.create_connection(address) as plain, context.wrap_socket(plain, server_hostname=name) as wrapped:
        assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


def test_only_the_ca_certificate_is_left_behind(serve: Serve, tmp_path: Path) -> None:
    serve(tls_ca_file=tmp_path / "ca.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]
    assert "PRIVATE KEY" not in (tmp_path / "ca.pem").read_text()


def test_faults_work_over_tls_too(serve: Serve, tmp_path: Path, jane: dict[str, str]) -> None:
    client = serve(tls_ca_file=tmp_path / "ca.pem", faults=Script((Rule(nth=(1,), connection=ConnectionFault.RESET),)))
    client.session.verify = str(tmp_path / "ca.pem")
    with pytest.raises(requests.ConnectionError):
        client.post(jane)
    assert client.post(jane).status_code == 200


def test_a_ca_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="certificate: can't be made: No such file"):
        Sandbox(SandboxOptions(tls_ca_file=tmp_path / "none" / "ca.pem"))


def test_without_a_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="the temporary directory must be writable"):
        Sandbox(SandboxOptions(tls_ca_file=tmp_path / "ca.pem"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["my_sandbox", "a b", "", "x" * 64, "-sandbox"])
def test_a_host_that_no_certificate_can_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="can't be made: a host name can't stand in it"):
        Sandbox(SandboxOptions(tls_ca_file=tmp_path / "ca.pem", allowed_hosts=(name,)))
    assert list(tmp_path.iterdir()) == []
