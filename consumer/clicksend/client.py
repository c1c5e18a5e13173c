"""One contact, one request, one outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Request, Response
from urllib3 import Timeout

from consumer.clicksend.failure import FAILURES, failed
from consumer.clicksend.outcome import MALFORMED, Outcome, classify
from consumer.clicksend.probe import ProbeResult
from consumer.clicksend.request_head import open_session
from consumer.clicksend.transport import BODY_LIMIT, Endpoint, Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from requests.adapters import BaseAdapter

    from consumer.clicksend.credentials import Credentials

_CHUNK = 16 * 1024


class Client:
    """A client for one contact list, over one Session, for one thread.

    credentials -- called before every request, so that corrected ones are used at once; quick, and never raises
    adapter     -- sends the requests; its contract is `tests/clicksend/test_adapter_contract.py`

    Every network or ClickSend failure is an outcome, never an exception.
    """

    def __init__(
        self, endpoint: Endpoint, timeouts: Timeouts, credentials: Callable[[], Credentials], adapter: BaseAdapter
    ) -> None:
        self._session = open_session(endpoint, adapter)
        self._adapter = adapter
        self._proxies = dict(self._session.proxies)
        self._timeout: Any = Timeout(connect=timeouts.connect, read=timeouts.read, total=timeouts.total)
        self._credentials = credentials
        self._known: Credentials | None = None
        # Prepared once: requests takes longer to prepare a request than to send it. Only body and credentials change.
        url = f"{endpoint.base_url}/lists/{endpoint.list_id}"
        json = {"Content-Type": "application/json"}
        self._post = self._session.prepare_request(Request("POST", f"{url}/contacts", headers=json))
        self._get = self._session.prepare_request(Request("GET", url))

    def post(self, payload: bytes, now: datetime) -> Outcome:
        """Enrol one contact with at most one request: retries are up to the scheduler.

        payload -- the contact, as a JSON object
        now     -- with a time zone
        """
        self._identify()
        self._post.body = payload
        self._post.headers["Content-Length"] = str(len(payload))
        return self._exchange(self._post, now)

    def probe(self, now: datetime) -> ProbeResult:
        """Request the list with the same credentials, without changing it."""
        self._identify()
        return ProbeResult.of(self._exchange(self._get, now))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _identify(self) -> None:
        """Use the current credentials. New ones need new requests: adapters cache what they built from the old."""
        credentials = self._credentials()
        if credentials != self._known:
            self._known = credentials
            self._post, self._get = self._post.copy(), self._get.copy()
            self._post.headers["Authorization"] = self._get.headers["Authorization"] = credentials.authorization

    def _exchange(self, request: PreparedRequest, now: datetime) -> Outcome:
        # Through the adapter itself: Session.send would add cookies, redirects and hooks.
        try:
            with self._adapter.send(request, stream=True, timeout=self._timeout, proxies=self._proxies) as response:
                body = read_body(response)
        except FAILURES as error:
            return failed(error)
        return MALFORMED if body is None else classify(response.status_code, response.headers, body, now)


def read_body(response: Response) -> bytes | None:
    """Return the body; None if it is too long for a response of ClickSend."""
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return body
