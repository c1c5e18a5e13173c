"""What the worker shows over HTTP: /metrics, /livez, /readyz; the event debugger, where there is one, at the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socket import AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import CollectorRegistry, make_wsgi_app

from consumer.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SOCKET_SECONDS = 10.0  # a client that sends nothing holds its thread no longer


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a probe: good or not, and words for a person. Never a secret, never an identity."""

    good: bool
    body: dict[str, str | float]


class Site(Protocol):
    """A WSGI application that is also told of the time."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""

    def tick(self) -> None:
        """Called about twice a second, always by the same thread. Must be quick, and never raise."""


class Monitor:
    """Serves in threads of its own until closed.

    live, ready -- asked at each request
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
        site: Site | None = None,
    ) -> None:
        app = _application(make_wsgi_app(registry), {"/livez": live, "/readyz": ready}, site)
        try:
            kind = _Server6 if ":" in host else _Server
            self._server = make_server(host.strip("[]"), port, app, server_class=kind, handler_class=_Handler)
        except OSError as failure:
            problem = Problem(
                "MONITOR_PORT", f"can't listen on {host}:{port}: {failure.strerror}", "Choose another port"
            )
            raise ConfigurationError(problem) from None
        self._server.site = site
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
    metrics: WSGIApplication, reports: dict[str, Callable[[], Report]], site: Site | None
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
    daemon_threads = True
    site: Site | None = None

    def server_bind(self) -> None:
        """http.server's asks a name server for the host's name on the way, which may take long and is of no use."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def service_actions(self) -> None:
        """socketserver's: called between requests, at least twice a second."""
        if self.site is not None:
            self.site.tick()


class _Server6(_Server):
    """Listening on `::`, it serves IPv4 as well, where the system has it so (ipv6(7), bindv6only)."""

    address_family = AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = SOCKET_SECONDS

    def address_string(self) -> str:
        """The peer's address as it is: no look-up of its name."""
        return str(self.client_address[0])

    def log_message(self, *_args: Any) -> None:
        """Scrapes are not worth a line."""
