"""A sandbox and its clients: an ordinary one, and one that reads every byte."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import requests

from consumer.sandbox.app import App
from consumer.sandbox.call import Call
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumer.sandbox.answers import SandboxResponse

AUTHORIZATION = "Basic " + b64encode(b"sandbox:sandbox").decode()
JANE = {"email": "jane.doe@example.com", "phone_number": "+14155550132", "first_name": "Jane"}
TIMEOUT = 60  # seconds; only a failing test waits so long


@pytest.fixture
def jane() -> dict[str, str]:
    return dict(JANE)


class MakeCall(Protocol):
    def __call__(self, method: str, target: str, body: object = None, **headers: str) -> Call: ...


@pytest.fixture
def make_call() -> MakeCall:
    """A request as the pure parts see it, with the right credentials unless others are given."""

    def make(method: str, target: str, body: object = None, **headers: str) -> Call:
        given = {name.replace("_", "-").title(): value for name, value in headers.items()}
        sent = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"} | given
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Call.of(method, target, sent, data)

    return make


@dataclass
class PureClient:
    """Asks an App directly."""

    app: App
    make_call: MakeCall

    def ask(self, method: str, target: str, body: object = None, now: float = 0.0, **headers: str) -> SandboxResponse:
        return self.app.receive(self.make_call(method, target, body, **headers), now).answer

    def post(self, contact: object, now: float = 0.0, list_id: int = 428) -> SandboxResponse:
        return self.ask("POST", f"/v3/lists/{list_id}/contacts", contact, now)


@pytest.fixture
def pure(make_call: MakeCall) -> Callable[..., PureClient]:
    """`pure(rate_limit=...)`: an App with these options, no socket."""
    return lambda **options: PureClient(App(SandboxOptions(**options), now=0.0), make_call)


@dataclass
class Client:
    """Talks HTTP to a running stand-in."""

    sandbox: Sandbox
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.auth = ("sandbox", "sandbox")

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", TIMEOUT)
        return self.session.request(method, self.sandbox.page_url.rstrip("/") + path, allow_redirects=False, **options)

    def post(self, contact: object, **options: Any) -> requests.Response:
        return self.ask("POST", "/v3/lists/428/contacts", json=contact, **options)

    def control(self, path: str, body: object) -> requests.Response:
        return self.ask("POST", f"/sandbox/{path}", json=body)


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """`serve(faults=...)`: a running stand-in with these options, and a client; stopped when the test ends."""
    clients: list[Client] = []

    def start(**options: Any) -> Client:
        client = Client(Sandbox(SandboxOptions(**options)).start())
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.session.close()
        client.sandbox.stop()


@dataclass
class RawResponse:
    """The data received over one connection. was_reset -- it ended with a TCP reset."""

    data: bytes
    was_reset: bool

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


def contact_request(contact: object, connection: str = "keep-alive") -> bytes:
    body = json.dumps(contact).encode()
    head = (
        "POST /v3/lists/428/contacts HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {AUTHORIZATION}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Connection: {connection}",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@pytest.fixture
def open_request() -> Iterator[Callable[[Sandbox, object], socket.socket]]:
    """Sends a contact over a connection of its own, and leaves the answer unread."""
    sockets: list[socket.socket] = []

    def send(sandbox: Sandbox, contact: object) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=TIMEOUT)
        sockets.append(connection)
        connection.sendall(contact_request(contact))
        return connection

    yield send
    for connection in sockets:
        connection.close()


@pytest.fixture
def exchange(open_request: Callable[[Sandbox, object], socket.socket]) -> Callable[[Sandbox, object], RawResponse]:
    """Sends a contact and reads every byte that comes back, until the server ends the connection."""

    def read(sandbox: Sandbox, contact: object) -> RawResponse:
        connection = open_request(sandbox, contact)
        data = b""
        try:
            while piece := connection.recv(65536):
                data += piece
        except ConnectionResetError:
            return RawResponse(data, was_reset=True)
        return RawResponse(data, was_reset=False)

    return read
