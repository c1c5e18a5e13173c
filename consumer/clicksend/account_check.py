"""Read the account and the contact list with the worker's credentials, without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson
from requests import Request
from urllib3 import Timeout

from consumer.clicksend.client import read_body
from consumer.clicksend.failure import FAILURES, failed
from consumer.clicksend.outcome import MALFORMED, Outcome, Result, classify
from consumer.clicksend.request_head import open_session
from consumer.clicksend.transport import Endpoint, Timeouts

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from consumer.clicksend.credentials import Credentials


@dataclass(frozen=True, slots=True)
class View:
    """The result of one request.

    outcome -- of the request
    data    -- the object `data` of the response's body; empty if there is none
    date    -- the server's clock by the `Date` header; None if there is none
    """

    outcome: Outcome
    data: Mapping[str, object] = field(default_factory=dict, repr=False)
    date: datetime | None = None

    @property
    def seen(self) -> bool:
        """Return whether ClickSend returned the object."""
        return self.outcome.result is Result.DELIVERED


class AccountCheck:
    """Request the account and the list, over a Session of its own. For one thread."""

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts, credentials: Credentials, adapter: BaseAdapter) -> None:
        self._session = open_session(endpoint, adapter)
        self._adapter = adapter
        self._proxies = dict(self._session.proxies)
        self._timeout: Any = Timeout(connect=timeouts.connect, read=timeouts.read, total=timeouts.total)
        self._session.headers["Authorization"] = credentials.authorization
        self._endpoint = endpoint

    def account(self, now: datetime) -> View:
        """Send `GET /account` (developers.clicksend.com). `now` has a time zone."""
        return self._look("account", now)

    def contact_list(self, now: datetime) -> View:
        """Send `GET /lists/{id}` (developers.clicksend.com). `now` has a time zone."""
        return self._look(f"lists/{self._endpoint.list_id}", now)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _look(self, path: str, now: datetime) -> View:
        request = self._session.prepare_request(Request("GET", f"{self._endpoint.base_url}/{path}"))
        try:
            # With the adapter itself: Session.send would follow a redirect and leak the credentials.
            with self._adapter.send(request, stream=True, timeout=self._timeout, proxies=self._proxies) as response:
                body = read_body(response)
        except FAILURES as error:
            return View(failed(error))
        outcome = MALFORMED if body is None else classify(response.status_code, response.headers, body, now)
        return View(outcome, _data(body or b""), _date(response.headers.get("Date", "")))


def _data(body: bytes) -> Mapping[str, object]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    data = answer.get("data") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else {}


def _date(text: str) -> datetime | None:
    """Parse an HTTP date (RFC 9110, section 5.6.7)."""
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
