"""The enrolment's view of the settings."""

from __future__ import annotations

from consumer.enrolment.rules import Rules
from consumer.settings.model import Enrolment


def rules(enrolment: Enrolment) -> Rules:
    """What the operator has decided about enrolment."""
    return Rules.of(
        events=enrolment.events,
        default_region=enrolment.default_region,
        phone_check=enrolment.phone_check,
        event_path=enrolment.event_path,
    )
