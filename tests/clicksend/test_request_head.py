from __future__ import annotations

from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from consumer.clicksend.request_head import Origin, RequestHead, open_session
from consumer.clicksend.transport import Endpoint


def head(url: str, method: str = "POST", **headers: str) -> RequestHead:
    return RequestHead.of(requests.Request(method, url, headers=headers).prepare())


def test_the_head_is_built_from_the_request_as_prepared() -> None:
    built = head("https://rest.clicksend.com/v3/a b?c=d", Accept="application/json", Authorization="Basic x")
    assert built.origin == Origin("https", "rest.clicksend.com", 443)
    assert built.message(b"{}") == (
        b"POST /v3/a%20b?c=d HTTP/1.1\r\n"
        b"Host: rest.clicksend.com\r\n"
        b"Accept: application/json\r\n"
        b"Authorization: Basic x\r\n"
        b"Content-Length: 2\r\n"
        b"\r\n"
        b"{}"
    )


def test_a_request_without_a_body_has_no_length() -> None:
    assert head("http://127.0.0.1/", "GET").message(None) == b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_an_empty_body_has_one() -> None:
    assert head("http://127.0.0.1/").message(b"").endswith(b"\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("body", ["{}", iter([b"{}"]), [b"{}"]], ids=["text", "iterator", "list"])
def test_a_body_is_bytes(body: Any) -> None:
    with pytest.raises(TypeError):
        head("http://127.0.0.1/").message(body)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("https://rest.clicksend.com/v3", "rest.clicksend.com", id="name"),
        pytest.param("https://rest.clicksend.com:443/v3", "rest.clicksend.com", id="usual port of https"),
        pytest.param("http://localhost:80", "localhost", id="usual port of http"),
        pytest.param("https://rest.clicksend.com:80", "rest.clicksend.com:80", id="another port"),
        pytest.param("http://127.0.0.1:8080/", "127.0.0.1:8080", id="address"),
        pytest.param("https://[::1]/", "[::1]", id="IPv6"),
        pytest.param("https://[::1]:8443/", "[::1]:8443", id="IPv6 and port"),
        pytest.param("https://jane:key@rest.clicksend.com/", "rest.clicksend.com", id="without user and password"),
        pytest.param("https://b\xfccher.example/", "xn--bcher-kva.example", id="international name"),
    ],
)
def test_the_host_is_named_as_http_has_it(url: str, host: str) -> None:
    assert head(url).origin.name == host
    assert f"\r\nHost: {host}\r\n".encode() in head(url, Host="other.example").message(b"")


def test_credentials_are_not_shown() -> None:
    assert "c2VjcmV0" not in repr(head("https://127.0.0.1", Authorization="Basic c2VjcmV0"))


def test_a_session_is_carried_by_the_adapter_alone() -> None:
    adapter = BaseAdapter()
    session = open_session(Endpoint("https://rest.clicksend.com/v3", 42), adapter)
    assert set(session.adapters.values()) == {adapter}
