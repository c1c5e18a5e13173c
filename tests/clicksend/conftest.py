"""Servers and clients for the tests, and a certificate authority of their own."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.client import Client
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.lean_adapter import LeanAdapter
from consumer.clicksend.transport import Endpoint, Timeouts, Trust
from tests.clicksend.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from requests.adapters import BaseAdapter

    AdapterFactory = Callable[[Trust], BaseAdapter]

ADAPTERS: dict[str, AdapterFactory] = {"requests": BoundedAdapter, "lean": LeanAdapter}
"""Every adapter that the client can be carried by: the contract suite runs over each."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def trust(ca_file: Path) -> Trust:
    return Trust(ca_file)


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS on 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, tls: ssl.SSLContext) -> Iterator[ScriptedServer]:
    with ScriptedServer(tls if request.param == "https" else None).running() as running:
        yield running


@pytest.fixture(params=ADAPTERS)
def adapter_of(request: pytest.FixtureRequest) -> AdapterFactory:
    return ADAPTERS[request.param]


@pytest.fixture
def connect(adapter_of: AdapterFactory, trust: Trust) -> Iterator[Callable[..., Client]]:
    """Makes clients, and closes them after the test."""
    clients: list[Client] = []

    def client(
        url: str,
        timeouts: Timeouts = Timeouts(connect=60, read=60, total=120),  # noqa: B008 -- a frozen value
        trust: Trust = trust,
        proxy_url: str | None = None,
        credentials: Callable[[], Credentials] = lambda: Credentials("jane", "key"),
    ) -> Client:
        clients.append(Client(Endpoint(url, 42, proxy_url), timeouts, credentials, adapter_of(trust)))
        return clients[-1]

    yield client
    for each in clients:
        each.close()
