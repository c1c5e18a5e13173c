"""The options of a stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from consumer.sandbox.faults import Script
from consumer.sandbox.store import DuplicateContacts

if TYPE_CHECKING:
    from pathlib import Path

    from consumer.sandbox.limiter import RateLimit


class UnknownList(StrEnum):
    """The response to an unknown list: 403 in ClickSend's code, 404 on the connector's page."""

    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Account:
    """The account in `GET /account`, with ClickSend's 1 for yes and 0 for no.

    access_contacts -- whether this sub-account may use contact lists
    country -- the region of national phone numbers, ISO 3166 alpha-2
    """

    active: int = 1
    banned: int = 0
    access_contacts: int = 1
    country: str = "US"


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Options of a sandbox.

    host, port -- where it listens; port 0 takes a free one
    username, api_key -- the only credentials it accepts
    list_ids -- the contact lists that exist
    duplicates -- the treatment of a contact that is already in the list
    unknown_list -- the response to a list that doesn't exist
    rate_limit -- of the account, all lists together; None for no limit
    faults -- the script in effect from the start
    log_file -- each request is appended here as one line of JSON, flushed at once
    tls_ca_file -- serve https with a CA made for this run; its certificate is written here, for CLICKSEND_CA_FILE
    allowed_hosts -- names beside loopback by which the page and the control routes may be called, and TLS names
    max_contacts -- the number of contacts kept; those unchanged for longest are evicted
    account -- the account's properties
    max_requests -- the number of requests kept in memory; the log file has them all
    """

    host: str = "127.0.0.1"
    port: int = 0
    username: str = "sandbox"
    api_key: str = field(default="sandbox", repr=False)
    list_ids: tuple[int, ...] = (428,)
    duplicates: DuplicateContacts = DuplicateContacts.UPSERT
    unknown_list: UnknownList = UnknownList.FORBIDDEN
    rate_limit: RateLimit | None = None
    faults: Script = field(default_factory=Script)
    log_file: Path | None = None
    tls_ca_file: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    account: Account = field(default_factory=Account)
    max_contacts: int = 100_000
    max_requests: int = 20_000
