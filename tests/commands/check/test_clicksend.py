from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.survey import View
from consumer.commands.check.clicksend import account_findings, clock_findings, list_findings, region_findings
from consumer.commands.check.result import Finding, Verdict

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SEEN = Outcome(Result.DELIVERED, 200)
GOOD = {"active": 1, "banned": 0, "default_country_sms": "US", "_subaccount": {"access_contacts": 1}}


def verdicts(findings: Iterable[Finding]) -> list[tuple[str, Verdict]]:
    return [(each.check, each.verdict) for each in findings]


def test_right_credentials_of_an_active_account_are_fine() -> None:
    assert verdicts(account_findings(View(SEEN, GOOD))) == [("credentials", Verdict.OK), ("account", Verdict.OK)]


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
    credentials, account = account_findings(View(SEEN, {**GOOD, **change}))
    assert credentials.verdict is Verdict.OK
    assert account.verdict is Verdict.FAILED
    assert words in account.detail


def test_what_the_account_does_not_tell_is_not_held_against_it() -> None:
    assert verdicts(account_findings(View(SEEN, {})))[1] == ("account", Verdict.OK)


def test_refused_credentials_fail_with_the_mend_of_the_fault() -> None:
    (found,) = account_findings(View(Outcome(Result.CONFIGURATION_FAULT, 401, fault=Fault.UNAUTHORIZED)))
    assert found.verdict is Verdict.FAILED
    assert "(401)" in found.detail
    assert "the password is the API key" in found.mend


def test_a_sub_account_that_may_not_see_the_account_is_warned_of() -> None:
    (found,) = account_findings(View(Outcome(Result.SUSPICIOUS, 403)))
    assert found.verdict is Verdict.WARNING


def test_no_answer_fails() -> None:
    (found,) = account_findings(View(Outcome(Result.TRANSIENT, cause=Cause.DNS)))
    assert (found.verdict, "dns" in found.detail) == (Verdict.FAILED, True)


@pytest.mark.parametrize(
    ("count", "verdict"), [(0, Verdict.OK), (18_999, Verdict.OK), (19_000, Verdict.WARNING), (20_001, Verdict.WARNING)]
)
def test_a_list_near_the_limit_of_a_campaign_is_warned_of(count: int, verdict: Verdict) -> None:
    (found,) = list_findings(View(SEEN, {"list_name": "Customers", "_contacts_count": count}), 428)
    assert found.verdict is verdict
    assert found.detail == f"428 is 'Customers', with {count} contacts"


def test_a_list_that_tells_nothing_of_itself_is_there_all_the_same() -> None:
    (found,) = list_findings(View(SEEN), 428)
    assert (found.verdict, found.detail) == (Verdict.OK, "428 is there")


@pytest.mark.parametrize(("status", "fault"), [(403, Fault.FORBIDDEN), (404, Fault.LIST_NOT_FOUND)])
def test_a_list_that_is_not_ours_fails(status: int, fault: Fault) -> None:
    (found,) = list_findings(View(Outcome(Result.SUSPICIOUS, status)), 429)
    assert found.verdict is Verdict.FAILED
    assert found.mend == fault.mend.rstrip(".")


@pytest.mark.parametrize(("region", "verdict"), [("US", Verdict.OK), (None, Verdict.OK), ("GB", Verdict.WARNING)])
def test_another_default_country_than_the_accounts_is_warned_of(region: str | None, verdict: Verdict) -> None:
    (found,) = region_findings(View(SEEN, GOOD), region)
    assert found.verdict is verdict


def test_an_account_without_a_country_has_none_to_differ_from() -> None:
    assert list(region_findings(View(SEEN, {"default_country_sms": None}), "GB")) == []


@pytest.mark.parametrize(
    ("skew", "words"), [(0, "within"), (29, "within"), (120, "120 s ahead of"), (-3600, "3600 s behind")]
)
def test_a_wrong_clock_is_warned_of(skew: int, words: str) -> None:
    (found,) = clock_findings(View(SEEN, {}, NOW), NOW + timedelta(seconds=skew))
    assert words in found.detail
    assert found.verdict is (Verdict.OK if words == "within" else Verdict.WARNING)


def test_without_a_date_header_nothing_is_said_of_the_clock() -> None:
    assert list(clock_findings(View(SEEN), NOW)) == []
