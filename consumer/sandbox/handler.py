"""Handle one HTTP request from aiohttp to the log."""

from __future__ import annotations

from asyncio import CancelledError, Event, sleep
from typing import TYPE_CHECKING

from aiohttp import web

from consumer.sandbox import answers
from consumer.sandbox.app import App, Reply
from consumer.sandbox.call import Call
from consumer.sandbox.control import Control
from consumer.sandbox.faults import ConnectionFault, Rule
from consumer.sandbox.log import Entry, RequestEnding, RequestLog
from consumer.sandbox.page import Page, refusal
from consumer.sandbox.wire import ENDINGS, RESETTING, drip, on_the_wire, reset

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import Callable

    from consumer.sandbox.answers import SandboxResponse
    from consumer.sandbox.options import SandboxOptions

TOO_LARGE = Reply(answers.TOO_LARGE)
ORDINARY = Rule(connection=ConnectionFault.KEEP)


class Sent(web.StreamResponse):
    """An answer already sent. It tells aiohttp what to do with the connection.

    The handler writes the bytes itself: faults need that, and it costs less than a `web.Response`.
    """

    def __init__(self, connection: ConnectionFault) -> None:
        super().__init__()
        self._keep_open = connection is ConnectionFault.KEEP

    @property
    def keep_alive(self) -> bool:
        return self._keep_open

    async def prepare(self, request: web.BaseRequest) -> None:  # noqa: ARG002  (aiohttp's signature)
        return None

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002  (aiohttp's signature)
        return None


KEPT_OPEN = Sent(ConnectionFault.KEEP)
CLOSED = Sent(ConnectionFault.CLOSE)


class Handler:
    """Answer the requests of all connections, on one event loop.

    clock -- seconds since the epoch, never backwards
    changed -- called when a request has been processed, and again when it has ended
    """

    def __init__(self, options: SandboxOptions, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self.app = App(options, clock())
        self.log = RequestLog(options.max_requests, options.log_file)
        self._page = Page()
        self._control = Control(self.app, self.log)
        self._allowed_hosts = frozenset(name.lower() for name in options.allowed_hosts)
        self._clock = clock
        self._changed = changed

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.read()
        except (
            ConnectionError,
            web.RequestPayloadError,
        ):  # the client disconnected during its request, or sent it malformed
            return CLOSED
        except web.HTTPRequestEntityTooLarge:
            body = None
        if request.raw_path.startswith("/v3/"):
            return await self._clicksend(request, body)
        return await self._for_people(request, body)

    async def _clicksend(self, request: web.BaseRequest, body: bytes | None) -> web.StreamResponse:
        """Answer one of ClickSend's routes. body -- None if it is too large."""
        call = Call.of(request.method, request.raw_path, request.headers, body or b"")
        received_at = self._clock()
        number = self.log.next_number()
        attempt = self.log.next_attempt(call.contact_key)
        reply = TOO_LARGE if body is None else self.app.receive(call, received_at)
        self._changed()

        def ended(ending: RequestEnding) -> None:
            sent = ending in (RequestEnding.ANSWERED, RequestEnding.CUT)
            self.log.add(
                Entry(
                    number=number,
                    received_at=received_at,
                    answered_at=self._clock() if sent else None,
                    method=call.method,
                    path=call.path,
                    status=reply.answer.status if sent else None,
                    ending=ending,
                    stored=reply.stored,
                    fault=reply.fault.name if reply.fault is not None else None,
                    contact=call.payload,
                    contact_key=call.contact_key,
                    attempt=attempt,
                )
            )
            self._changed()

        return await self._send(request, reply, ended)

    async def _for_people(self, request: web.BaseRequest, body: bytes | None) -> web.StreamResponse:
        """Answer the page and the control routes, which are not logged."""
        call = Call.of(request.method, request.raw_path, request.headers, body or b"")
        answer = answers.TOO_LARGE if body is None else self._answer_people(call)
        return await self._send(request, Reply(answer), lambda _: None)

    def _answer_people(self, call: Call) -> SandboxResponse:
        refused = refusal(call, self._allowed_hosts)
        if refused is not None:
            return refused
        if call.path.startswith("/sandbox/"):
            return self._control.answer(call, self._clock())
        return self._page.answer(call.method, call.path)

    async def _send(
        self, request: web.BaseRequest, reply: Reply, ended: Callable[[RequestEnding], None]
    ) -> web.StreamResponse:
        """Send a response. ended -- called before the last bytes, so that a client with a response finds it logged."""
        rule = reply.fault.rule if reply.fault is not None else ORDINARY
        connection = rule.connection or ConnectionFault.KEEP
        if connection is ConnectionFault.KEEP and not request.keep_alive:
            connection = ConnectionFault.CLOSE
        transport = request.transport
        if transport is None or transport.is_closing():
            ended(RequestEnding.CLIENT_GONE)
            return CLOSED
        data = on_the_wire(reply.answer, connection, request.method, self._clock())
        if rule is not ORDINARY:
            try:
                data = await held_back(transport, data, rule)
            except CancelledError:  # aiohttp cancels the handler when the client disconnects
                ended(RequestEnding.CLIENT_GONE)
                raise
        ended(ENDINGS.get(connection, RequestEnding.ANSWERED))
        transport.write(data)
        if connection in RESETTING:
            reset(transport)
        return KEPT_OPEN if connection is ConnectionFault.KEEP else CLOSED


async def held_back(transport: Transport, data: bytes, rule: Rule) -> bytes:
    """Wait as the rule requires, and return the bytes that remain to be sent."""
    if rule.delay:
        await sleep(rule.delay)
    if rule.connection is ConnectionFault.HANG:
        await Event().wait()
    return data if rule.drip is None else await drip(transport, data, rule.drip)
