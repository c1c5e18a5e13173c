"""One contact, one request, one outcome: on the delivery loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from requests import Request

from consumer.clicksend.failure import failed
from consumer.clicksend.outcome import Outcome, classify
from consumer.clicksend.request_head import RequestHead, open_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from consumer.clicksend.credentials import Credentials
    from consumer.clicksend.http_transport import HttpTransport
    from consumer.clicksend.response_reader import HttpResponse
    from consumer.clicksend.transport import Endpoint


class ContactSender:
    """POST contacts to the list. For the loop's thread only.

    credentials -- called before every request, so that corrected ones are used at once; quick, and never raises
    wall_clock  -- returns the time, with a time zone

    Every network or ClickSend failure is an outcome, never an exception.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Callable[[], Credentials],
        transport: HttpTransport,
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._wall_clock = wall_clock
        url = f"{endpoint.base_url}/lists/{endpoint.list_id}/contacts"
        request = Request("POST", url, headers={"Content-Type": "application/json"})
        self._post = open_session(endpoint).prepare_request(request)
        self._known: Credentials | None = None
        self._head = RequestHead.of(self._post)  # for the credentials that are known

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        """Enrol one contact with at most one request: retries are up to the scheduler.

        payload    -- the contact, as a JSON object
        on_outcome -- called once, never within this call
        """
        credentials = self._credentials()
        if credentials is not self._known:
            self._known = credentials
            self._post.headers["Authorization"] = credentials.authorization
            self._head = RequestHead.of(self._post)
        self._transport.send(self._head, payload, partial(self._done, on_outcome))

    @property
    def in_flight(self) -> int:
        """Return the number of contacts whose outcome is awaited."""
        return self._transport.in_flight

    def close(self) -> None:
        """Close every connection; requests in flight end as transient."""
        self._transport.close()

    def _done(self, on_outcome: Callable[[Outcome], None], result: HttpResponse | Exception) -> None:
        if isinstance(result, Exception):
            on_outcome(failed(result))
        else:
            on_outcome(classify(result.status, result.headers, result.body, self._wall_clock()))
