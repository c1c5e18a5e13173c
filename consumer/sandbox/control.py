"""Routes under /sandbox/ for the page and for test programs: read requests and contacts, change faults."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import orjson

from consumer.errors import ConfigurationError
from consumer.sandbox import answers
from consumer.sandbox.answers import SandboxResponse
from consumer.sandbox.app import natural
from consumer.sandbox.describe import conditions, consequences
from consumer.sandbox.script import parse_json

if TYPE_CHECKING:
    from consumer.sandbox.app import App
    from consumer.sandbox.call import Call
    from consumer.sandbox.log import RequestLog

DEFAULT_COUNT = 1000
HEADERS = (*answers.JSON_HEADERS, ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


class Control:
    """The control interface for users and test programs."""

    def __init__(self, app: App, log: RequestLog) -> None:
        self._app = app
        self._log = log

    def answer(self, call: Call, now: float) -> SandboxResponse:
        """Answer one request to /sandbox/ that passed the guard."""
        match call.method, call.path:
            case "GET", "/sandbox/state":
                return json_answer(state(self._app, self._log, now))
            case "GET", "/sandbox/contacts":
                return json_answer({"contacts": self._app.store.recent(asked(call, "after", 0), count(call))})
            case "GET", "/sandbox/log":
                return json_answer({"requests": self._log.recent(count(call))})
            case "POST", "/sandbox/faults":
                return self._set_faults(call, now)
            case "POST", "/sandbox/credentials":
                return self._set_credentials(call)
            case "POST", "/sandbox/reset":
                self._app.reset(now)
                self._log.clear()
                return json_answer({"done": True})
            case _:
                return answers.NO_SUCH_ROUTE

    def _set_faults(self, call: Call, now: float) -> SandboxResponse:
        try:
            script = parse_json(call.body)
        except ConfigurationError as error:
            problems = [{"name": each.name, "what": each.what, "hint": each.hint} for each in error.problems]
            return json_answer({"problems": problems}, status=400)
        self._app.set_faults(script, now)
        return json_answer({"rules": len(script.rules)})

    def _set_credentials(self, call: Call) -> SandboxResponse:
        match call.payload:
            case {"username": str(username), "api_key": str(api_key)}:
                self._app.set_credentials(username, api_key)
                return json_answer({"done": True})
            case _:
                return answers.failure(400, 'Send {"username": "...", "api_key": "..."}.')


def json_answer(data: object, status: int = 200) -> SandboxResponse:
    return SandboxResponse(status, orjson.dumps(data), HEADERS)


def asked(call: Call, name: str, default: int) -> int:
    """Return a number from the query."""
    number = natural(parse_qs(call.query).get(name, [""])[0])
    return default if number is None else number


def count(call: Call) -> int:
    return asked(call, "limit", DEFAULT_COUNT)


def state(app: App, log: RequestLog, now: float) -> dict[str, object]:
    """Return counters and settings, never the API key."""
    limit = app.limiter.limit if app.limiter is not None else None
    return {
        "now": now,
        "reset_at": app.reset_at,
        "username": app.username,
        "lists": [answers.list_data(app.store, list_id) for list_id in app.store.list_ids],
        "contacts": len(app.store),
        "forgotten": app.store.forgotten,
        "revision": app.store.revision,
        "requests": log.statuses.total(),
        "unanswered": log.last - log.ended,
        "statuses": log.statuses,
        "duplicates": app.store.duplicates,
        "unknown_list": app.options.unknown_list,
        "rate_limit": limit,
        "faults": {"elapsed": now - app.faults.started, "rules": rules(app, now)},
    }


def rules(app: App, now: float) -> list[dict[str, object]]:
    return [
        {
            "name": armed.name,
            "conditions": conditions(armed.rule),
            "consequences": consequences(armed.rule),
            "fired": armed.fired,
            "in_time": armed.in_time(now - app.faults.started),
        }
        for armed in app.faults.rules
    ]
