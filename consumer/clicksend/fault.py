"""The configuration faults that halt delivery, each with its fix."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """A configuration fault. No contact is at fault, so none becomes a dead letter."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    LIST_NOT_FOUND = "list_not_found"
    ACCOUNT = "account"
    PAYMENT_REQUIRED = "payment_required"
    REDIRECTED = "redirected"
    TLS = "tls"
    PROXY_UNAUTHORIZED = "proxy_unauthorized"
    MASS_REJECTION = "mass_rejection"
    UNINTELLIGIBLE = "unintelligible"

    @property
    def hint(self) -> str:
        """Return the fix, in one sentence."""
        return _HINTS[self]


_HINTS = {
    Fault.UNAUTHORIZED: (
        "CLICKSEND_USERNAME and CLICKSEND_API_KEY are refused: "
        "the password is the API key from the dashboard, not the login password."
    ),
    Fault.FORBIDDEN: (
        "CLICKSEND_USERNAME may not use this list: check CLICKSEND_LIST_ID, "
        "and give a sub-account access to contacts in the dashboard."
    ),
    Fault.LIST_NOT_FOUND: (
        "There is no such list: check CLICKSEND_LIST_ID against the number in the dashboard, "
        "and CLICKSEND_BASE_URL if you have set it."
    ),
    Fault.ACCOUNT: "The ClickSend account is not active: activate it in the dashboard, or ask ClickSend's support.",
    Fault.PAYMENT_REQUIRED: "ClickSend asks for payment: top up the account's balance in the dashboard.",
    Fault.REDIRECTED: (
        "CLICKSEND_BASE_URL answers with a redirect, which is never followed: "
        "set it to the address of the API itself, as in the default."
    ),
    Fault.TLS: (
        "The server's certificate can't be trusted: check CLICKSEND_BASE_URL and this machine's clock, "
        "and set CLICKSEND_CA_FILE where a proxy of your company signs certificates."
    ),
    Fault.PROXY_UNAUTHORIZED: "The proxy refuses us: put its user name and password into CLICKSEND_PROXY_URL.",
    Fault.UNINTELLIGIBLE: (
        "Malformed answers, or success without ClickSend's JSON, so something else answers: check CLICKSEND_BASE_URL, "
        "CLICKSEND_PROXY_URL, and whether there is a captive portal or a gateway on the way."
    ),
    Fault.MASS_REJECTION: (
        "ClickSend has rejected many different contacts in a row and accepted none: "
        "read its vendor code in the log, and check the list and how events are mapped before you resume."
    ),
}
