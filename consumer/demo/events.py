"""Events in Datafly Signal's format (docs.dataflysignal.com/reference/event-schema), generated from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import orjson

from consumer.demo.visitors import Person

Json = Mapping[str, object]

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
SITE = "https://shop.example.com"
PRODUCTS = (("P-101", "Linen shirt", 49.0), ("P-202", "Rain jacket", 129.0), ("P-303", "Trail shoes", 95.5))
PAGES = (("Home", "/"), ("New arrivals", "/new"), ("Size guide", "/help/sizes"), ("Journal", "/journal"))
DEVICES = (
    {"type": "mobile", "os": "iOS", "browser": "Safari"},
    {"type": "desktop", "os": "Windows", "browser": "Firefox"},
    {"type": "mobile", "os": "Android", "browser": "Chrome"},
)


@dataclass(frozen=True, slots=True)
class Emission:
    """One record for the topic.

    visitor -- the record's key: one visitor's events stay in order; None for records that all stay in order
    note    -- the remark shown beside it; empty for none
    """

    visitor: str | None
    value: bytes
    note: str = ""


class Events:
    """Generates events: the same ones, with ids and times, for the same seed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._now = START

    def visitor(self) -> str:
        """Return a new visitor's anonymous id."""
        return str(self._uuid())

    def browsing(self, visitor: str) -> Emission:
        """Return a browsing event, which the worker filters."""
        name, path = self._random.choice(PAGES)
        number, title, price = self._random.choice(PRODUCTS)
        product = {"productId": number, "name": title, "price": price, "currency": "EUR"}
        kind = self._random.choice(("page", "page", "Product Viewed", "Product Viewed", "Product Added", "Cart Viewed"))
        if kind == "page":
            return self._emission(visitor, {"type": "page", "name": name}, path=path)
        return self._emission(visitor, {"type": "track", "event": kind, "properties": product}, path=f"/p/{number}")

    def signed_up(self, visitor: str, traits: Json, marketing: object = None, note: str = "") -> Emission:
        """Return the event of a sign-up. marketing -- the answer to the site's consent banner; None: no banner."""
        body = {"type": "track", "event": "Signed Up", "properties": {"method": "email"}, "traits": traits}
        return self._emission(visitor, body, "/sign-up", marketing, note)

    def identify(self, visitor: str, traits: Json, marketing: object = None, note: str = "") -> Emission:
        """Return the event that identifies a visitor. It carries no event name."""
        return self._emission(visitor, {"type": "identify", "traits": traits}, "/account", marketing, note)

    def example(self) -> Emission:
        """Return the example of the connector's page, with its consent from the banner."""
        traits = {
            "email": "Jane.Doe@example.com",
            "phone": "+1 (415) 555-0132",
            "first_name": "Jane",
            "last_name": "Doe",
            "company": "Acme Inc",
        }
        return self.signed_up(self.visitor(), traits, marketing=True, note="the example in the connector's docs")

    def broken(self, visitor: str) -> Emission:
        """Return a truncated record."""
        whole = self.browsing(visitor).value
        return Emission(visitor, whole[: len(whole) // 2], "truncated")

    def _emission(
        self, visitor: str, body: Json, path: str = "/", marketing: object = None, note: str = ""
    ) -> Emission:
        self._now += timedelta(milliseconds=self._random.randrange(50, 2_000))
        consent = {"categories": {"C0001": True, "C0004": marketing}, "canonical": {"marketing": marketing}}
        event = {
            **body,
            "anonymousId": visitor,
            "userId": None,
            "context": {
                "page": {"url": f"{SITE}{path}", "path": path, "referrer": None, "title": "Sample shop", "search": ""},
                "device": self._random.choice(DEVICES),
                "locale": "en-GB",
                "consent": consent,
            },
            "timestamp": self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "messageId": str(self._uuid()),
        }
        return Emission(visitor, orjson.dumps(event), note)

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def flat_traits(person: Person) -> Json:
    """Return a sign-up form's fields: snake_case, a national phone number and its country."""
    country = person.country
    return {
        "email": person.email,
        "phone": person.national_phone,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "city": country.city,
        "state": country.state,
        "zip": country.postal_code,
        "country": country.names[person.number % len(country.names)],
    }


def nested_traits(person: Person) -> Json:
    """Return an account's fields: camelCase, an international phone number, the address as an object."""
    country = person.country
    return {
        "email": person.email,
        "phone": person.international_phone,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "address": {"city": country.city, "postalCode": country.postal_code, "country": country.names[-1]},
    }


def name_only_traits(person: Person) -> Json:
    """Return an email and an unsplit name, as in the SDK's docs."""
    return {"email": person.email, "name": f"{person.first_name} {person.last_name}"}
