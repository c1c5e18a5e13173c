"""A registry's answers by path, over HTTP: what a test registers, and the registry's own codes for all else."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import orjson

from tests.clicksend.scripted_server import Act, ScriptedServer, answer

UNKNOWN = answer("404 Not Found", b'{"error_code": 40403, "message": "Schema not found"}')


class StandIn(ScriptedServer):
    """A scripted server whose script is a table. `down` answers everything where it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, Mapping[str, Any]] = {}
        self.down: Act | None = None

    def add(self, path: str, schema: object, **more: Any) -> None:
        """Register a schema: text as it is, all else as JSON."""
        text = schema if isinstance(schema, str) else orjson.dumps(schema).decode()
        self.documents[path] = {"schema": text, **more}

    def asked(self) -> list[str]:
        """The paths of the requests."""
        return [request.split(b" ")[1].decode() for request in self.requests]

    def _serve(self, sock: socket.socket | None) -> None:
        self._script = _Table(self)
        super()._serve(sock)


class _Table(list[Act]):
    """Takes the place of a list of acts: the next act depends on the request."""

    def __init__(self, stand_in: StandIn) -> None:
        super().__init__()
        self._stand_in = stand_in

    def pop(self, _index: Any = 0) -> Act:
        stand_in = self._stand_in
        if stand_in.down is not None:
            return stand_in.down
        document = stand_in.documents.get(stand_in.asked()[-1])

        def act(sock: socket.socket) -> socket.socket:
            sock.sendall(UNKNOWN if document is None else answer("200 OK", orjson.dumps(document)))
            return sock

        return act
