"""Servers, clients and a certificate authority for the tests."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest
import trustme

from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.client import Client
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.transport import Endpoint, Timeouts, Trust
from tests.clicksend.blocking import BlockingSender
from tests.clicksend.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from requests.adapters import BaseAdapter

    from consumer.clicksend.outcome import Outcome
    from tests.clicksend.blocking import LoopFactory

    AdapterFactory = Callable[[Trust], BaseAdapter]
    ClientFactory = Callable[[Endpoint, Timeouts, Callable[[], Credentials], Trust], "Poster"]


class Poster(Protocol):
    """The interface that the contract suite needs."""

    def post(self, payload: bytes, now: datetime) -> Outcome:
        """Enrol one contact."""

    def close(self) -> None:
        """Close the connection."""


def over(adapter_of: AdapterFactory) -> ClientFactory:
    return lambda endpoint, timeouts, credentials, trust: Client(endpoint, timeouts, credentials, adapter_of(trust))


LOOPS: dict[str, LoopFactory] = {"asyncio": asyncio.SelectorEventLoop}
"""The event loops that the transport runs on: uvloop's where it can be had."""
try:
    import uvloop
except ImportError:
    pass
else:
    LOOPS["uvloop"] = uvloop.new_event_loop

ADAPTERS: dict[str, AdapterFactory] = {"requests": BoundedAdapter}
"""Every adapter that requests can be carried by."""

CLIENTS: dict[str, ClientFactory] = {
    **{name: over(adapter_of) for name, adapter_of in ADAPTERS.items()},
    **{name: partial(BlockingSender, new_loop) for name, new_loop in LOOPS.items()},
}
"""Every way to carry contacts: the contract suite runs over each. requests' own adapter is the reference."""


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


@pytest.fixture(params=LOOPS)
def new_loop(request: pytest.FixtureRequest) -> LoopFactory:
    return LOOPS[request.param]


@pytest.fixture(params=CLIENTS)
def client_of(request: pytest.FixtureRequest) -> ClientFactory:
    return CLIENTS[request.param]


@pytest.fixture(params=ADAPTERS)
def adapter_of(request: pytest.FixtureRequest) -> AdapterFactory:
    return ADAPTERS[request.param]


@pytest.fixture
def connect(client_of: ClientFactory, trust: Trust) -> Iterator[Callable[..., Poster]]:
    """Makes clients, and closes them after the test."""
    clients: list[Poster] = []

    def client(
        url: str,
        timeouts: Timeouts = Timeouts(connect=60, read=60, total=120),  # noqa: B008 -- a frozen value
        trust: Trust = trust,
        proxy_url: str | None = None,
        credentials: Callable[[], Credentials] = lambda: Credentials("jane", "key"),
    ) -> Poster:
        clients.append(client_of(Endpoint(url, 42, proxy_url), timeouts, credentials, trust))
        return clients[-1]

    yield client
    for each in clients:
        each.close()
