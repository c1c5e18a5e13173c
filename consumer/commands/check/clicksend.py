"""The checks of ClickSend: credentials, account, list, the country of phone numbers, the clock. Enrols nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from consumer.app import loaded_trust
from consumer.clicksend.account_check import AccountCheck, View
from consumer.clicksend.adapter import BoundedAdapter
from consumer.clicksend.credentials import Credentials
from consumer.clicksend.probe import ProbeResult
from consumer.clicksend.transport import Endpoint, Timeouts
from consumer.commands.check.result import CheckResult, failed, ok, skipped, warning
from consumer.errors import ConfigurationError
from consumer.settings import Settings

CAMPAIGN_LIMIT = 20_000  # contacts that an SMS campaign accepts (developers.clicksend.com)
NEAR = 0.95  # share of the limit from which a second list should be planned
MOST_SKEW = 30.0  # seconds; certificates, `Retry-After` dates and the age of events depend on this machine's clock


def clicksend_results(settings: Settings) -> Iterator[CheckResult]:
    """Yield the results of all ClickSend checks."""
    clicksend = settings.clicksend
    proxy = clicksend.proxy_url.reveal() if clicksend.proxy_url else None
    timeouts = Timeouts(clicksend.connect_timeout, clicksend.read_timeout, clicksend.total_timeout)
    try:
        endpoint = Endpoint(clicksend.base_url, clicksend.list_id, proxy)
        trust = loaded_trust(settings)
    except ConfigurationError as error:
        yield from (failed("clicksend", f"{each.name}: {each.what}", each.hint) for each in error.problems)
        return
    credentials = Credentials(clicksend.username, clicksend.api_key.reveal())
    account_check = AccountCheck(endpoint, timeouts, credentials, BoundedAdapter(trust))
    try:
        account = account_check.account(datetime.now(UTC))
        yield from account_results(account)
        if account.seen or account.outcome.status is not None:
            yield from list_results(account_check.contact_list(datetime.now(UTC)), clicksend.list_id)
            yield from region_results(account, settings.enrolment.default_region)
            yield from clock_results(account, datetime.now(UTC))
        else:
            yield from (skipped(check, "account") for check in ("list", "region", "clock"))
    finally:
        account_check.close()


def account_results(view: View) -> Iterator[CheckResult]:
    """Check that the credentials are valid and the account may be used."""
    if not view.seen:
        if view.outcome.status == 403:
            detail = "ClickSend does not show the account to this user (403)"
            yield warning("account", detail, "No action if the list check passes: sub-accounts may lack this right")
        else:
            yield _refused("account", view)
        return
    yield ok("credentials", "CLICKSEND_USERNAME and CLICKSEND_API_KEY are valid")
    dashboard = "in the ClickSend dashboard, or ask ClickSend's support"
    sub_account = view.data.get("_subaccount")
    access = sub_account.get("access_contacts") if isinstance(sub_account, dict) else None
    faults = [
        (_says(view.data.get("active"), "0"), "the account is not active", f"Activate it {dashboard}"),
        (_says(view.data.get("banned"), "1"), "the account is banned", f"Find the reason {dashboard}"),
        (_says(access, "0"), "this sub-account may not use contacts", "Give it access to contacts in the dashboard"),
    ]
    found = [failed("account", detail, hint) for wrong, detail, hint in faults if wrong]
    yield from found or [ok("account", "active, and may use contacts")]


def list_results(view: View, list_id: int) -> Iterator[CheckResult]:
    """Check that the list exists, and how full it is."""
    if not view.seen:
        yield _refused("list", view)
        return
    name, count = view.data.get("list_name"), view.data.get("_contacts_count")
    about = f"{list_id} is {name!r}" if isinstance(name, str) else f"{list_id} exists"
    if not isinstance(count, int):
        yield ok("list", about)
    elif count >= CAMPAIGN_LIMIT * NEAR:
        hint = f"SMS campaigns accept at most {CAMPAIGN_LIMIT} contacts per list: start a second list"
        yield warning("list", f"{about}, with {count} contacts", hint)
    else:
        yield ok("list", f"{about}, with {count} contacts")


def region_results(view: View, default_region: str | None) -> Iterator[CheckResult]:
    """Check that national phone numbers are parsed for the same country as in ClickSend."""
    country = view.data.get("default_country_sms")
    if not isinstance(country, str) or not country:
        return
    if default_region is None:
        yield ok("region", f"not set: only international numbers are read; the account's country is {country}")
    elif country.upper() != default_region:
        detail = f"ENROLMENT_DEFAULT_REGION is {default_region}, the account's default country {country}"
        yield warning("region", detail, "Set the country of your visitors' national phone numbers")
    else:
        yield ok("region", f"{country}, here and in the account")


def clock_results(view: View, now: datetime) -> Iterator[CheckResult]:
    """Compare this machine's clock with ClickSend's `Date` header."""
    if view.date is None:
        return
    skew = (now - view.date).total_seconds()
    if abs(skew) > MOST_SKEW:
        where = "ahead of" if skew > 0 else "behind"
        detail = f"this machine's clock is {abs(skew):.0f} s {where} ClickSend's"
        yield warning("clock", detail, "Synchronise it (NTP): certificate checks and event ages depend on it")
    else:
        yield ok("clock", f"within {MOST_SKEW:.0f} s of ClickSend's")


def _says(value: object, digit: str) -> bool:
    """Compare a flag with `1` or `0`: ClickSend sends text, numbers or booleans. A missing flag matches neither."""
    return str(int(value) if isinstance(value, bool) else value) == digit


def _refused(check: str, view: View) -> CheckResult:
    probe = ProbeResult.of(view.outcome)
    status = f" ({view.outcome.status})" if view.outcome.status is not None else ""
    if probe.fault is not None:
        return failed(check, f"ClickSend refuses: {probe.fault}{status}", probe.fault.hint.rstrip("."))
    hint = "Check CLICKSEND_BASE_URL and the network (CLICKSEND_PROXY_URL), then try again"
    return failed(check, f"no usable response from ClickSend: {view.outcome.cause}{status}", hint)
