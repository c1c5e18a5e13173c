"""ClickSend as a worker sees it: processes requests and responds or not, by the scripted state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from consumer.clicksend.outcome import Cause
from tests.simulation.hub import Hub

if TYPE_CHECKING:
    from tests.simulation.member import Member
    from tests.simulation.watch import Watch


class Reply(NamedTuple):
    """An answer as it goes over the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


SUCCESS = Reply(200, b'{"http_code":200,"response_code":"SUCCESS"}')
EXISTS = Reply(400, b'{"http_code":400,"response_code":"ALREADY_EXISTS"}')
REJECTED = Reply(400, b'{"http_code":400,"response_code":"BAD_REQUEST"}')
REFUSED = Reply(401, b'{"http_code":401,"response_code":"UNAUTHORIZED"}')
FORBIDDEN = Reply(403, b'{"http_code":403,"response_code":"FORBIDDEN"}')
NO_LIST = Reply(404, b'{"http_code":404,"response_code":"NOT_FOUND"}')
HTML = Reply(200, b"<html>Please sign in</html>")
BROKEN = Reply(500)
UNAVAILABLE = Reply(503)
THROTTLED = Reply(429)


class Weather(Enum):
    """The state of ClickSend for a period."""

    FINE = "fine"
    DOWN = "503 for everybody, with or without Retry-After"
    KEY_REFUSED = "401 for everybody"
    NO_LIST = "404 for everybody, the probe too"
    FORBIDDEN = "403 for everybody, the probe too"
    HANGING = "no answer until the client gives up"
    UNSTABLE = "a part of the requests is reset, before or after they were processed, or answered 500"
    THROTTLING = "429 above a few requests a second"
    NAMELESS = "no look-up of the name ever ends: requests fail when the client gives up, nothing was sent"
    SLOW_HANDSHAKES = "some connections take most of the client's time to open, the others go on"
    PORTAL = "somebody else answers for it: 200 with HTML, and no contact is taken"
    RESETTING = "every now and then all connections are reset at once"


class Temper(Enum):
    """ClickSend's treatment of one contact during the faults."""

    FINE = "fine"
    REJECTED = "always 400"
    FAILING = "always 500"
    SUSPICIOUS = "always 403, and the probe is fine"


@dataclass(frozen=True, slots=True)
class Manners:
    """ClickSend's behaviour in this world; times in seconds.

    latency     -- upper bound of one way
    retry_after -- upper bound of what it asks for
    rate        -- requests a second while it throttles
    """

    latency: float
    retry_after: int
    rate: int


class Sink:
    """Requests come from clients; what was processed is reported to the watch."""

    def __init__(self, hub: Hub, manners: Manners, tempers: Mapping[str, Temper], watch: Watch) -> None:
        self.weather = Weather.FINE
        self._hub = hub
        self._manners = manners
        self._tempers = dict(tempers)  # by the contact's name, which is its user id
        self._watch = watch
        self._taken: list[float] = []

    def calm_down(self) -> None:
        """From now on everything is well with everybody."""
        self.weather = Weather.FINE
        self._tempers = {name: each for name, each in self._tempers.items() if each is Temper.REJECTED}

    def travel(self) -> float:
        """One way, in seconds."""
        return self._hub.random.random() * self._manners.latency

    def process(self, member: Member, number: int, contact: str) -> Reply | Cause:
        """A request has arrived: the answer, or how it goes without one. Reported where the contact was taken."""
        reply = self._weathered()
        if reply is None:
            temper = self._tempers.get(contact, Temper.FINE)
            reply = {Temper.REJECTED: REJECTED, Temper.FAILING: BROKEN, Temper.SUSPICIOUS: FORBIDDEN}.get(temper)
        if reply is not None and reply is not Cause.RESET:
            return reply
        random = self._hub.random
        if reply is Cause.RESET and random.random() < 0.5:
            return reply
        known = self._watch.processed(member, number)
        if reply is Cause.RESET:
            return random.choice((Cause.RESET, Cause.TIMEOUT, UNAVAILABLE))
        return EXISTS if known and random.random() < 0.3 else SUCCESS

    def look(self) -> Reply | Cause:
        """A probe has arrived."""
        match self.weather:
            case Weather.DOWN:
                return UNAVAILABLE
            case Weather.KEY_REFUSED:
                return REFUSED
            case Weather.NO_LIST:
                return NO_LIST
            case Weather.FORBIDDEN:
                return FORBIDDEN
            case Weather.HANGING | Weather.NAMELESS:
                return Cause.TIMEOUT
            case Weather.PORTAL:
                return HTML
            case Weather.UNSTABLE if self._hub.random.random() < 0.2:
                return BROKEN
        return SUCCESS

    def _weathered(self) -> Reply | Cause | None:
        """Return the fault of any request in this state; a reset may precede or follow the processing."""
        random = self._hub.random
        match self.weather:
            case Weather.DOWN:
                return self._asking(UNAVAILABLE)
            case Weather.KEY_REFUSED:
                return REFUSED
            case Weather.NO_LIST:
                return NO_LIST
            case Weather.FORBIDDEN:
                return FORBIDDEN
            case Weather.HANGING:
                return Cause.TIMEOUT
            case Weather.NAMELESS:
                return Cause.DNS
            case Weather.PORTAL:
                return HTML
            case Weather.UNSTABLE if random.random() < 0.4:
                return Cause.RESET if random.random() < 0.7 else BROKEN
            case Weather.THROTTLING:
                now = self._hub.now
                self._taken = [at for at in self._taken if at > now - 1.0]
                if len(self._taken) >= self._manners.rate:
                    return self._asking(THROTTLED)
                self._taken.append(now)
        return None

    def _asking(self, reply: Reply) -> Reply:
        random = self._hub.random
        if self._manners.retry_after and random.random() < 0.5:
            return reply._replace(headers={"Retry-After": str(random.randint(1, self._manners.retry_after))})
        return reply
