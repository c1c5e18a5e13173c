from __future__ import annotations

import pytest

from consumer.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.5", "::", "localhost.example", "127.0.0.1.example"])  # noqa: S104 -- nothing binds to it
def test_any_other(host: str) -> None:
    assert not is_loopback(host)
