"""The configuration faults, each with its fix."""

from __future__ import annotations

from enum import StrEnum

from consumer.enum_members import found_quickly


@found_quickly
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


class OnConfigurationFault(StrEnum):
    """DELIVERY_ON_CONFIGURATION_FAULT."""

    HALT = "halt"
    DEAD_LETTER = "dead_letter"


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
        "The list does not exist: check CLICKSEND_LIST_ID against the number in the dashboard, "
        "and CLICKSEND_BASE_URL if it is set."
    ),
    Fault.ACCOUNT: "The ClickSend account is not active: activate it in the dashboard, or ask ClickSend's support.",
    Fault.PAYMENT_REQUIRED: "The account's balance is used up: top it up in the dashboard.",
    Fault.REDIRECTED: (
        "CLICKSEND_BASE_URL responds with a redirect, which is never followed: "
        "set it to the address of the API itself, as in the default."
    ),
    Fault.TLS: (
        "The server's certificate can't be trusted: check CLICKSEND_BASE_URL and this machine's clock, "
        "and set CLICKSEND_CA_FILE if a company proxy signs certificates."
    ),
    Fault.PROXY_UNAUTHORIZED: "The proxy refuses the credentials: set its user name and password in "
    "CLICKSEND_PROXY_URL.",
    Fault.UNINTELLIGIBLE: (
        "The responses are malformed, or 2xx without ClickSend's JSON, so another server responds: "
        "check CLICKSEND_BASE_URL, CLICKSEND_PROXY_URL, captive portals and gateways."
    ),
    Fault.MASS_REJECTION: (
        "ClickSend rejected many different contacts in a row and accepted none: "
        "check the vendor code in the log, the list, and the mapping of events."
    ),
}
