from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.sandbox.faults import Rule, Script
from consumer.sandbox.limiter import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Client

    Serve = Callable[..., Client]


def state(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("GET", "/sandbox/state").json()
    return found


def test_the_state_has_settings_and_counters(serve: Serve, jane: dict[str, str]) -> None:
    rules = (Rule(name="spell", nth=(2,), status=503), Rule(after=3600.0, status=500))
    client = serve(faults=Script(rules), rate_limit=RateLimit(50), list_ids=(428, 429), api_key="sandbox")
    client.post(jane)
    client.post(jane)
    found = state(client)
    assert found["statuses"] == {"200": 1, "503": 1}
    assert (found["contacts"], found["requests"], found["unanswered"], found["forgotten"]) == (1, 2, 0, 0)
    assert [(row["list_id"], row["_contacts_count"]) for row in found["lists"]] == [(428, 1), (429, 0)]
    assert (found["username"], found["duplicates"], found["unknown_list"]) == ("sandbox", "upsert", "forbidden")
    assert found["rate_limit"] == {"requests": 50, "window": 1.0, "retry_after": "seconds"}
    assert found["faults"]["rules"] == [
        {"name": "spell", "conditions": "request 2", "consequences": "answer 503", "fired": 1, "in_time": True},
        {"name": "rule 2", "conditions": "from 3600 s", "consequences": "answer 500", "fired": 0, "in_time": False},
    ]


def test_the_state_never_contains_the_key(serve: Serve) -> None:
    client = serve(api_key="secret-key")
    assert "secret-key" not in client.ask("GET", "/sandbox/state").text
    assert "secret-key" not in repr(client.sandbox.options)


def test_the_contacts_that_changed_since_one_looked(serve: Serve) -> None:
    client = serve()
    for name in "abc":
        client.post({"email": f"{name}@example.com"})
    seen = state(client)["revision"]
    client.post({"email": "a@example.com", "first_name": "A"})
    changed = client.ask("GET", f"/sandbox/contacts?after={seen}").json()["contacts"]
    assert [(contact["fields"]["email"], contact["received"]) for contact in changed] == [("a@example.com", 2)]
    newest = client.ask("GET", "/sandbox/contacts?limit=2").json()["contacts"]
    assert [contact["fields"]["email"][0] for contact in newest] == ["a", "c"]


def test_the_log_the_last_request_first(serve: Serve) -> None:
    client = serve()
    for name in "abc":
        client.post({"email": f"{name}@example.com"})
    requests = client.ask("GET", "/sandbox/log?limit=2").json()["requests"]
    assert [(request["number"], request["contact_key"]) for request in requests] == [
        (3, "c@example.com"),
        (2, "b@example.com"),
    ]


def test_a_fault_script_is_put_in_force_while_it_runs(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    assert client.control("faults", {"rules": [{"status": 503, "times": 1}]}).json() == {"rules": 1}
    assert [client.post(jane).status_code for _ in range(2)] == [503, 200]
    client.control("faults", {})
    assert state(client)["faults"]["rules"] == []


def test_a_bad_script_is_refused_with_every_problem_and_the_old_one_stays(serve: Serve, jane: dict[str, str]) -> None:
    client = serve(faults=Script((Rule(status=503),)))
    answer = client.control("faults", {"rules": [{"stauts": 500}, {"status": 1}]})
    assert answer.status_code == 400
    assert [problem["name"] for problem in answer.json()["problems"]] == [
        "fault script, rule 1, stauts",
        "fault script, rule 2, status",
    ]
    assert all(
        problem.keys() == {"name", "what", "hint"} and all(problem.values()) for problem in answer.json()["problems"]
    )
    assert client.post(jane).status_code == 503


def test_the_accepted_credentials_are_changed_while_it_runs(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    assert client.control("credentials", {"username": "sandbox", "api_key": "another"}).status_code == 200
    assert client.post(jane).status_code == 401
    client.session.auth = ("sandbox", "another")
    assert client.post(jane).status_code == 200


@pytest.mark.parametrize("body", [{}, [], {"username": "a"}, {"username": "a", "api_key": 5}])
def test_half_of_the_credentials_is_refused(serve: Serve, body: object) -> None:
    client = serve()
    assert client.control("credentials", body).status_code == 400
    assert client.ask("GET", "/v3/account").status_code == 200


def test_a_reset_forgets_contacts_and_requests(serve: Serve, jane: dict[str, str]) -> None:
    client = serve()
    client.post(jane)
    before = state(client)["reset_at"]
    assert client.control("reset", {}).status_code == 200
    found = state(client)
    assert (found["contacts"], found["requests"], found["revision"], found["statuses"]) == (0, 0, 0, {})
    assert found["reset_at"] > before


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sandbox/nothing"), ("GET", "/sandbox/reset"), ("POST", "/sandbox/log")]
)
def test_there_are_no_other_routes(serve: Serve, method: str, path: str) -> None:
    assert serve().ask(method, path, json={}).status_code == 404


@pytest.mark.parametrize("path", ["/", "/page.js", "/sandbox/state", "/sandbox/contacts", "/sandbox/log"])
def test_a_foreign_host_name_is_refused(serve: Serve, path: str) -> None:
    answer = serve().ask("GET", path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["response_code"]) == (403, "FORBIDDEN")


def test_clicksends_own_routes_are_open_to_any_host_name(serve: Serve, jane: dict[str, str]) -> None:
    assert serve().post(jane, headers={"Host": "rest.clicksend.com"}).status_code == 200


def test_a_name_can_be_allowed(serve: Serve) -> None:
    client = serve(allowed_hosts=("Sandbox.internal",))
    assert client.ask("GET", "/", headers={"Host": "sandbox.internal:8480"}).status_code == 200
