"""The section REGISTRY, and its dependence on KAFKA_VALUE_FORMAT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo
from pydantic import field_validator as check

from consumer.errors import Problem
from consumer.formats.value_format import ValueFormat
from consumer.settings import section as kind
from consumer.settings.section import Section
from consumer.settings.values import SettingError, api_address


def _url(text: str) -> str:
    """Return the registry's address without a trailing slash. Some clients take several; this one takes one."""
    form = "Write it as https://host/path, without credentials"
    if "," in text:
        raise SettingError("is not the address of an API", form)
    return api_address(text, form, "REGISTRY_CA_FILE")


class Registry(Section):
    """The Schema Registry, for `KAFKA_VALUE_FORMAT=registry`."""

    url: Annotated[str, AfterValidator(_url)] | None = Field(
        None,
        description="a Schema Registry with Confluent's API, for `KAFKA_VALUE_FORMAT=registry`; plain HTTP for loopback"
        " only",
    )
    username: kind.BasicUser | None = Field(None, description="user name for the registry")
    password: kind.HeaderSecret | None = Field(None, description="password for the registry")
    ca_file: kind.ReadableFile | None = Field(None, description="CA file for the registry's certificate, PEM")

    @check("password")
    @classmethod
    def _with_a_user(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "username" in info.data and (password is None) != (info.data["username"] is None):
            what = (
                "is missing, and REGISTRY_USERNAME is set" if password is None else "is set without REGISTRY_USERNAME"
            )
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
