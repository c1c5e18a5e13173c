"""A ClickSend stand-in that costs next to nothing, as a process of its own; with TLS at a second port.

It knows only what the worker and the baselines send. The sandbox is the faithful stand-in; this one is made so that a
benchmark measures the worker.
"""

from __future__ import annotations

import multiprocessing
import socket
import ssl
from enum import Enum
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any, Self

import trustme

from tests.benchmarks.sink_plan import Entry, Plan
from tests.benchmarks.sink_server import CONNECTIONS, STORED, SinkServer
from tests.benchmarks.tally import Count

HOST = "127.0.0.1"
BACKLOG = 4096


class Ask(Enum):
    """Requests to the sink, besides a plan."""

    LOG = "log"
    TALLY = "tally"


class Sink:
    """The sink's process, for a `with` block.

    folder -- where the certificate of its authority is written, for CLICKSEND_CA_FILE
    """

    def __init__(self, folder: Path) -> None:
        plain, encrypted = (socket.create_server((HOST, 0), backlog=BACKLOG) for _ in range(2))
        self.port, self.tls_port = (int(each.getsockname()[1]) for each in (plain, encrypted))
        self.url, self.tls_url = f"http://{HOST}:{self.port}", f"https://{HOST}:{self.tls_port}"
        self.ca_file = folder / "sink-ca.pem"
        context = multiprocessing.get_context("fork")
        self._shared = RawArray("q", 2)
        self._control, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(plain, encrypted, self._tls(), theirs, self._control, self._shared)
        )
        self._process.start()
        for each in (plain, encrypted, theirs):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.join()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid or 0

    @property
    def stored(self) -> int:
        """Contacts that were answered with success since the last plan. Costs the sink nothing: memory is shared."""
        return int(self._shared[STORED])

    @property
    def connections(self) -> int:
        """Connections that are open on the sink's side."""
        return int(self._shared[CONNECTIONS])

    def follow(self, plan: Plan) -> None:
        """Answer so from now on, with an empty log."""
        self._control.send(plan)
        self._control.recv()

    def log(self) -> list[Entry]:
        """Return the responses since the last plan, in order."""
        self._control.send(Ask.LOG)
        return [Entry(*each) for each in self._control.recv()]

    def tally(self) -> Count:
        """The counts of a plan with a tally."""
        self._control.send(Ask.TALLY)
        return Count(*self._control.recv())

    def _tls(self) -> ssl.SSLContext:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(context)
        return context


def _serve(
    plain: socket.socket,
    encrypted: socket.socket,
    tls: ssl.SSLContext,
    control: Connection,
    parents: Connection,
    shared: Any,
) -> None:
    parents.close()  # else this process would keep it open, and never see that the parent has gone
    server = SinkServer(plain, encrypted, tls, shared)

    def obey() -> bool:
        try:
            asked = control.recv()
        except EOFError:
            return False
        match asked:
            case Ask.LOG:
                control.send(server.log())
            case Ask.TALLY:
                control.send(tuple(server.tally()))
            case Plan():
                server.adopt(asked)
                control.send(None)
        return True

    server.run(control.fileno(), obey)
