"""A limit on open files below the requests in flight is reported at the start, with a fix."""

from __future__ import annotations

import resource

import pytest

from consumer.commands.descriptors import RESERVE, descriptor_warnings, descriptors_needed


def test_each_request_in_flight_needs_a_descriptor_beside_those_of_all_else() -> None:
    assert descriptors_needed(2000) == 2000 + RESERVE


@pytest.mark.parametrize(
    ("allowed", "warned"),
    [
        pytest.param(1024, 1, id="the-usual-soft-limit"),
        pytest.param(1000 + RESERVE - 1, 1, id="one-too-few"),
        pytest.param(1000 + RESERVE, 0, id="just-enough"),
        pytest.param(resource.RLIM_INFINITY, 0, id="no-limit"),
    ],
)
def test_a_limit_that_is_too_low_for_a_thousand_requests_is_a_warning_with_a_hint(allowed: int, warned: int) -> None:
    found = list(descriptor_warnings(1000, allowed))
    assert len(found) == warned
    assert all(str(descriptors_needed(1000)) in warning.hint for warning in found)


def test_the_default_concurrency_fits_into_the_usual_soft_limit() -> None:
    assert not list(descriptor_warnings(16, allowed=1024))
