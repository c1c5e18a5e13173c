"""Which hosts are this machine, and which may a page be asked for by."""

from __future__ import annotations

import pytest

from consumer.loopback import is_loopback
from consumer.web.page import is_expected_host, is_own_origin


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.5", "::", "localhost.example", "127.0.0.1.example"])  # noqa: S104 -- nothing binds to it
def test_any_other(host: str) -> None:
    assert not is_loopback(host)


ALLOWED = ("worker.example",)


@pytest.mark.parametrize("host", ["127.0.0.1:9464", "localhost", "LOCALHOST:1", "[::1]:9464", "Worker.example:9464"])
def test_a_loopback_or_allowed_name_is_expected(host: str) -> None:
    assert is_expected_host(host, ALLOWED)


@pytest.mark.parametrize("host", ["", "evil.example", "192.0.2.7", "localhost.evil.example", "worker.example.x", "["])
def test_any_other_name_is_not(host: str) -> None:
    assert not is_expected_host(host, ALLOWED)


def test_a_page_of_another_address_is_not_our_own() -> None:
    assert is_own_origin(None, "127.0.0.1:9464")
    assert is_own_origin("http://127.0.0.1:9464", "127.0.0.1:9464")
    assert not is_own_origin("http://127.0.0.1:1", "127.0.0.1:9464")
    assert not is_own_origin("null", "127.0.0.1:9464")
