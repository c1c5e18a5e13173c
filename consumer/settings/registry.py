"""The section REGISTRY, and its dependence on KAFKA_VALUE_FORMAT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from consumer.errors import Problem
from consumer.formats.value_format import ValueFormat
from consumer.settings import section as kind
from consumer.settings.field import Checked, Earlier, Fits
from consumer.settings.section import Section
from consumer.settings.values import Secret, SettingError, api_address


def _url(text: str) -> str:
    """Return the registry's address without a trailing slash. Some clients take several; this one takes one."""
    form = "Write it as https://host/path, without credentials"
    if "," in text:
        raise SettingError("is not the address of an API", form)
    return api_address(text, form, "REGISTRY_CA_FILE")


class Registry(Section, frozen=True):
    """The Schema Registry, for `KAFKA_VALUE_FORMAT=registry`."""

    url: Annotated[
        Annotated[str, Checked(_url)] | None,
        "a Schema Registry with Confluent's API, for `KAFKA_VALUE_FORMAT=registry`; plain HTTP for loopback only",
    ] = None
    username: Annotated[kind.BasicUser | None, "user name for the registry"] = None
    password: Annotated[kind.HeaderSecret | None, "password for the registry", Fits(_with_a_user)] = None
    ca_file: Annotated[kind.ReadableFile | None, "CA file for the registry's certificate, PEM"] = None


def _with_a_user(password: Secret | None, earlier: Earlier) -> Secret | None:
    if "username" in earlier and (password is None) != (earlier["username"] is None):
        what = "is missing, and REGISTRY_USERNAME is set" if password is None else "is set without REGISTRY_USERNAME"
        raise SettingError(what, "Set both, or none of them")
    return password


def problems(value_format: ValueFormat, registry: Registry) -> Iterator[Problem]:
    """Yield a problem for each missing setting that KAFKA_VALUE_FORMAT requires."""
    if value_format is ValueFormat.REGISTRY and registry.url is None:
        what = "is missing, and KAFKA_VALUE_FORMAT=registry needs it"
        yield Problem("REGISTRY_URL", what, "Set it to the address of your Schema Registry")


def warnings(value_format: ValueFormat, registry: Registry) -> Iterator[Problem]:
    """Yield a warning where the section has no effect."""
    if value_format is not ValueFormat.REGISTRY and registry.url is not None:
        what = f"is ignored: KAFKA_VALUE_FORMAT is {value_format}"
        yield Problem("REGISTRY_URL", what, "Set KAFKA_VALUE_FORMAT=registry, or leave it out")
