"""The checks of the identity for Kafka: the client certificate's dates, and a token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from consumer.commands.check.result import CheckResult, failed, ok, unchecked, warning
from consumer.commands.check.token_endpoint import USER_CLAIM, NoTokenError, TokenEndpoint
from consumer.errors import ConfigurationError
from consumer.extras import Extra, is_installed
from consumer.kafka.certificate import Dates
from consumer.kafka.identity import SaslIdentity
from consumer.kafka.msk_tokens import msk_tokens
from consumer.settings.kafka import Kafka


def identity_results(kafka: Kafka, now: datetime) -> Iterator[CheckResult]:
    """Yield the results of this installation's identity; none for a user name and a password. now -- in UTC."""
    if kafka.ssl_certificate_location is not None:
        yield certificate_result(kafka.ssl_certificate_location, now)
    if kafka.oauth_token_endpoint_url is not None:
        yield token_result(endpoint_of(kafka), now)
    if kafka.sasl_identity is SaslIdentity.AWS_MSK:
        yield aws_result(kafka.aws_region or "", now)


def certificate_result(path: str, now: datetime) -> CheckResult:
    """Return whether the dates of the certificates in this file allow its use."""
    check, dates = "certificate", Dates.of(path)
    if dates is None:
        if is_installed(Extra.MTLS):
            return unchecked(check, "its dates can't be read", "See `openssl x509 -noout -dates`")
        hint = "Install the extra: pip install 'clicksend-consumer[mtls]'"
        return unchecked(check, "its dates need cryptography", hint)
    if fault := dates.fault(now):
        return failed(check, fault.what, fault.hint)
    if soon := dates.warning(now):
        return warning(check, soon.what, soon.hint)
    return ok(check, f"the certificate {dates.remaining(now)}, and the key is its own")


def token_result(endpoint: TokenEndpoint, now: datetime) -> CheckResult:
    """Return whether the token endpoint issues a token."""
    check = "token"
    try:
        left = endpoint.token_seconds(now.timestamp())
    except NoTokenError as error:
        hint = error.fault.hint
        return failed(check, f"the token endpoint {error}", hint[:1].upper() + hint[1:])
    return ok(check, f"a token was issued, valid for {left:.0f} s")


def aws_result(region: str, now: datetime) -> CheckResult:
    """Return whether this machine's AWS credentials sign a token."""
    check = "token"
    try:
        tokens = msk_tokens(region)
    except ConfigurationError as error:
        (problem,) = error.problems
        return failed(check, f"{problem.name}: {problem.what}", problem.hint)
    _token, expires_at = tokens()
    if tokens.fault:
        return failed(check, tokens.fault, "Give this machine a role, a web identity, or AWS_ACCESS_KEY_ID")
    return ok(check, f"a token was signed, valid for {expires_at - now.timestamp():.0f} s")


def endpoint_of(kafka: Kafka) -> TokenEndpoint:
    """Return the token endpoint of these settings, which have one."""
    secret = kafka.oauth_client_secret.reveal() if kafka.oauth_client_secret else ""
    url, client_id = kafka.oauth_token_endpoint_url or "", kafka.oauth_client_id or ""
    user_claim = kafka.properties.get("sasl.oauthbearer.sub.claim.name", USER_CLAIM)
    return TokenEndpoint(url, client_id, secret, kafka.oauth_scope, kafka.oauth_ca_file, user_claim)
