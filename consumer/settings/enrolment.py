"""The section ENROLMENT: which records become contacts, and how."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.rules import ConsentPolicy, Input
from consumer.errors import Problem
from consumer.settings import section as kind
from consumer.settings.section import Section


class Enrolment(Section, frozen=True):
    """The selection of events, and their mapping to contacts."""

    events: Annotated[kind.Names, "events that enrol; compared without case, spaces, `_`, `-`"] = (
        "Signed Up",
        "Identify",
    )
    default_region: Annotated[kind.Region | None, "ISO 3166 alpha-2 (`US`), for phone numbers in national form"] = None
    phone_check: Annotated[PhoneCheck, "`possible` or `valid`: strictness of the check"] = PhoneCheck.POSSIBLE
    event_path: Annotated[kind.JsonPointer | None, "JSON pointer to the event inside a wrapper record"] = None
    input: Annotated[Input, "`event`, or `contact`: records are contacts with ClickSend's names"] = Input.EVENT
    fields: Annotated[
        kind.ContactFields,
        "JSON (a table in TOML): contact field -> JSON pointer into the event, or a list of them; they come"
        " before the built-in names",
    ] = {}  # noqa: RUF012 -- msgspec copies it
    consent_traits: Annotated[
        kind.TraitNames,
        "traits that hold the consent, comma-separated; they precede the built-in ones",
    ] = ()
    consent: Annotated[ConsentPolicy, "whom to enrol: `all`, or `opted_in`; unknown consent is then `no_consent`"] = (
        ConsentPolicy.ALL
    )
    deliver_opt_outs: Annotated[
        bool,
        "`true`: explicit opt-outs are always delivered, so that the list is updated; `false`:"
        " filtered as `no_consent`",
    ] = True
    unrecognised_limit: Annotated[
        int,
        Meta(ge=0),
        "number of consecutive records that are not events (wrong topic or format) after which their "
        "partition is held; 0 = never",
    ] = 20
    max_event_age: Annotated[
        kind.Seconds,
        "seconds, 0 = off; older records are filtered as `too_old`. For a new group on an old topic",
    ] = 0

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return a problem for each given setting without effect."""
        if self.input is Input.CONTACT and "events" in self.given:
            what = "is ignored: with ENROLMENT_INPUT=contact there are no events to choose from"
            return (Problem("ENROLMENT_EVENTS", what, "Leave it out"),)
        return ()
