"""What the worker shows over HTTP: /metrics, /livez, /readyz; the event debugger, where there is one, at the rest."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from socket import AF_INET6, SHUT_RDWR, socket
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app

from consumer.errors import ConfigurationError, Problem
from consumer.log import RepeatFilter, cause_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

REST_SECONDS = 0.2  # after a connection that could not be taken: it waits, and would be tried again at once

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may take of the monitor.

    connections -- at once; beyond, the oldest is closed for the newest: those who are silent don't keep probes out
    seconds     -- for a request and its answer
    """

    connections: int = 32
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a probe: good or not, and words for a person. Never a secret, never an identity."""

    good: bool
    body: dict[str, str | float]


class RequestHandler(Protocol):
    """A WSGI application that is also told of the time."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""

    def tick(self) -> None:
        """Called about twice a second, always by the same thread. Must be quick, and never raise."""


class Monitor:
    """Serves in threads of its own until closed.

    live, ready -- asked at each request
    limits      -- of connections and time
    site        -- answers whatever is asked for beside these; None: nothing does
    Raises ConfigurationError where the address can't be had.
    """

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        live: Callable[[], Report],
        ready: Callable[[], Report],
        site: RequestHandler | None = None,
        limits: Limits = Limits(),
    ) -> None:
        app = _answering(_application(make_wsgi_app(registry), {"/livez": live, "/readyz": ready}, site))
        try:
            kind = _Server6 if ":" in host else _Server
            self._server = make_server(host.strip("[]"), port, app, server_class=kind, handler_class=_Handler)
        except OSError as failure:
            problem = Problem(
                "MONITOR_PORT", f"can't listen on {host}:{port}: {failure.strerror}", "Choose another port"
            )
            raise ConfigurationError(problem) from None
        self._server.site = site
        self._server.limits = limits
        self._thread = threading.Thread(target=self._server.serve_forever, name="monitor", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens, as a URL."""
        host, port = self._server.server_name, self._server.server_port
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def page(self) -> str | None:
        """Where the site's page is, as a URL; None where there is no site."""
        return f"{self.address}/" if self._server.site is not None else None

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _application(
    metrics: WSGIApplication, reports: dict[str, Callable[[], Report]], site: RequestHandler | None
) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if site is not None and path != "/metrics" and path not in reports:
            return site(environ, start_response)
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _text(start_response, "405 Method Not Allowed", "only GET and HEAD\n")
        if path == "/metrics":
            return metrics(environ, start_response)
        report = reports.get(path)
        if report is None:
            return _text(start_response, "404 Not Found", "here are /metrics, /livez and /readyz\n")
        result = report()
        body = orjson.dumps(result.body, option=orjson.OPT_APPEND_NEWLINE)
        start_response("200 OK" if result.good else "503 Service Unavailable", _headers("application/json", body))
        return [body]

    return answer


def _text(start_response: StartResponse, status: str, text: str) -> list[bytes]:
    body = text.encode()
    start_response(status, _headers("text/plain; charset=utf-8", body))
    return [body]


def _headers(kind: str, body: bytes) -> list[tuple[str, str]]:
    return [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a connection, one request each, within limits. Failures are one line in a while, never a traceback."""

    daemon_threads = True
    request_queue_size = 64
    site: RequestHandler | None = None
    limits = Limits()

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._lock = threading.Lock()
        self._open: dict[socket, float] = {}  # since when, in monotonic seconds; the oldest first
        self._summary = RepeatFilter()
        super().__init__(*arguments, **more)

    def server_bind(self) -> None:
        """http.server's asks a name server for the host's name on the way, which may take long and is of no use."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def service_actions(self) -> None:
        """socketserver's: called between requests, at least twice a second."""
        now = time.monotonic()
        with self._lock:
            late = [each for each, since in self._open.items() if now - since > self.limits.seconds]
        self._end(late)
        try:
            if self.site is not None:
                self.site.tick()
        except Exception as error:  # without this thread there would be no probes
            self.failed("the debugger could not note the time", error)

    def get_request(self) -> tuple[socket, Any]:
        """Take a connection; rest where that can't be done, for want of descriptors for one."""
        try:
            return super().get_request()
        except OSError as error:
            self.failed("monitor connection not accepted", error)
            time.sleep(REST_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own."""
        with self._lock:
            surplus = list(self._open)[: max(0, len(self._open) + 1 - self.limits.connections)]
            for each in surplus:
                del self._open[each]
            self._open[request] = time.monotonic()
        self._end(surplus)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """The connection has done its work."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """socketserver's: in place of a traceback on stderr."""
        error = sys.exception()
        if error is not None:
            self.failed("monitor request failed", error)

    def failed(self, event: str, error: BaseException) -> None:
        """Say so, once in a while."""
        suppressed = self._summary.ask(event, time.monotonic())
        if suppressed is not None:
            log.warning(event, **cause_of(error), suppressed=suppressed)

    def _end(self, connections: Iterable[socket]) -> None:
        """Their threads find the end of the connection, and close it."""
        for each in connections:
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)


class _Server6(_Server):
    """Listening on `::`, it serves IPv4 as well, where the system has it so (ipv6(7), bindv6only)."""

    address_family = AF_INET6


class _Handler(WSGIRequestHandler):
    server: _Server

    def setup(self) -> None:
        """As http.server does, with a time limit for whatever waits."""
        self.request.settimeout(self.server.limits.seconds)
        super().setup()

    def address_string(self) -> str:
        """The peer's address as it is: no look-up of its name."""
        return str(self.client_address[0])

    def log_message(self, *_args: Any) -> None:
        """Scrapes are not worth a line."""

    def get_stderr(self) -> Any:
        """Where wsgiref writes tracebacks; `_answering` has told the cause of those that are ours."""
        return io.StringIO()


def _answering(app: WSGIApplication) -> WSGIApplication:
    """The application, with a status for what it raises."""
    summary = RepeatFilter()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception as error:  # a page that fails must not be a traceback in the log
            suppressed = summary.ask("failed", time.monotonic())
            if suppressed is not None:
                log.error("monitor request failed", **cause_of(error), suppressed=suppressed)
            return _text(start_response, "500 Internal Server Error", "internal error; the log names its cause\n")

    return answer
