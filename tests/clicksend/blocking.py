"""The delivery loop's transport behind the client's interface, one request at a time, for the shared suite."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

from consumer.clicksend.contact_sender import ContactSender
from consumer.clicksend.http_transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from consumer.clicksend.credentials import Credentials
    from consumer.clicksend.outcome import Outcome
    from consumer.clicksend.request_head import RequestHead
    from consumer.clicksend.response_reader import HttpResponse
    from consumer.clicksend.transport import Endpoint, Timeouts, Trust

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class BlockingTransport:
    """A transport on a loop of its own, which runs while there is something to wait for."""

    def __init__(self, new_loop: LoopFactory, endpoint: Endpoint, trust: Trust, timeouts: Timeouts) -> None:
        self.loop = new_loop()
        self.errors: list[dict[str, object]] = []  # what the loop's exception handler was told
        self.loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self.transport = HttpTransport(self.loop, endpoint, trust, timeouts)

    def send(self, head: RequestHead, body: bytes | None) -> HttpResponse | Exception:
        """Send one request and wait for its result."""
        ended: asyncio.Future[HttpResponse | Exception] = self.loop.create_future()
        self.transport.send(head, body, ended.set_result)
        return self.loop.run_until_complete(ended)

    def send_all(self, head: RequestHead, count: int) -> list[HttpResponse | Exception]:
        """Send so many at once, and wait for all results, in the order in which they come."""
        results: list[HttpResponse | Exception] = []
        ended: asyncio.Future[None] = self.loop.create_future()

        def keep(result: HttpResponse | Exception) -> None:
            results.append(result)
            if len(results) == count:
                ended.set_result(None)

        for _ in range(count):
            self.transport.send(head, b"{}", keep)
        self.loop.run_until_complete(ended)
        return results

    def run_for(self, seconds: float) -> None:
        """Let the loop turn."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def close(self) -> None:
        """Close the transport and its loop."""
        if self.loop.is_closed():
            return
        with closing(self.loop):
            self.transport.close()
            self.loop.run_until_complete(asyncio.sleep(0.01))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())


class BlockingSender:
    """Posts contacts over such a transport."""

    def __init__(
        self,
        new_loop: LoopFactory,
        endpoint: Endpoint,
        timeouts: Timeouts,
        credentials: Callable[[], Credentials],
        trust: Trust,
    ) -> None:
        self.carrier = BlockingTransport(new_loop, endpoint, trust, timeouts)
        self._now: datetime | None = None
        self._sender = ContactSender(endpoint, credentials, self.carrier.transport, self._clock)

    def post(self, payload: bytes, now: datetime) -> Outcome:
        """Enrol one contact."""
        self._now = now
        ended: asyncio.Future[Outcome] = self.carrier.loop.create_future()
        self._sender.send(payload, ended.set_result)
        return self.carrier.loop.run_until_complete(ended)

    def close(self) -> None:
        """Close the connections. Nothing was left to the loop's handler of exceptions."""
        self.carrier.close()
        assert self.carrier.errors == []

    def _clock(self) -> datetime:
        assert self._now
        return self._now
