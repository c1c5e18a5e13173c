from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from prometheus_client import CollectorRegistry

from consumer.errors import ConfigurationError
from consumer.monitor import Monitor, Report


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@contextmanager
def monitor(host: str, port: int = 0) -> Iterator[Monitor]:
    good = Report(good=True, body={"state": "fine"})
    serving = Monitor(host, port, CollectorRegistry(), lambda: good, lambda: good)
    serving.start()
    try:
        yield serving
    finally:
        serving.close()


def read(url: str) -> bytes:
    return requests.get(url, timeout=60).content


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        pytest.param("::1", "http://[::1]:", marks=IPV6),
        pytest.param("[::1]", "http://[::1]:", marks=IPV6),
    ],
)
def test_it_serves_where_it_is_told_to_and_says_where_that_is(host: str, address: str) -> None:
    with monitor(host) as serving:
        assert serving.address.startswith(address)
        assert read(f"{serving.address}/livez") == b'{"state":"fine"}\n'


@IPV6
def test_on_all_addresses_it_serves_both_families() -> None:
    with monitor("::") as serving:
        port = serving.address.rpartition(":")[2]
        assert read(f"http://127.0.0.1:{port}/readyz") == read(f"http://[::1]:{port}/readyz")


def test_no_name_server_is_asked_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str) -> str:
        raise AssertionError(name)

    monkeypatch.setattr(socket, "getfqdn", asked)
    with monitor("127.0.0.1"):
        pass


def test_a_port_that_is_taken_is_said() -> None:
    with monitor("127.0.0.1") as first:
        port = int(first.address.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"can't listen on 127.0.0.1:{port}"), monitor("127.0.0.1", port):
            pass
