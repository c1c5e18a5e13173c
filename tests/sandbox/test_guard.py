from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.sandbox.page import refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import MakeCall


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8480", "127.0.0.1", "localhost:8480", "LOCALHOST", "[::1]:8480", "127.1.2.3:1", "sandbox:8480"]
)
def test_a_loopback_or_allowed_name_may_look(make_call: MakeCall, host: str) -> None:
    assert refusal(make_call("GET", "/", host=host), allowed_hosts=("sandbox",)) is None


@pytest.mark.parametrize(
    "host", ["", "evil.example:8480", "192.0.2.7", "localhost.evil.example", "127.0.0.1.evil.example", "[", "[x]:1"]
)
def test_another_name_may_not(make_call: MakeCall, host: str) -> None:
    refused = refusal(make_call("GET", "/", host=host), allowed_hosts=("sandbox",))
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "127.0.0.1:8480"])
def test_another_sites_page_may_change_nothing(make_call: MakeCall, origin: str) -> None:
    refused = refusal(make_call("POST", "/sandbox/reset", {}, host="127.0.0.1:8480", origin=origin), ())
    assert refused is not None
    assert refused.status == 403


def test_its_own_page_may(make_call: MakeCall) -> None:
    call = make_call("POST", "/sandbox/reset", {}, host="127.0.0.1:8480", origin="http://127.0.0.1:8480")
    assert refusal(call, ()) is None


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_cannot_pass_for_json(make_call: MakeCall, content_type: str) -> None:
    refused = refusal(make_call("POST", "/sandbox/reset", {}, host="127.0.0.1", content_type=content_type), ())
    assert refused is not None
    assert refused.status == 415
