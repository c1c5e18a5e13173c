"""Checks of the settings that identify the worker to Kafka: client certificate, token endpoint, AWS."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from consumer.loopback import is_loopback
from consumer.settings.field import Checked
from consumer.settings.sources import MAX_FILE_BYTES
from consumer.settings.values import SettingError, readable_file, web_address

T = TypeVar("T")


class Source(StrEnum):
    """The setting that names where tokens come from; empty: none does."""

    NONE = ""
    UNKNOWN = "unknown"  # one of them is invalid, which is reported already
    AWS = "KAFKA_SASL_IDENTITY"
    ENDPOINT = "KAFKA_OAUTH_TOKEN_ENDPOINT_URL"


def token_source(data: Mapping[str, Any]) -> Source:
    """Return which of the valid settings `data` names the source of tokens."""
    if not {"sasl_identity", "oauth_token_endpoint_url"} <= data.keys():
        return Source.UNKNOWN
    if data["sasl_identity"] is not None:
        return Source.AWS
    return Source.ENDPOINT if data["oauth_token_endpoint_url"] is not None else Source.NONE


def needed_with(given: T, data: Mapping[str, Any], other: str) -> T:
    """Return a value that must be given if, and only if, the setting `other` is."""
    if given is None and data.get(other) is not None:
        raise SettingError(f"is missing, and {_variable(other)} is set", f"Set it, or leave {_variable(other)} out")
    return allowed_with(given, data, other)


def allowed_with(given: T, data: Mapping[str, Any], other: str) -> T:
    """Return a value that may be given only if the setting `other` is."""
    if given is not None and other in data and data[other] is None:
        raise SettingError(f"is set without {_variable(other)}", f"Set {_variable(other)}, or leave it out")
    return given


def _variable(field: str) -> str:
    return f"KAFKA_{field.upper()}"


def _token_url(text: str) -> str:
    url = web_address(text)
    if url is None or url.username is not None or url.fragment:
        raise SettingError("is not the URL of a token endpoint", "Write it as https://host/path, without credentials")
    if not text.isascii() or " " in text:
        hint = "Percent-encode them; write a host name in Punycode, as in xn--bcher-kva.example"
        raise SettingError("contains spaces or characters that are not ASCII", hint)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        what = "is plain HTTP, which is allowed for loopback only"
        raise SettingError(what, "Use https; for your own CA set KAFKA_OAUTH_CA_FILE")
    return text


def _client_id(text: str) -> str:
    """Return an id for Basic authentication, which a colon would end. librdkafka does not encode it."""
    if ":" in text:
        raise SettingError("contains a colon", "Set the client id alone; the secret is KAFKA_OAUTH_CLIENT_SECRET")
    return text


def _aws_region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}", text):
        raise SettingError("is not an AWS region", "Write its code, as in eu-west-1")
    return text


def _extensions(text: str) -> str:
    """Return SASL extensions as librdkafka takes them (RFC 7628, section 3.1): `auth` is reserved."""
    names = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not value or not re.fullmatch("[A-Za-z]+", name) or name == "auth" or not value.isascii():
            raise SettingError("is not a list of extensions", "Write name=value, the name of A-Z and a-z, not `auth`")
        names.append(name)
    if len(set(names)) < len(names):
        raise SettingError("names an extension twice", "Give each of them once")
    return text


def _certificates(text: str) -> str:
    path = readable_file(text)
    try:
        _context().load_verify_locations(path)
    except ssl.SSLError:
        raise SettingError("names a file without a certificate in PEM", "Set it to the path of a PEM file") from None
    return path


AwsRegion = Annotated[str, Checked(_aws_region)]
Certificates = Annotated[str, Checked(_certificates)]
ClientId = Annotated[str, Checked(_client_id)]
Extensions = Annotated[str, Checked(_extensions)]
TokenUrl = Annotated[str, Checked(_token_url)]


def refuse_other_key(certificate: str, key: str, password: str | None) -> None:
    """Raise SettingError for the key unless it is the certificate's, and the password opens it."""
    try:
        _context().load_cert_chain(certificate, key, lambda: password or "")
        return
    except ssl.SSLError as error:
        other = error.reason == "KEY_VALUES_MISMATCH"
    except (OSError, ValueError):  # a password that OpenSSL can't take, of more than 1,024 bytes
        other = False
    if other:
        what = "is not the private key of KAFKA_SSL_CERTIFICATE_LOCATION"
        hint = "Set it to the key of that certificate, or renew both files together"
    elif not _is_encrypted(key):
        what, hint = "names a file without a private key in PEM", "Set it to the path of a PEM file"
    elif password is None:
        what, hint = "is encrypted, and KAFKA_SSL_KEY_PASSWORD is missing", "Set KAFKA_SSL_KEY_PASSWORD"
    else:
        what, hint = "can't be decrypted with KAFKA_SSL_KEY_PASSWORD", "Set KAFKA_SSL_KEY_PASSWORD to its password"
    raise SettingError(what, hint, "ssl_key_location")


def _is_encrypted(key: str) -> bool:
    """Return whether a key in PEM says that it is encrypted: in PKCS 8, or as older tools write it."""
    with Path(key).open("rb") as file:
        text = file.read(MAX_FILE_BYTES)
    return b"BEGIN ENCRYPTED PRIVATE KEY" in text or b"Proc-Type: 4,ENCRYPTED" in text


def _context() -> ssl.SSLContext:
    """Return a context that refuses no signature or key for its strength: that is librdkafka's and the brokers' say."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def token_properties(names: Iterable[str]) -> list[str]:
    """Return those of librdkafka's properties that make or configure tokens."""
    return [name for name in names if name.startswith("sasl.oauthbearer.") or name.endswith(".unsecure.jwt")]


def refuse_token_properties(properties: Mapping[str, str]) -> None:
    """Raise SettingError if KAFKA_PROPERTIES configures tokens, too. It may name the claim that is the user."""
    _refuse([name for name in token_properties(properties) if name != "sasl.oauthbearer.sub.claim.name"])


def refuse_certificate_properties(properties: Mapping[str, str]) -> None:
    """Raise SettingError if KAFKA_PROPERTIES brings a client certificate, too."""
    beginnings = ("ssl.certificate.", "ssl.key.", "ssl.keystore.", "ssl_certificate", "ssl_key")
    _refuse([name for name in properties if name.startswith(beginnings)])


def _refuse(names: list[str]) -> None:
    if names:
        what = f"is set, and KAFKA_PROPERTIES sets {', '.join(names)}"
        raise SettingError(what, "Take these out of KAFKA_PROPERTIES, or leave this out")
