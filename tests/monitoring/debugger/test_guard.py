from __future__ import annotations

from base64 import b64encode

import pytest

from consumer.monitoring.debugger.guard import NO_TOKEN, WRONG_HOST, WRONG_METHOD, WRONG_ORIGIN, Guard, Refusal

TOKEN = "s3cret:with a colon, and é"


def refused_with(guard: Guard, method: str = "GET", host: str = "127.0.0.1:9464", **headers: str) -> Refusal | None:
    names = {f"HTTP_{name.upper()}": value.encode().decode("latin-1") for name, value in headers.items()}
    return guard.refusal({"REQUEST_METHOD": method, "HTTP_HOST": host, **names})


def basic(password: str, user: str = "anybody") -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def test_without_a_token_a_loopback_name_is_enough() -> None:
    assert refused_with(Guard((), None)) is None


@pytest.mark.parametrize("host", ["", "evil.example", "192.0.2.7:9464"])
def test_a_name_that_is_not_allowed_is_refused(host: str) -> None:
    assert refused_with(Guard(("worker.example",), None), host=host) is WRONG_HOST


@pytest.mark.parametrize("host", ["worker.example", "Worker.Example:9464"])
def test_an_allowed_name_is_taken_in_any_case(host: str) -> None:
    assert refused_with(Guard(("WORKER.example",), None), host=host) is None


def test_a_request_without_a_host_is_refused() -> None:
    assert Guard((), None).refusal({"REQUEST_METHOD": "GET"}) is WRONG_HOST


def test_another_sites_page_is_refused() -> None:
    assert refused_with(Guard((), None), origin="https://evil.example") is WRONG_ORIGIN
    assert refused_with(Guard((), None), origin="http://127.0.0.1:9464") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_there_is_only_get(method: str) -> None:
    assert refused_with(Guard((), None), method=method) is WRONG_METHOD


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN), basic(TOKEN, user="")])
def test_the_token_is_taken_as_bearer_and_as_a_password(authorization: str) -> None:
    assert refused_with(Guard((), TOKEN), authorization=authorization) is None


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        basic("wrong"),
        basic(""),
        "Basic ???",
        f"Digest {TOKEN}",
        TOKEN,
    ],
)
def test_without_the_token_nothing_is_shown_and_browsers_prompt_for_it(authorization: str) -> None:
    refused = refused_with(Guard((), TOKEN), authorization=authorization)
    assert refused is NO_TOKEN
    assert dict(refused.headers)["WWW-Authenticate"].startswith("Basic ")
    assert TOKEN not in repr(refused)


def test_a_wrong_name_is_refused_before_the_token_is_looked_at() -> None:
    assert refused_with(Guard((), TOKEN), host="evil.example", authorization=f"Bearer {TOKEN}") is WRONG_HOST
