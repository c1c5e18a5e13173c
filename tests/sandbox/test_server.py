"""The sandbox's server, and the command that runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
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
    OpenRequest = Callable[[Sandbox, object], socket.socket]


def test_its_addresses_are_known_before_it_starts() -> None:
    sandbox = Sandbox()
    assert sandbox.port > 0
    assert sandbox.page_url == f"http://127.0.0.1:{sandbox.port}/"
    assert sandbox.url == f"http://127.0.0.1:{sandbox.port}/v3"
    sandbox.stop()


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "http://127.0.0.1:"), ("::1", "http://[::1]:")])  # noqa: S104  (never started)
def test_its_address_is_one_to_connect_to(host: str, url: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 on this machine")
    sandbox = Sandbox(SandboxOptions(host=host))
    assert sandbox.url.startswith(url)
    sandbox.stop()


def test_a_port_that_is_taken() -> None:
    with Sandbox() as first, pytest.raises(ConfigurationError, match="Choose another host or port"):
        Sandbox(SandboxOptions(port=first.port))


def test_a_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="request log: can't be opened"):
        Sandbox(SandboxOptions(log_file=tmp_path / "none" / "requests.jsonl"))


def test_stopped_it_is_gone_and_what_it_held_can_be_read(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    client.post(jane)
    client.sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        client.post(jane)
    assert (len(client.sandbox.contacts()), len(client.sandbox.requests())) == (1, 1)


def test_stopping_ends_hanging_requests_and_logs_them(
    serve: Serve, open_request: OpenRequest, jane: dict[str, str]
) -> None:
    sandbox = serve(faults=Script((Rule(connection=ConnectionFault.HANG),))).sandbox
    connection = open_request(sandbox, jane)
    assert sandbox.wait_for(lambda: len(sandbox.contacts()) == 1, timeout=60)
    sandbox.stop()
    assert connection.recv(1) == b""
    assert [entry.status for entry in sandbox.requests()] == [None]


def test_faults_and_credentials_are_changed_from_another_thread(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    client.sandbox.set_faults(Script((Rule(status=503),)))
    assert client.post(jane).status_code == 503
    client.sandbox.set_faults(Script())
    client.sandbox.set_credentials("sandbox", "another")
    assert client.post(jane).status_code == 401


def test_one_can_wait_for_what_is_to_arrive(serve: Serve) -> None:
    client = serve()

    def arrived() -> bool:
        return len(client.sandbox.contacts()) == 3

    def deliver() -> None:
        for name in "abc":
            client.post({"email": f"{name}@example.com"})

    delivering = threading.Thread(target=deliver)
    delivering.start()
    assert client.sandbox.wait_for(arrived, timeout=60)
    delivering.join()
    assert not client.sandbox.wait_for(lambda: False, timeout=0)


def test_many_connections_at_once(serve: Serve) -> None:
    client = serve()
    outcomes: list[int] = []

    def deliver(number: int) -> None:
        answer = requests.post(
            f"{client.sandbox.url}/lists/428/contacts",
            json={"email": f"{number}@example.com"},
            auth=("sandbox", "sandbox"),
            timeout=60,
        )
        outcomes.append(answer.status_code)

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [200] * 30
    assert len(client.sandbox.contacts()) == 30
    assert sorted(entry.number for entry in client.sandbox.requests()) == list(range(1, 31))


PROGRAM = """
import sys
from consumer.sandbox.command import run_sandbox
from consumer.sandbox.options import SandboxOptions
sys.exit(run_sandbox(SandboxOptions(api_key="secret-key"), out=sys.stdout, talk=sys.stderr))
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_serves_and_stops_on_request(stop: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = requests.get(f"{url}/account", auth=("sandbox", "secret-key"), timeout=60)
        process.send_signal(stop)
        out, talk = process.communicate(timeout=60)
    assert answer.status_code == 200
    assert (process.returncode, out) == (0, "")
    assert url in talk
    assert "Traceback" not in talk
    assert "secret-key" not in talk
