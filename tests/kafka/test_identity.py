"""The identity that the clients' properties configure."""

from __future__ import annotations

import pytest

from consumer.kafka.identity import Identity, Tokens
from consumer.settings.kafka import Kafka, client_properties
from consumer.settings.reading import read_section

CONNECTION = {"bootstrap_servers": "b:9092", "topic": "t", "security_protocol": "sasl_ssl"}
URL = "https://login.example.org/token"
OIDC = {"oauth_token_endpoint_url": URL, "oauth_client_id": "worker", "oauth_client_secret": "s3cret"}
GRANT = {
    "sasl.oauthbearer.method": "oidc",
    "sasl.oauthbearer.grant.type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "sasl.oauthbearer.token.endpoint.url": URL,
}
METADATA = {
    "sasl.oauthbearer.method": "oidc",
    "sasl.oauthbearer.metadata.authentication.type": "azure_imds",
    "sasl.oauthbearer.token.endpoint.url": URL,
}


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        pytest.param(
            {"sasl_mechanism": "PLAIN", "sasl_username": "u", "sasl_password": "p"}, Tokens.NONE, id="password"
        ),
        pytest.param(OIDC, Tokens.OIDC, id="token endpoint"),
        pytest.param({"sasl_mechanism": "OAUTHBEARER", "properties": GRANT}, Tokens.OTHER, id="another grant"),
        pytest.param({"sasl_mechanism": "OAUTHBEARER", "properties": METADATA}, Tokens.OTHER, id="metadata"),
    ],
)
def test_only_the_setting_of_a_token_endpoint_makes_it_the_settings_own(
    settings: dict[str, object], tokens: Tokens
) -> None:
    """Hints for another grant must not name settings that are not set."""
    assert Identity.of(client_properties(read_section(Kafka, CONNECTION | settings))).tokens is tokens
