"""Events as a source sends them."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

CONNECTOR_TRAITS = {
    "email": "Jane.Doe@example.com",
    "phone": "+1 (415) 555-0132",
    "first_name": "Jane",
    "last_name": "Doe",
    "company": "Acme Inc",
}
CONNECTOR_CONTACT = {
    "email": "jane.doe@example.com",
    "phone_number": "+14155550132",
    "first_name": "Jane",
    "last_name": "Doe",
    "organization_name": "Acme Inc",
    "custom_1": "marketing_opt_in",
}
"""What the connector's page prints: the traits of a sign-up, and the contact that is made of it."""


def connector_example(place: str = "traits") -> Event:
    """Return the connector page's example of a sign-up. place -- where its traits are: at the top, or in an object"""
    event: Event = {
        "type": "track",
        "event": "Signed Up",
        "properties": {"method": "email"},
        "context": {"consent": {"canonical": {"marketing": True}}},
        "messageId": "0b8f0a52-6f5c-4c8e-9a36-6e3f4f2f0f11",
    }
    holder = event if place == "traits" else event.setdefault(place, {})
    holder["traits"] = CONNECTOR_TRAITS
    return event


def page_view() -> Event:
    """Return a browsing event: most of a real topic."""
    return {
        "type": "page",
        "name": "Home",
        "anonymousId": "visitor-1",
        "context": {"page": {"url": "https://example.com/"}},
    }


def sign_up(number: int) -> Event:
    """Return a sign-up of one of many people."""
    return {"type": "track", "event": "Signed Up", "traits": {"email": f"u{number}@example.com"}}


def identify(number: int, **traits: str) -> Event:
    """Return an Identify of one of many people."""
    return {"type": "identify", "traits": {"email": f"u{number}@example.com", **traits}}
