"""How a stand-in is set up."""

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
    """What a list that isn't there is answered with: ClickSend's code says 403, the connector's page says 404."""

    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Account:
    """What `GET /account` tells of the account, with ClickSend's 1 for yes and 0 for no.

    access_contacts -- whether this sub-account may use contact lists
    country -- whose national phone numbers ClickSend takes them for, ISO 3166 alpha-2
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
    duplicates -- what happens to a contact that is in the list already
    unknown_list -- what a list that doesn't exist is answered with
    rate_limit -- of the account, all lists together; None for no limit
    faults -- the script in force from the start
    log_file -- each request is appended here as one line of JSON, flushed at once
    tls_ca_file -- serve https with a CA made for this run; its certificate is written here, for CLICKSEND_CA_FILE
    allowed_hosts -- names beside loopback by which the page and the control routes may be called, and TLS names
    max_contacts -- so many contacts are kept, then those unchanged for longest are forgotten
    account -- what the account is like
    max_requests -- so many requests are kept in memory; the log file has them all.
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
