"""Rules from settings as operators write them."""

from __future__ import annotations

import pytest

from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.rules import Rules


def test_the_preset_enrols_on_signed_up_and_identify() -> None:
    rules = Rules.of()
    assert rules.events == {"signedup", "identify", "identified"}
    assert (rules.default_region, rules.phone_check, rules.event_path) == (None, PhoneCheck.POSSIBLE, None)


def test_names_of_events_lose_case_white_space_and_separators() -> None:
    assert Rules.of(events=["  Signed-Up ", "TRIAL_Started", "-", ""]).events == {"signedup", "trialstarted"}


@pytest.mark.parametrize("name", ["Identify", "identified"])
def test_either_spelling_of_identify_means_both(name: str) -> None:
    assert Rules.of(events=[name]).events == {"identify", "identified"}


def test_the_default_region_is_written_in_capitals() -> None:
    assert Rules.of(default_region=" de ").default_region == "DE"
    assert Rules.of(default_region="").default_region is None


def test_an_empty_event_path_is_none() -> None:
    assert Rules.of(event_path="").event_path is None


def test_a_wrong_event_path_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        Rules.of(event_path="payload.event")
