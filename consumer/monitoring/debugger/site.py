"""The debugger's routes: the page at `/`, its data as JSON under `/debugger/`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
from msgspec.structs import asdict

from consumer.monitoring.debugger.entry import Entry
from consumer.monitoring.debugger.guard import Guard
from consumer.monitoring.debugger.query import BadQueryError, Query
from consumer.monitoring.debugger.recorder import Recorder
from consumer.monitoring.debugger.ring import Ring
from consumer.monitoring.debugger.state import StateView
from consumer.monitoring.debugger.words import WORDS
from consumer.web.page import HEADERS, read_assets

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class Site:
    """A `consumer.monitoring.server.Site`, for the monitor's threads."""

    def __init__(self, ring: Ring, recorder: Recorder, state: StateView, guard: Guard) -> None:
        self._ring = ring
        self._recorder = recorder
        self._state = state
        self._guard = guard
        self._assets = read_assets(__package__)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refused = self._guard.refusal(environ)
        if refused is not None:
            return _send(start_response, refused.status, TEXT, f"{refused.text}\n".encode(), refused.headers)
        path = environ.get("PATH_INFO", "/")
        asset = self._assets.get(path)
        if asset is not None:
            return _send(start_response, "200 OK", asset.content_type, asset.body)
        try:
            data = self._data(path, environ.get("QUERY_STRING", ""))
        except BadQueryError as problem:
            return _send(start_response, "400 Bad Request", TEXT, f"{problem}\n".encode())
        if data is None:
            text = b"available: /, /debugger/records, /debugger/state, /metrics, /livez and /readyz\n"
            return _send(start_response, "404 Not Found", TEXT, text)
        return _send(start_response, "200 OK", JSON, orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE))

    def tick(self) -> None:
        """Update the rates if due, and store the records observed."""
        self._state.tick()
        self._recorder.tick()

    def _data(self, path: str, query: str) -> object | None:
        if path == "/debugger/records":
            return self._records(Query.parse(query))
        if path == "/debugger/state":
            self._recorder.watched()
            return self._state.as_json()
        return WORDS if path == "/debugger/words" else None

    def _records(self, query: Query) -> dict[str, Any]:
        self._recorder.watched()
        consumed = self._state.consumed()
        entries, revision = self._ring.since(query.after)
        wanted = [entry for entry in entries if query.matches(entry)][: query.limit]
        return {
            "started_at": self._state.started_at,  # changes with a restart of the worker, as do the revisions
            "revision": revision,
            "consumed": consumed,
            "passed_over": max(0, consumed - len(self._ring)),
            "records": [as_json(entry) for entry in wanted],
        }


def as_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as the page's JSON."""
    return {
        "partition": str(entry.partition),
        "offset": entry.offset,
        "disposition": entry.standing,
        "reason": entry.reason,
        "detail": entry.detail,
        "event": entry.event,
        "who": entry.who,
        "written_at": entry.written_at,
        "consumed_at": entry.consumed_at,
        "ended_at": entry.ended_at,
        "bytes": entry.size,
        "contact": entry.contact,
        "origins": entry.origins,
        "notes": entry.notes,
        "trouble": entry.trouble,
        "attempts": [asdict(each) for each in entry.attempts],
    }


def _send(
    start_response: StartResponse, status: str, kind: str, body: bytes, more: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *HEADERS, *more])
    return [body]
