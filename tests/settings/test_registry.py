"""The Schema Registry's settings, and what KAFKA_VALUE_FORMAT needs of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consumer.errors import Problem
from consumer.formats.value_format import ValueFormat
from consumer.settings import Settings
from consumer.settings.views import needs_registry, registry_options

Make = Callable[..., Settings]
Find = Callable[..., list[Problem]]
URL = "https://registry.example.com/apis/ccompat/v7"


def test_a_registry_with_its_credentials(settings: Make) -> None:
    found = settings(
        KAFKA_VALUE_FORMAT="Registry", REGISTRY_URL=URL + "/", REGISTRY_USERNAME="u", REGISTRY_PASSWORD="p"
    )
    assert found.kafka.value_format is ValueFormat.REGISTRY
    assert needs_registry(found.kafka)
    options = registry_options(found.registry)
    assert (options.url, options.username, options.password, options.ca_file) == (URL, "u", "p", None)
    assert "'p'" not in repr(options)
    assert found.warnings == ()


def test_the_format_needs_an_address(problems: Find) -> None:
    (problem,) = problems(KAFKA_VALUE_FORMAT="registry")
    assert (problem.name, problem.what) == ("REGISTRY_URL", "is missing, and KAFKA_VALUE_FORMAT=registry needs it")


def test_an_address_without_the_format_is_ignored_with_a_warning(settings: Make) -> None:
    found = settings(REGISTRY_URL=URL)
    assert not needs_registry(found.kafka)
    (warning,) = found.warnings
    assert (warning.name, warning.what) == ("REGISTRY_URL", "is ignored: KAFKA_VALUE_FORMAT is auto")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://registry:8081", "is plain HTTP, which is allowed for loopback only"),
        ("registry:8081", "is not the address of an API"),
        ("https://user:secret@registry", "is not the address of an API"),
        ("https://registry/?format=x", "is not the address of an API"),
        ("https://one,https://two", "is not the address of an API"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_value(problems: Find, url: str, what: str) -> None:
    (problem,) = problems(KAFKA_VALUE_FORMAT="registry", REGISTRY_URL=url)
    assert (problem.name, problem.what) == ("REGISTRY_URL", what)
    assert "secret" not in str(problem)


def test_plain_http_is_for_loopback(settings: Make) -> None:
    assert settings(KAFKA_VALUE_FORMAT="registry", REGISTRY_URL="http://127.0.0.1:8081").registry.url


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"REGISTRY_USERNAME": "u"}, "is missing, and REGISTRY_USERNAME is set"),
        ({"REGISTRY_PASSWORD": "p"}, "is set without REGISTRY_USERNAME"),
    ],
)
def test_user_and_password_go_together(problems: Find, given: dict[str, str], what: str) -> None:
    (problem,) = problems(KAFKA_VALUE_FORMAT="registry", REGISTRY_URL=URL, **given)
    assert (problem.name, problem.what) == ("REGISTRY_PASSWORD", what)


def test_a_wrong_format_names_the_right_ones(problems: Find) -> None:
    (problem,) = problems(KAFKA_VALUE_FORMAT="avro")
    assert problem.what == "is not one of auto, json, registry, cloudevents"
