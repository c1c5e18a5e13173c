"""The delivery loop's transport beyond the contract: many requests at once, hanging and inconsistent servers."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from requests import Request

from consumer.clicksend import http_transport
from consumer.clicksend.failure import failed
from consumer.clicksend.fault import Fault
from consumer.clicksend.http_transport import MOST_ENDED, MOST_OPENING
from consumer.clicksend.outcome import Cause
from consumer.clicksend.request_head import RequestHead
from consumer.clicksend.response_reader import HttpResponse
from consumer.clicksend.transport import Endpoint, Timeouts, Trust
from tests.clicksend.blocking import BlockingTransport
from tests.clicksend.expected import fault, transient
from tests.clicksend.scripted_server import (
    OK,
    Act,
    ScriptedServer,
    answer,
    hang,
    reply,
    reply_and_close,
    reply_and_reset,
    secure,
)
from tests.kafka.apache import free_ports
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

    from consumer.clicksend.outcome import Outcome
    from tests.clicksend.blocking import LoopFactory

    Transports = Callable[..., BlockingTransport]

PATIENT = Timeouts(connect=60, read=60, total=120)


def head_of(url: str) -> RequestHead:
    return RequestHead.of(Request("POST", url).prepare())


def outcome(result: HttpResponse | Exception) -> Outcome:
    assert isinstance(result, Exception)
    return failed(result)


def statuses(results: list[HttpResponse | Exception]) -> list[int]:
    return [result.status for result in results if isinstance(result, HttpResponse)]


@pytest.fixture
def open_transport(new_loop: LoopFactory, trust: Trust) -> Iterator[Transports]:
    """Makes transports, and closes them after the test: no descriptor is left."""
    opened: list[BlockingTransport] = []

    def make(url: str, timeouts: Timeouts = PATIENT, proxy_url: str | None = None) -> BlockingTransport:
        opened.append(BlockingTransport(new_loop, Endpoint(url, 42, proxy_url), trust, timeouts))
        return opened[-1]

    new_loop().close()  # libuv keeps a pipe for signals from its first loop on
    before = descriptors()
    yield make
    for each in opened:
        each.close()
    wait_until(lambda: descriptors() <= before)  # servers of the test close theirs in threads of their own


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


class Server:
    """Answers each request of each connection alike; counts connections and requests at once."""

    def __init__(self, tls: ssl.SSLContext | None = None, act: Act | None = None) -> None:
        self._server = ScriptedServer(tls)
        self._act = act or reply(OK)

    @contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        """Serve until the end of the block."""
        self._server.script(*[self._act] * 5_000)
        with self._server.running() as server:
            yield server


@contextmanager
def mute() -> Iterator[int]:
    """A port where connections are made, by the system, and nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        yield listener.getsockname()[1]


def test_requests_at_once_share_as_many_connections(open_transport: Transports) -> None:
    with Server().running() as server:
        carrier = open_transport(server.url)
        for _ in range(5):
            assert statuses(carrier.send_all(head_of(server.url), 20)) == [200] * 20
        assert server.connections <= 20
        assert carrier.transport.open_connections <= 20
        assert len(server.requests) == 100
        carrier.close()


def test_a_result_is_never_told_within_send(open_transport: Transports) -> None:
    carrier = open_transport("http://127.0.0.1:1")
    results: list[object] = []
    carrier.transport.send(head_of("http://127.0.0.1:1"), b"{}", results.append)
    assert results == []
    carrier.transport.close()
    assert len(results) == 1


def test_a_request_to_another_origin_is_an_error_of_the_program(open_transport: Transports) -> None:
    with pytest.raises(ValueError, match="origin"):
        open_transport("http://127.0.0.1:1").transport.send(head_of("http://127.0.0.1:2"), b"{}", print)


@pytest.mark.parametrize("error", [LookupError, ConnectionResetError, KeyboardInterrupt])
def test_a_callback_that_raises_harms_nobody_else(open_transport: Transports, error: type[BaseException]) -> None:
    def fail(_: object) -> None:
        raise error("of the owner")

    with Server().running() as server:
        carrier = open_transport(server.url)
        carrier.transport.send(head_of(server.url), b"{}", fail)
        assert statuses(carrier.send_all(head_of(server.url), 3)) == [200] * 3
        carrier.run_for(0.05)
        assert [type(each["exception"]) for each in carrier.errors] == [error]
        assert statuses([carrier.send(head_of(server.url), b"{}")]) == [200]
        carrier.close()


def test_closing_tells_everybody_who_waits(open_transport: Transports) -> None:
    with mute() as port:
        url = f"http://127.0.0.1:{port}"
        carrier = open_transport(url)
        results: list[HttpResponse | Exception] = []
        for _ in range(MOST_OPENING + 8):
            carrier.transport.send(head_of(url), b"{}", results.append)
        carrier.run_for(0.05)
        carrier.transport.close()
        assert [outcome(result) for result in results] == [transient(Cause.RESET)] * (MOST_OPENING + 8)
        assert (carrier.transport.open_connections, carrier.transport.opening) == (0, 0)


def test_closing_tells_those_that_have_failed_already(
    open_transport: Transports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_found(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not found")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    carrier = open_transport("http://localhost:1")
    results: list[HttpResponse | Exception] = []
    for _ in range(5 * MOST_ENDED):
        carrier.transport.send(head_of("http://localhost:1"), b"{}", results.append)
    while not results:
        carrier.run_for(0)
    assert carrier.transport.in_flight + len(results) == 5 * MOST_ENDED
    carrier.transport.close()
    assert len(results) == 5 * MOST_ENDED
    assert carrier.transport.in_flight == 0


def test_a_server_that_never_speaks_on_a_thousand_connections_times_out(open_transport: Transports) -> None:
    with mute() as port:
        carrier = open_transport(f"http://127.0.0.1:{port}", Timeouts(connect=30, read=0.5, total=60))
        results = carrier.send_all(head_of(f"http://127.0.0.1:{port}"), 1_000)
        assert [outcome(result) for result in results] == [transient(Cause.TIMEOUT)] * 1_000
        assert carrier.transport.open_connections == 0


def test_a_server_that_never_answers_the_handshake_times_out(open_transport: Transports) -> None:
    with mute() as port:
        url = f"https://127.0.0.1:{port}"
        carrier = open_transport(url, Timeouts(connect=2, read=60, total=120))  # a busy machine stands still for 0.5 s
        results = carrier.send_all(head_of(url), MOST_OPENING + 1)
        assert {outcome(result) for result in results} == {transient(Cause.TIMEOUT)}


def test_no_more_connections_are_opened_at_once_than_is_polite(open_transport: Transports) -> None:
    with mute() as port:
        url = f"https://127.0.0.1:{port}"
        carrier = open_transport(url)
        for _ in range(3 * MOST_OPENING):
            carrier.transport.send(head_of(url), b"{}", lambda _: None)
        carrier.run_for(0.1)
        assert carrier.transport.opening == MOST_OPENING


def test_a_slow_handshake_of_one_stops_no_other(tls: ssl.SSLContext, open_transport: Transports) -> None:
    def serve(listener: socket.socket) -> None:
        first, _ = listener.accept()  # is never answered
        with first, suppress(OSError):
            second = secure(tls)(listener.accept()[0])
            with second:
                while second.recv(65536):
                    second.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        carrier = open_transport(url)
        assert statuses(carrier.send_all(head_of(url), 2)) == [200] * 2
        carrier.close()
        thread.join()


def test_a_timeout_of_the_handshake_at_its_end_costs_no_request(
    tls: ssl.SSLContext, open_transport: Transports
) -> None:
    said_hello, standing_still = threading.Event(), threading.Event()
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            sock.recv(1, socket.MSG_PEEK)
            said_hello.set()
            standing_still.wait()
            with secure(tls)(sock) as secured:
                received.append(secured.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        carrier = open_transport(url, Timeouts(connect=1, read=60, total=120))
        results: list[HttpResponse | Exception] = []
        carrier.transport.send(head_of(url), b"{}", results.append)
        while not said_hello.is_set():
            carrier.run_for(0.01)
        standing_still.set()
        time.sleep(1.5)  # then the handshake's end and its timeout are due in the same turn
        while not results:
            carrier.run_for(0.01)
        carrier.close()
        thread.join()
    assert [outcome(each) for each in results] == [transient(Cause.TIMEOUT)]
    assert not any(received)
    assert carrier.errors == []


def test_connections_are_closed_after_idling(open_transport: Transports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "IDLE_FOR", 0.1)
    with Server().running() as server:
        carrier = open_transport(server.url)
        carrier.send_all(head_of(server.url), 4)
        assert carrier.transport.open_connections > 0
        deadline = time.monotonic() + 30
        while carrier.transport.open_connections and time.monotonic() < deadline:
            carrier.run_for(0.05)
        assert carrier.transport.open_connections == 0
        assert statuses([carrier.send(head_of(server.url), b"{}")]) == [200]
        carrier.close()


def _cork(sock: socket.socket, on: int) -> None:
    """Hold back what is sent, or send it, in one segment. Other systems send two, which is a harder case."""
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)


def reply_with_the_end(sock: socket.socket) -> None:
    """Answer and close in one segment, so that whoever looks once more after the answer sees the end."""
    _cork(sock, 1)
    sock.sendall(OK)
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def reply_with_the_end_of_tls(sock: socket.socket) -> None:
    """Answer and end TLS in one segment, and keep the connection: whoever looks at the socket sees nothing."""
    _cork(sock, 1)
    sock.sendall(OK)
    sock.settimeout(0)  # so that the client's own end is not waited for
    with suppress(OSError):
        cast("ssl.SSLSocket", sock).unwrap()
    _cork(sock, 0)


@pytest.mark.parametrize(
    ("scheme", "act"),
    [
        pytest.param("http", reply_with_the_end, id="closed"),
        pytest.param("http", reply(OK + b"x"), id="a byte too many"),
        pytest.param("http", reply(OK + OK), id="an answer too many"),
        pytest.param("https", reply_with_the_end, id="closed, in TLS"),
        pytest.param("https", reply(OK + b"x"), id="a byte too many, in TLS"),
        pytest.param("https", reply_with_the_end_of_tls, id="end of TLS"),
    ],
)
def test_a_server_that_ends_each_connection_unannounced_costs_no_request(
    open_transport: Transports, act: Act, tls: ssl.SSLContext, scheme: str
) -> None:
    """Each result sends the next request at once, while the end is still under way."""
    count = 200 if scheme == "http" else 40
    with Server(tls if scheme == "https" else None, act).running() as server:
        carrier = open_transport(server.url)
        results: list[HttpResponse | Exception] = []
        ended = carrier.loop.create_future()

        def go_on(result: HttpResponse | Exception) -> None:
            results.append(result)
            if len(results) < count:
                carrier.transport.send(head_of(server.url), b"{}", go_on)
            else:
                ended.set_result(None)

        carrier.transport.send(head_of(server.url), b"{}", go_on)
        carrier.loop.run_until_complete(ended)
        assert statuses(results) == [200] * count
        carrier.close()


def test_a_pause_of_the_process_is_no_timeout_of_a_buffered_response(open_transport: Transports) -> None:
    with Server().running() as server:
        carrier = open_transport(server.url, Timeouts(connect=60, read=2, total=2))
        carrier.send(head_of(server.url), b"{}")
        results: list[HttpResponse | Exception] = []
        carrier.transport.send(head_of(server.url), b"{}", results.append)
        for _ in range(50):
            carrier.run_for(0)
            if len(server.requests) == 2:
                break
        time.sleep(2.5)  # the loop stands still, as after SIGSTOP
        carrier.run_for(0.2)
        assert statuses(results) == [200]
        carrier.close()


def test_many_that_are_late_at_once_end_a_part_at_a_time(open_transport: Transports) -> None:
    count = 3 * MOST_ENDED
    with mute() as port:
        url = f"http://127.0.0.1:{port}"
        carrier = open_transport(url, Timeouts(connect=60, read=1, total=60))
        turn = 0
        ended_in: list[int] = []

        def next_turn() -> None:
            nonlocal turn
            turn += 1
            if len(ended_in) < count:
                carrier.loop.call_soon(next_turn)
            else:
                carrier.loop.stop()

        for _ in range(count):
            carrier.transport.send(head_of(url), b"{}", lambda _result: ended_in.append(turn))
        carrier.loop.call_soon(next_turn)
        carrier.loop.run_forever()
        assert max(Counter(ended_in).values()) <= MOST_ENDED
        carrier.close()


def test_two_thousand_connections_that_are_reset_at_once(open_transport: Transports) -> None:
    count = 500  # each has a thread of the server's

    def reset_when_all_are_there(sock: socket.socket) -> None:
        barrier.wait()
        reply_and_reset()(sock)

    barrier = threading.Barrier(count)
    with Server(act=reset_when_all_are_there).running() as server:
        carrier = open_transport(server.url)
        results = carrier.send_all(head_of(server.url), count)
        assert [outcome(result) for result in results] == [transient(Cause.RESET)] * count
        assert carrier.transport.open_connections == 0
        carrier.close()


@pytest.mark.own_process
def test_without_descriptors_left_it_is_transient_and_passes(open_transport: Transports) -> None:
    with Server().running() as server:
        carrier = open_transport(server.url)
        ended: asyncio.Future[HttpResponse | Exception] = carrier.loop.create_future()

        async def send_without_descriptors() -> HttpResponse | Exception:
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))  # what is open stays open
            try:
                carrier.transport.send(head_of(server.url), b"{}", ended.set_result)
                return await ended
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)

        result = carrier.loop.run_until_complete(send_without_descriptors())
        assert outcome(result) == transient(Cause.CONNECT)
        assert statuses([carrier.send(head_of(server.url), b"{}")]) == [200]
        carrier.close()


def test_open_connections_outlive_their_certificate(
    authority: trustme.CA, open_transport: Transports, trust: Trust
) -> None:
    """New ones don't: the fault is the certificate's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(context).running() as server:
        carrier = open_transport(server.url)
        assert statuses([carrier.send(head_of(server.url), b"{}")]) == [200]
        wrong = authority.issue_cert("elsewhere.example")
        wrong.configure_cert(context)
        assert statuses([carrier.send(head_of(server.url), b"{}")]) == [200]
        assert server.connections == 1
        carrier.transport.close()
        assert outcome(carrier.send(head_of(server.url), b"{}")) == fault(Fault.TLS)
        carrier.close()


class TestLookups:
    """Names, with a resolver that hangs."""

    @pytest.fixture
    def stuck(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        """getaddrinfo doesn't return until the event."""
        free, real = threading.Event(), socket.getaddrinfo

        def stuck(host: str, *args: int, **options: int) -> object:
            if not options.get("flags", 0) & socket.AI_NUMERICHOST:
                free.wait()
            return real(host, *args, **options)

        monkeypatch.setattr(socket, "getaddrinfo", stuck)
        yield free
        free.set()
        for thread in threading.enumerate():
            if thread.name == "lookup":
                thread.join()

    def test_a_lookup_that_never_returns_fails_all_who_wait_for_it(
        self, open_transport: Transports, stuck: threading.Event
    ) -> None:
        with Server().running() as server:
            url = f"http://localhost:{server.port}"
            carrier = open_transport(url, Timeouts(connect=0.2, read=60, total=120))
            for _ in range(8):  # more often than there are threads for
                results = carrier.send_all(head_of(url), 50)
                assert {outcome(result) for result in results} == {transient(Cause.DNS)}
            assert sum(thread.name == "lookup" for thread in threading.enumerate()) <= 4
            stuck.set()
            for _ in range(50):
                if isinstance(result := carrier.send(head_of(url), b"{}"), HttpResponse):
                    break
            assert statuses([result]) == [200]
            carrier.close()

    @pytest.mark.usefixtures("stuck")
    def test_an_address_is_not_looked_up(self, open_transport: Transports) -> None:
        with Server().running() as server:
            carrier = open_transport(server.url, Timeouts(connect=5, read=60, total=120))
            assert statuses([carrier.send(head_of(server.url), b"{}")]) == [200]
            carrier.close()

    def test_addresses_are_kept_for_a_while(self, open_transport: Transports, monkeypatch: pytest.MonkeyPatch) -> None:
        asked, real = [], socket.getaddrinfo

        def counted(host: str, port: int, *args: int, **options: int) -> object:
            asked.append(host)
            return real("127.0.0.1", port, *args, **options)

        monkeypatch.setattr(socket, "getaddrinfo", counted)
        with Server(act=reply_and_close(OK)).running() as server:
            url = f"http://localhost:{server.port}"
            carrier = open_transport(url)
            carrier.send_all(head_of(url), 40)
            carrier.send_all(head_of(url), 40)
            assert asked == ["localhost"]
            carrier.close()

    def test_a_failure_is_asked_for_again(self, open_transport: Transports, monkeypatch: pytest.MonkeyPatch) -> None:
        def not_found(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "not found")

        with Server().running() as server:
            url = f"http://localhost:{server.port}"
            carrier = open_transport(url)
            with monkeypatch.context() as patched:
                patched.setattr(socket, "getaddrinfo", not_found)
                results = carrier.send_all(head_of(url), 40)
                assert {outcome(result) for result in results} == {transient(Cause.DNS)}
            assert statuses([carrier.send(head_of(url), b"{}")]) == [200]
            carrier.close()

    def test_a_lookup_that_never_returns_does_not_hold_up_the_exit(self) -> None:
        program = """
import asyncio, socket, threading
from consumer.clicksend.resolver import Resolver
socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
async def main():
    try:
        async with asyncio.timeout(0.1):
            await Resolver(asyncio.get_running_loop()).addresses("clicksend.example", 443)
    except TimeoutError:
        print("timed out")
asyncio.run(main())
"""
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)
        assert ended.stdout == b"timed out\n"


def test_a_happy_connection_does_not_wait_for_a_dead_address(
    open_transport: Transports, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    with socket.create_server(("127.0.0.1", 0), backlog=0) as busy, socket.create_connection(busy.getsockname()):
        dead = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", busy.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, **__: [dead, *real("127.0.0.1", port)])
        with Server().running() as server:
            url = f"http://localhost:{server.port}"
            assert statuses([open_transport(url).send(head_of(url), b"{}")]) == [200]


def test_a_dead_port_is_no_connection(open_transport: Transports) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    results = open_transport(url).send_all(head_of(url), 40)
    assert {outcome(result) for result in results} == {transient(Cause.CONNECT)}


def test_a_silent_request_does_not_delay_others(open_transport: Transports) -> None:
    server = ScriptedServer()
    server.script(hang, *[reply(OK)] * 9)
    with server.running():
        carrier = open_transport(server.url, Timeouts(connect=60, read=1, total=60))
        results = carrier.send_all(head_of(server.url), 10)
        assert statuses(results) == [200] * 9
        assert outcome(results[-1]) == transient(Cause.TIMEOUT)
        carrier.close()


def test_headers_are_read_when_asked_for(open_transport: Transports) -> None:
    with Server(act=reply(answer("429 Slow Down", b"", "retry-after: 7", "X-Two: 1", "x-two: 2"))).running() as server:
        carrier = open_transport(server.url)
        response = carrier.send(head_of(server.url), b"{}")
        assert isinstance(response, HttpResponse)
        assert [response.header(name) for name in ("Retry-After", "X-TWO", "X-Three")] == ["7", "1, 2", None]
        carrier.close()
