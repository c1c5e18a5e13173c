"""The HTTP server: /metrics, /livez, /readyz; all other paths go to the event debugger, if enabled."""

from __future__ import annotations

import errno
import io
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from socket import AF_INET6, SHUT_RDWR, gaierror, socket
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry, make_wsgi_app

from consumer.errors import ConfigurationError, Problem
from consumer.log import RepeatFilter, cause_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

REST_SECONDS = 0.2  # after a failed accept: the connection is still pending, and accept would fail again at once

log = structlog.get_logger()


class Limits(Struct, frozen=True):
    """Limits for clients of the monitor.

    connections -- open at once; beyond, the oldest is closed, so that idle clients don't block probes
    seconds     -- for a request and its response
    """

    connections: int = 32
    seconds: float = 10.0


USUAL_LIMITS = Limits()


class Report(Struct, frozen=True):
    """The result of a health check, with details for operators. Never a secret, never an identity."""

    good: bool
    body: dict[str, str | float]


class RequestHandler(Protocol):
    """A WSGI application with a periodic tick."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""

    def tick(self) -> None:
        """Run periodic work. Called about twice a second by one thread; must be quick and never raise."""


class Monitor:
    """Serve in threads of its own until closed. Raises ConfigurationError if the address can't be bound.

    live, ready -- called at each request
    site        -- answers all other paths; None: 404
    """

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        live: Callable[[], Report],
        ready: Callable[[], Report],
        site: RequestHandler | None = None,
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        app = _answering(_application(make_wsgi_app(registry), {"/livez": live, "/readyz": ready}, site))
        try:
            kind = _Server6 if ":" in host else _Server
            self._server = make_server(host.strip("[]"), port, app, server_class=kind, handler_class=_Handler)
        except OSError as failure:
            name, hint = "MONITOR_PORT", "Choose another port"
            if isinstance(failure, gaierror) or failure.errno == errno.EADDRNOTAVAIL:
                name, hint = "MONITOR_HOST", "Set an address of this machine: 127.0.0.1, 0.0.0.0 or ::"
            what = f"can't listen on {host}:{port}: {failure.strerror}"
            raise ConfigurationError(Problem(name, what, hint)) from None
        self._server.site = site
        self._server.limits = limits
        self._thread = threading.Thread(target=self._server.serve_forever, name="monitor", daemon=True)

    @property
    def address(self) -> str:
        """Return the URL of the server."""
        host, port = self._server.server_name, self._server.server_port
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def page(self) -> str | None:
        """Return the URL of the site's page; None without a site."""
        return f"{self.address}/" if self._server.site is not None else None

    def start(self) -> None:
        """Start serving."""
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
            return _text(start_response, "404 Not Found", "available: /metrics, /livez, /readyz\n")
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
    """One thread and one request per connection, within limits. Failures are logged rarely, without a traceback."""

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
        """Bind without http.server's DNS lookup of the host name, which may block."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def service_actions(self) -> None:
        """Close late connections and tick. socketserver calls this at least twice a second."""
        now = time.monotonic()
        with self._lock:
            late = [each for each, since in self._open.items() if now - since > self.limits.seconds]
        self._end(late)
        try:
            if self.site is not None:
                self.site.tick()
        except Exception as error:  # without this thread there would be no probes
            self.failed("debugger tick failed", error)

    def get_request(self) -> tuple[socket, Any]:
        """Accept a connection; sleep after a failure, such as a lack of file descriptors."""
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
        """Forget a connection whose request has ended."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Log the failure instead of socketserver's traceback on stderr."""
        error = sys.exception()
        if error is not None:
            self.failed("monitor request failed", error)

    def failed(self, event: str, error: BaseException) -> None:
        """Log a failure, once in a while."""
        suppressed = self._summary.ask(event, time.monotonic())
        if suppressed is not None:
            log.warning(event, **cause_of(error), suppressed=suppressed)

    def _end(self, connections: Iterable[socket]) -> None:
        """Shut the sockets down; their threads then close them."""
        for each in connections:
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)


class _Server6(_Server):
    """Listen on IPv6; `::` also serves IPv4 unless the system forbids it (ipv6(7), bindv6only)."""

    address_family = AF_INET6


class _Handler(WSGIRequestHandler):
    server: _Server

    def setup(self) -> None:
        """Set up as http.server does, with a timeout."""
        self.request.settimeout(self.server.limits.seconds)
        super().setup()

    def address_string(self) -> str:
        """Return the peer's address without a DNS lookup."""
        return str(self.client_address[0])

    def log_message(self, *_args: Any) -> None:
        """Log nothing: scrapes need no access log."""

    def get_stderr(self) -> Any:
        """Discard wsgiref's tracebacks; `_answering` logs the causes."""
        return io.StringIO()


def _answering(app: WSGIApplication) -> WSGIApplication:
    """Wrap the application: an exception becomes a 500 and a log line."""
    summary = RepeatFilter()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception as error:  # a traceback in the log could hold identities
            suppressed = summary.ask("failed", time.monotonic())
            if suppressed is not None:
                log.error("monitor request failed", **cause_of(error), suppressed=suppressed)
            return _text(start_response, "500 Internal Server Error", "internal error; see the log\n")

    return answer
