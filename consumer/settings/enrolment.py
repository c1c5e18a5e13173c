"""The section ENROLMENT: which records become contacts, and how."""

from __future__ import annotations

from pydantic import Field

from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.rules import ConsentPolicy, Input
from consumer.errors import Problem
from consumer.settings import section as kind
from consumer.settings.section import Section


class Enrolment(Section):
    """The selection of events, and their mapping to contacts."""

    events: kind.Names = Field(
        ("Signed Up", "Identify"), description="events that enrol; compared without case, spaces, `_`, `-`"
    )
    default_region: kind.Region | None = Field(
        None, description="ISO 3166 alpha-2 (`US`), for phone numbers in national form"
    )
    phone_check: PhoneCheck = Field(PhoneCheck.POSSIBLE, description="`possible` or `valid`: strictness of the check")
    event_path: kind.JsonPointer | None = Field(None, description="JSON pointer to the event inside a wrapper record")
    input: Input = Field(Input.EVENT, description="`event`, or `contact`: records are contacts with ClickSend's names")
    fields: kind.ContactFields = Field(
        {},
        description="JSON (a table in TOML): contact field -> JSON pointer into the event, or a list of them; they come"
        " before the built-in names",
    )
    consent_traits: kind.TraitNames = Field(
        (), description="traits that hold the consent, comma-separated; they precede the built-in ones"
    )
    consent: ConsentPolicy = Field(
        ConsentPolicy.ALL, description="whom to enrol: `all`, or `opted_in`; unknown consent is then `no_consent`"
    )
    deliver_opt_outs: bool = Field(
        default=True,
        description="`true`: explicit opt-outs are always delivered, so that the list is updated; `false`:"
        " filtered as `no_consent`",
    )
    unrecognised_limit: int = Field(
        20,
        ge=0,
        description="number of consecutive records that are not events (wrong topic or format) after which their "
        "partition is held; 0 = never",
    )
    max_event_age: kind.Seconds = Field(
        0, description="seconds, 0 = off; older records are filtered as `too_old`. For a new group on an old topic"
    )

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return a problem for each given setting without effect."""
        if self.input is Input.CONTACT and "events" in self.model_fields_set:
            what = "is ignored: with ENROLMENT_INPUT=contact there are no events to choose from"
            return (Problem("ENROLMENT_EVENTS", what, "Leave it out"),)
        return ()
