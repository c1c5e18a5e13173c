"""Detection and lifetime of duplicates; no personal data is kept."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.duplicates import Duplicates

EMAIL, PHONE, OTHER = "jane.doe@example.com", "+14155550132", "joe.doe@example.com"
OLD, NEW = b'{"custom_1":"marketing_opt_in"}', b'{"custom_1":"marketing_opt_out"}'


@pytest.fixture
def duplicates() -> Duplicates:
    return Duplicates(limit=4)


def test_what_was_last_delivered_is_known(duplicates: Duplicates) -> None:
    assert not duplicates.known([EMAIL], OLD)
    duplicates.remember([EMAIL], OLD)
    assert duplicates.known([EMAIL], OLD)
    assert not duplicates.known([EMAIL], NEW)
    assert not duplicates.known([OTHER], OLD)


def test_what_was_delivered_before_the_last_is_not(duplicates: Duplicates) -> None:
    """In, out, in again: the third has to go out."""
    for payload in (OLD, NEW):
        duplicates.remember([EMAIL], payload)
    assert not duplicates.known([EMAIL], OLD)
    assert duplicates.known([EMAIL], NEW)


@pytest.mark.parametrize("changed", [EMAIL, PHONE])
def test_a_contact_is_known_only_if_it_is_the_last_of_all_its_identities(duplicates: Duplicates, changed: str) -> None:
    duplicates.remember([EMAIL, PHONE], OLD)
    assert duplicates.known([EMAIL, PHONE], OLD)
    duplicates.remember([changed], NEW)
    assert not duplicates.known([EMAIL, PHONE], OLD)


@pytest.mark.parametrize("sent", [EMAIL, PHONE])
def test_while_and_after_a_request_nothing_is_known_until_it_was_delivered(duplicates: Duplicates, sent: str) -> None:
    duplicates.remember([EMAIL, PHONE], OLD)
    duplicates.forget([sent])
    assert not duplicates.known([EMAIL, PHONE], OLD)
    duplicates.remember([sent], OLD)
    assert duplicates.known([EMAIL, PHONE], OLD)


def test_a_contact_without_identities_is_never_known(duplicates: Duplicates) -> None:
    duplicates.remember([EMAIL], OLD)
    assert not duplicates.known([], OLD)


def test_everything_can_be_forgotten(duplicates: Duplicates) -> None:
    duplicates.remember([EMAIL, PHONE], OLD)
    duplicates.forget_all()
    assert len(duplicates) == 0
    assert not duplicates.known([EMAIL, PHONE], OLD)


def test_the_limit_counts_identities_and_those_not_asked_about_for_the_longest_go_first(duplicates: Duplicates) -> None:
    duplicates.remember([EMAIL, PHONE], OLD)
    duplicates.remember(["a"], OLD)
    duplicates.remember(["b"], OLD)
    assert duplicates.known([EMAIL, PHONE], OLD)
    duplicates.remember(["c"], OLD)
    assert len(duplicates) == 4
    assert not duplicates.known(["a"], OLD)
    assert duplicates.known([EMAIL, PHONE], OLD)


def test_what_is_delivered_again_is_kept_longer(duplicates: Duplicates) -> None:
    for identity in ("a", "b", "c", "d", "a", "e"):
        duplicates.remember([identity], OLD)
    assert duplicates.known(["a"], OLD)
    assert not duplicates.known(["b"], OLD)


def test_a_contact_with_more_identities_than_are_remembered_is_never_known() -> None:
    duplicates = Duplicates(limit=1)
    duplicates.remember([EMAIL, PHONE], OLD)
    assert len(duplicates) == 1
    assert not duplicates.known([EMAIL, PHONE], OLD)


def test_a_limit_of_0_remembers_nothing() -> None:
    off = Duplicates(limit=0)
    off.remember([EMAIL], OLD)
    off.forget([EMAIL])
    assert len(off) == 0
    assert not off.known([EMAIL], OLD)


def test_neither_identities_nor_payloads_are_kept_only_hashes_under_a_key_of_this_process(
    duplicates: Duplicates,
) -> None:
    duplicates.remember([EMAIL], OLD)
    held = [each for each in reachable(duplicates) if isinstance(each, str | bytes)]
    assert not any(EMAIL in each if isinstance(each, str) else EMAIL.encode() in each or OLD in each for each in held)
    another = Duplicates(limit=4)
    another.remember([EMAIL], OLD)
    assert set(held).isdisjoint(each for each in reachable(another) if isinstance(each, bytes))


def reachable(duplicates: Duplicates) -> list[object]:
    """The values that it holds, and the values that those hold."""
    found: list[object] = []
    for value in gc.get_referents(duplicates, *gc.get_referents(duplicates)):
        found += [value, *gc.get_referents(value)]
    return found


@given(
    limit=st.integers(0, 5),
    steps=st.lists(
        st.tuples(
            st.sampled_from([Duplicates.known, Duplicates.remember, Duplicates.forget, Duplicates.forget_all]),
            st.sets(st.sampled_from([EMAIL, PHONE, OTHER, "a", "b", "c"]), min_size=1, max_size=2),
            st.sampled_from([OLD, NEW]),
        )
    ),
)
def test_it_matches_only_the_last_delivery_and_never_exceeds_its_limit(
    limit: int, steps: list[tuple[object, set[str], bytes]]
) -> None:
    duplicates = Duplicates(limit)
    last: dict[str, bytes] = {}
    for step, identities, payload in steps:
        if step is Duplicates.known:
            assert not duplicates.known(identities, payload) or all(last.get(each) == payload for each in identities)
        elif step is Duplicates.remember:
            duplicates.remember(identities, payload)
            last |= dict.fromkeys(identities, payload)
        elif step is Duplicates.forget:
            duplicates.forget(identities)
            last = {each: told for each, told in last.items() if each not in identities}
        else:
            duplicates.forget_all()
            last = {}
        assert len(duplicates) <= limit
