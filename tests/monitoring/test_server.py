from __future__ import annotations

import io
import json
import logging
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import requests
import structlog
from prometheus_client import CollectorRegistry

from consumer.errors import ConfigurationError
from consumer.log import LogFormat, LogLevel, configure
from consumer.monitoring.server import Limits, Monitor, Report


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@contextmanager
def monitor(
    host: str, port: int = 0, limits: Limits | None = None, ready: Callable[[], Report] | None = None
) -> Iterator[Monitor]:
    good = Report(good=True, body={"state": "fine"})
    serving = Monitor(host, port, CollectorRegistry(), lambda: good, ready or (lambda: good), limits=limits or Limits())
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
def test_it_serves_at_its_address_and_reports_it(host: str, address: str) -> None:
    with monitor(host) as serving:
        assert serving.address.startswith(address)
        assert read(f"{serving.address}/livez") == b'{"state":"fine"}\n'


@IPV6
def test_on_all_addresses_it_serves_both_families() -> None:
    with monitor("::") as serving:
        port = serving.address.rpartition(":")[2]
        assert read(f"http://127.0.0.1:{port}/readyz") == read(f"http://[::1]:{port}/readyz")


def test_no_dns_lookup_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str) -> str:
        raise AssertionError(name)

    monkeypatch.setattr(socket, "getfqdn", asked)
    with monitor("127.0.0.1"):
        pass


def test_a_port_in_use_is_reported() -> None:
    with monitor("127.0.0.1") as first:
        port = int(first.address.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"can't listen on 127.0.0.1:{port}"), monitor("127.0.0.1", port):
            pass


@pytest.mark.parametrize("host", ["192.0.2.1", "monitor.invalid"])
def test_a_host_of_another_machine_is_reported(host: str) -> None:
    with pytest.raises(ConfigurationError) as raised, monitor(host):
        pass
    assert [each.name for each in raised.value.problems] == ["MONITOR_HOST"]


def connected(serving: Monitor) -> socket.socket:
    """A client that has said nothing yet."""
    return socket.create_connection(("127.0.0.1", int(serving.address.rpartition(":")[2])), timeout=60)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Yield the captured log output."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    out = io.StringIO()
    configure(LogLevel.INFO, LogFormat.JSON, out)
    monkeypatch.setattr(
        "consumer.monitoring.server.log", structlog.get_logger()
    )  # a used one keeps where it has written before
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_silent_clients_take_a_bounded_number_of_threads_and_keep_no_probe_out() -> None:
    before = threading.active_count()
    with monitor("127.0.0.1", limits=Limits(connections=5)) as serving, ExitStack() as clients:
        for _ in range(60):
            clients.enter_context(connected(serving))
        for _ in range(10):
            assert read(f"{serving.address}/livez") == b'{"state":"fine"}\n'
        while threading.active_count() > before + 1 + 5:  # those that were closed for others are ending
            time.sleep(0.01)


@pytest.mark.parametrize("begins", [b"", b"GET /livez HTTP/1.1\r\n", b"GET /livez HTT"])
def test_a_request_that_comes_in_drops_has_one_deadline(begins: bytes) -> None:
    with monitor("127.0.0.1", limits=Limits(seconds=1)) as serving, connected(serving) as client:
        began = time.monotonic()
        client.settimeout(0.2)
        client.sendall(begins)
        while time.monotonic() < began + 60:
            try:
                client.sendall(b"x")
                if not client.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() < began + 60, "it was not cut off"


def test_clients_that_leave_or_talk_nonsense_are_one_line_and_no_traceback(
    log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with monitor("127.0.0.1", limits=Limits(seconds=0.5)) as serving:
        for talk in (b"", b"\x16\x03\x01", b"GET /metrics HTTP/1.1\r\n\r\n", b"\0" * 70_000):
            for _ in range(3):
                with connected(serving) as client:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset at the end
                    client.sendall(talk)
        silent = [connected(serving) for _ in range(3)]
        for client in silent:
            with client:
                assert client.recv(100) == b"", "the monitor closes it"
        assert read(f"{serving.address}/livez")
    assert capfd.readouterr() == ("", "")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert len(lines) <= 1
    assert all(line["event"] == "monitor request failed" and line["cause"] for line in lines)


def test_an_answer_that_fails_is_a_status_and_a_line_with_its_cause(
    log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    def ready() -> Report:
        raise KeyError("jane.doe@example.com")

    with monitor("127.0.0.1", ready=ready) as serving:
        assert requests.get(f"{serving.address}/readyz", timeout=60).status_code == 500
        assert requests.get(f"{serving.address}/readyz", timeout=60).status_code == 500
        assert read(f"{serving.address}/livez")
    (line,) = log.getvalue().splitlines()
    assert json.loads(line)["cause"] == "KeyError"
    assert "jane" not in line + "".join(capfd.readouterr())


@pytest.mark.own_process
def test_the_want_of_descriptors_is_outlived_without_haste(log: io.StringIO) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with monitor("127.0.0.1") as serving, connected(serving) as first:
        first.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        assert first.recv(100)
        client = connected_without_descriptors(serving, hard)
        try:
            began = time.process_time()
            time.sleep(1)
            busy = time.process_time() - began
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert busy < 0.5, "it tries on and on"
        client.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        assert client.recv(100)
        client.close()
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(each["event"], each["cause"]) for each in events] == [
        ("monitor connection not accepted", "OSError EMFILE")
    ]


def connected_without_descriptors(serving: Monitor, hard: int) -> socket.socket:
    """A client whose connection finds no descriptor left at the monitor's side."""
    client = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # nothing new; what is open stays so
    client.connect(("127.0.0.1", int(serving.address.rpartition(":")[2])))
    return client
