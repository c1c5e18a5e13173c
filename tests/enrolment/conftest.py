"""Deciding about events, for the tests of the whole room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from consumer.enrolment.decision import Decision, Enrolled
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules

Decide = Callable[..., Decision]
Enrol = Callable[..., Enrolled]


@pytest.fixture(scope="session")
def decide() -> Decide:
    """Decides about an event; settings by the names that `Rules.of` has."""

    def about(event: object, **settings: Any) -> Decision:
        return Enroller(Rules.of(**settings)).decide(orjson.dumps(event))

    return about


@pytest.fixture(scope="session")
def enrol(decide: Decide) -> Enrol:
    """Identifies a visitor with these traits."""

    def with_traits(traits: dict[str, Any], **settings: Any) -> Enrolled:
        decision = decide({"type": "identify", "traits": traits}, **settings)
        assert isinstance(decision, Enrolled)
        return decision

    return with_traits
