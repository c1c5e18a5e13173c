from __future__ import annotations

import pytest

from tests.benchmarks.tally import Count, Tally


def request(number: int) -> bytes:
    return b'POST / HTTP/1.1\r\n\r\n{"email":"u%d@example.com","custom_1":"marketing_opt_in"}' % number


@pytest.mark.parametrize(
    ("delivered", "count"),
    [
        pytest.param([0, 1, 2], Count(missing=0, twice=0), id="each once"),
        pytest.param([0, 2], Count(missing=1, twice=0), id="one is missing"),
        pytest.param([0, 1, 1, 2, 2, 2], Count(missing=0, twice=3), id="some more than once"),
        pytest.param([], Count(missing=3, twice=0), id="none"),
    ],
)
def test_what_is_missing_and_what_came_twice_is_counted(delivered: list[int], count: Count) -> None:
    tally = Tally(3)
    for number in delivered:
        tally.add(request(number))
    assert tally.count() == count


@pytest.mark.parametrize("data", [request(3), b'{"phone_number":"+442000000000"}'], ids=["beyond", "no email"])
def test_an_unexpected_contact_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="unexpected"):
        Tally(3).add(data)
