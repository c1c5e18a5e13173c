"""Which events enrol."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.enrolment.identity_filter import enrolment_name
from consumer.enrolment.rules import Rules

PRESET = Rules.of().events


def named(event: dict[str, Any], names: frozenset[str]) -> str | None:
    return enrolment_name(event.get("type"), event.get("event"), names)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"type": "track", "event": "Signed Up"}, "Signed Up"),
        ({"type": "track", "event": "signed_up"}, "signed_up"),
        ({"type": "track", "event": "Signed_Up"}, "Signed_Up"),
        ({"type": "track", "event": "signed-up"}, "signed-up"),
        ({"type": "track", "event": "SIGNEDUP"}, "SIGNEDUP"),
        ({"type": "track", "event": "signedUp"}, "signedUp"),
        ({"type": "track", "event": " Signed\u00a0 Up\n"}, "Signed Up"),
        ({"type": "Track", "event": "Signed Up"}, "Signed Up"),
        ({"type": "track", "event": "Identify"}, "Identify"),
        ({"type": "track", "event": "identified"}, "identified"),
        ({"type": "identify"}, "Identify"),
        ({"type": "identify", "event": None}, "Identify"),
        ({"type": "identify", "event": "Product Viewed"}, "Identify"),
        ({"type": "IDENTIFY"}, "Identify"),
    ],
)
def test_enrolment_events_pass(event: dict[str, Any], name: str) -> None:
    assert named(event, PRESET) == name


@pytest.mark.parametrize(
    "event",
    [
        {"type": "track", "event": "Product Viewed"},
        {"type": "track", "event": "sign_up"},
        {"type": "track", "event": "Sign Up"},
        {"type": "track", "event": "Signed Up!"},
        {"type": "track", "event": "Signed Up Again"},
        {"type": "track", "event": ""},
        {"type": "track", "event": None},
        {"type": "track", "event": ["Signed Up"]},
        {"type": "track", "event": {"name": "Signed Up"}},
        {"type": "track", "name": "Signed Up"},
        {"type": "track"},
        {"type": "Track", "event": 7},
        {"type": "page", "name": "Signed Up"},
        {"type": "page", "event": "Signed Up"},
        {"type": "group", "traits": {"email": "jane@example.com"}},
        {"type": "alias"},
        {"type": "identified"},
        {"type": ["identify"]},
        {"type": None, "event": "Signed Up"},
        {"type": True},
        {"event": "Signed Up"},
        {},
    ],
)
def test_every_other_event_is_dropped(event: dict[str, Any]) -> None:
    assert named(event, PRESET) is None


def test_other_events_can_be_named() -> None:
    names = Rules.of(events=["Trial Started"]).events
    assert named({"type": "track", "event": "trial_started"}, names) == "trial_started"
    assert named({"type": "track", "event": "Signed Up"}, names) is None
    assert named({"type": "identify"}, names) is None
