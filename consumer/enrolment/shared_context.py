"""The context that a batch shares with its events (Segment's HTTP API, "Batch")."""

from __future__ import annotations

from typing import NamedTuple

from consumer.enrolment.consent import Consent, context_consent
from consumer.enrolment.parts import object_in
from consumer.enrolment.traits import Object

_OWN = ("traits", "consent")  # traits would give several people one identity; consent has a reading of its own


class SharedContext(NamedTuple):
    """A batch's context. An event's own context takes precedence.

    consent -- of events that state none
    others  -- the rest, for the operator's own pointers
    """

    consent: Consent
    others: Object

    @classmethod
    def of(cls, context: object) -> SharedContext:
        """Return the shared context; one that is no object says nothing."""
        found = object_in(context) or {}
        consent = context_consent(found.get("consent")).consent
        return cls(consent, {key: value for key, value in found.items() if key not in _OWN})

    def consent_beside(self, own: object) -> Consent:
        """Return the consent of an event whose own `context.consent` states none. An unreadable one is never a yes."""
        unreadable = own is not None and not isinstance(own, dict)
        return Consent.UNKNOWN if unreadable and self.consent is Consent.OPT_IN else self.consent

    def beside(self, event: Object) -> Object:
        """Return the event with the shared context beside its own."""
        return {**event, "context": {**self.others, **(object_in(event.get("context")) or {})}}
