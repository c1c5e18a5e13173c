from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from consumer.clicksend.account_check import View
from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.commands.check.clicksend import account_results, clock_results, list_results, region_results
from consumer.commands.check.result import CheckResult, CheckStatus

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SEEN = Outcome(Result.DELIVERED, 200)
GOOD = {"active": 1, "banned": 0, "default_country_sms": "US", "_subaccount": {"access_contacts": 1}}


def statuses(results: Iterable[CheckResult]) -> list[tuple[str, CheckStatus]]:
    return [(each.check, each.status) for each in results]


def test_right_credentials_of_an_active_account_are_fine() -> None:
    assert statuses(account_results(View(SEEN, GOOD))) == [("credentials", CheckStatus.OK), ("account", CheckStatus.OK)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"active": 0}, "not active"),
        ({"active": "0"}, "not active"),
        ({"banned": 1}, "banned"),
        ({"banned": True}, "banned"),
        ({"_subaccount": {"access_contacts": 0}}, "may not use contacts"),
    ],
)
def test_an_account_that_may_not_be_used_fails(change: dict[str, object], words: str) -> None:
    credentials, account = account_results(View(SEEN, {**GOOD, **change}))
    assert credentials.status is CheckStatus.OK
    assert account.status is CheckStatus.FAILED
    assert words in account.detail


def test_what_the_account_does_not_tell_is_not_held_against_it() -> None:
    assert statuses(account_results(View(SEEN, {})))[1] == ("account", CheckStatus.OK)


def test_refused_credentials_fail_with_the_hint_of_the_fault() -> None:
    (found,) = account_results(View(Outcome(Result.CONFIGURATION_FAULT, 401, fault=Fault.UNAUTHORIZED)))
    assert found.status is CheckStatus.FAILED
    assert "(401)" in found.detail
    assert "the password is the API key" in found.hint


def test_a_sub_account_that_may_not_see_the_account_is_warned_of() -> None:
    (found,) = account_results(View(Outcome(Result.SUSPICIOUS, 403)))
    assert found.status is CheckStatus.WARNING


def test_no_answer_fails() -> None:
    (found,) = account_results(View(Outcome(Result.TRANSIENT, cause=Cause.DNS)))
    assert (found.status, "dns" in found.detail) == (CheckStatus.FAILED, True)


@pytest.mark.parametrize(
    ("count", "status"),
    [(0, CheckStatus.OK), (18_999, CheckStatus.OK), (19_000, CheckStatus.WARNING), (20_001, CheckStatus.WARNING)],
)
def test_a_list_near_the_limit_of_a_campaign_is_warned_of(count: int, status: CheckStatus) -> None:
    (found,) = list_results(View(SEEN, {"list_name": "Customers", "_contacts_count": count}), 428)
    assert found.status is status
    assert found.detail == f"428 is 'Customers', with {count} contacts"


def test_a_list_without_name_and_count_exists_anyway() -> None:
    (found,) = list_results(View(SEEN), 428)
    assert (found.status, found.detail) == (CheckStatus.OK, "428 exists")


@pytest.mark.parametrize(("status", "fault"), [(403, Fault.FORBIDDEN), (404, Fault.LIST_NOT_FOUND)])
def test_a_list_that_is_not_ours_fails(status: int, fault: Fault) -> None:
    (found,) = list_results(View(Outcome(Result.SUSPICIOUS, status)), 429)
    assert found.status is CheckStatus.FAILED
    assert found.hint == fault.hint.rstrip(".")


@pytest.mark.parametrize(
    ("region", "status"), [("US", CheckStatus.OK), (None, CheckStatus.OK), ("GB", CheckStatus.WARNING)]
)
def test_another_default_country_than_the_accounts_is_warned_of(region: str | None, status: CheckStatus) -> None:
    (found,) = region_results(View(SEEN, GOOD), region)
    assert found.status is status


def test_an_account_without_a_country_has_none_to_differ_from() -> None:
    assert list(region_results(View(SEEN, {"default_country_sms": None}), "GB")) == []


@pytest.mark.parametrize(
    ("skew", "words"), [(0, "within"), (29, "within"), (120, "120 s ahead of"), (-3600, "3600 s behind")]
)
def test_a_wrong_clock_is_warned_of(skew: int, words: str) -> None:
    (found,) = clock_results(View(SEEN, {}, NOW), NOW + timedelta(seconds=skew))
    assert words in found.detail
    assert found.status is (CheckStatus.OK if words == "within" else CheckStatus.WARNING)


def test_without_a_date_header_the_clock_is_not_checked() -> None:
    assert list(clock_results(View(SEEN), NOW)) == []
