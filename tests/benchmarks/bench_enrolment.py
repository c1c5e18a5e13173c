"""Cost of one decision: a browsing event that is filtered, a sign-up with a phone number that is mapped.

    python tests/benchmarks/bench_enrolment.py [records]

Time of this process for each record, the best of several rounds that take turns with the baseline, so that a busy
machine disturbs all alike. The bounds are the product's: 6 us and 60 us.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules

ROUNDS = 7
SIGN_UP = "sign-up, phone as +44 20 7946 ..."

PAGE = {"url": "https://shop.example.com/p/17", "path": "/p/17", "referrer": "https://example.org/", "title": "Shoe"}
CONTEXT = {
    "page": PAGE,
    "device": {"type": "mobile", "os": "iOS 19", "browser": "Safari", "viewport": "390x844"},
    "campaign": {"source": "newsletter", "medium": "email", "name": "autumn"},
    "locale": "en-GB",
    "timezone": "Europe/London",
    "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15",
    "consent": {"canonical": {"marketing": True, "analytics": True}},
}
BROWSING: dict[str, Any] = {
    "type": "track",
    "event": "Product Viewed",
    "properties": {"sku": "A-17", "price": 59.9, "currency": "GBP", "tags": ["shoe", "autumn", "new"]},
    "context": CONTEXT,
    "anonymousId": "5f1c1a54-7c43-4b8c-9d1b-3a3f2a6d7e10",
    "timestamp": "2026-01-15T10:00:00.000Z",
    "messageId": "0b9e6c1e-6a3f-4a43-8f4c-0d7a54d1c111",
}
TRAITS = {"first_name": "Jane", "last_name": "Doe", "company": "Acme Inc", "country": "GB"}


def browsing() -> list[bytes]:
    """One record of about 1 KB."""
    return [orjson.dumps({**BROWSING, "padding": "x" * (1024 - len(orjson.dumps(BROWSING)) - 13)})]


def sign_ups(phone: str) -> list[bytes]:
    """Sign-ups of many people, each with a phone number of its own: no cache can know them."""
    return [
        orjson.dumps(
            {
                **BROWSING,
                "event": "Signed Up",
                "traits": {**TRAITS, "email": f"u{n}@example.com", "phone": f"{phone}{n:04}"},
            }
        )
        for n in range(2000)
    ]


def main(count: int) -> None:
    """Measure and print."""
    decide = Enroller(Rules.of()).decide
    cases = (
        ("browsing event, 1 KB", browsing(), 6),
        (SIGN_UP, sign_ups("+44 20 7946 "), 60),
        ("sign-up, phone as 020 7946 ...", sign_ups("020 7946 "), 60),
    )
    print(f"{'':34}{'us a record':>12}{'x orjson.loads':>16}{'bound':>8}")  # noqa: T201 -- its output
    for name, records, bound in cases:
        baseline, cost = measure([orjson.loads, decide], records, count)
        print(f"{name:34}{cost:12.2f}{cost / baseline:16.2f}{bound:8}")  # noqa: T201 -- the same


def parsed(output: str) -> dict[str, float]:
    """Return the microseconds by row of what `main` has printed: another revision's may run as a process."""
    rows = re.findall(r"^(\S.*?) {2,}([\d.]+) +[\d.]+ +\d+$", output, re.MULTILINE)
    return {name: float(cost) for name, cost in rows}


def measure(ways: list[Callable[[bytes], object]], records: list[bytes], count: int) -> list[float]:
    """Microseconds for each record, of each way."""
    best = [float("inf")] * len(ways)
    for _ in range(ROUNDS):
        for index, way in enumerate(ways):
            began = time.process_time()
            for number in range(count):
                way(records[number % len(records)])
            best[index] = min(best[index], (time.process_time() - began) / count * 1e6)
    return best


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
