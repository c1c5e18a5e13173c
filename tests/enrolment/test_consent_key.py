"""Which traits are about marketing consent, and how their values are to be understood."""

from __future__ import annotations

import sys

import pytest

from consumer.enrolment.consent_key import ConsentKey, consent_key
from tests.support.growth import MOST_GROWTH, PATTERN_IDS, PATTERNS, growth

GRANT = [
    *(
        "marketing_opt_in",
        "marketingOptIn",
        "marketing_opted_in",
        "Marketing Opt-In",
        "opt_in",
        "optIn",
        "opted_in",
        "OPT IN",
    ),
    *("marketing_consent", "marketingConsent", "has_marketing_consent", "hasMarketingConsent", "consent_to_marketing"),
    *("accepts_marketing", "acceptsMarketing", "buyer_accepts_marketing", "accepted_marketing", "marketing_accepted"),
    *("accepts_sms", "accepts_sms_marketing", "accepts_email_marketing", "agrees_to_marketing", "marketing_allowed"),
    *("is_subscribed", "isSubscribed", "subscribed", "email_subscribed", "sms_subscribed", "subscribed_to_newsletter"),
    *("sms_opt_in", "smsOptIn", "email_opt_in", "emailOptIn", "opt_in_sms", "opted_in_to_sms", "sms_marketing_opt_in"),
    *(
        "user_opted_in",
        "has_opted_in",
        "is_opted_in",
        "did_opt_in",
        "customer_opt_in",
        "text_opt_in",
        "text_message_opt_in",
    ),
    *(
        "sms_consent",
        "email_consent",
        "sms_marketing_consent",
        "emailMarketingConsent",
        "tcpa_consent",
        "phone_consent",
    ),
    *("sms_marketing_state", "email_marketing_status", "marketing_subscription_status", "sms_subscription_status"),
    *("newsletter", "newsletter_opt_in", "newsletter_signup", "receive_newsletter", "wants_newsletter", "mailing_list"),
    *("marketing_emails", "sms_marketing", "email_marketing", "promotional_emails", "receive_marketing_emails"),
    *(
        "marketing_permission",
        "email_permission",
        "marketing_enabled",
        "gdpr_marketing_consent",
        "email_subscribe",
        "custom_1",
    ),
]
REFUSAL = [
    *(
        "marketing_opt_out",
        "marketingOptOut",
        "opt_out",
        "optOut",
        "opted_out",
        "has_opted_out",
        "sms_opt_out",
        "email_opt_out",
    ),
    *("HasOptedOutOfEmail", "hs_email_optout", "hs_email_optout_12345678", "opt_out_of_marketing", "opted_out_sms"),
    *(
        "unsubscribed",
        "is_unsubscribed",
        "unsubscribe",
        "email_unsubscribed",
        "unsubscribed_from_all",
        "unsubscribed_at",
    ),
    *(
        "do_not_contact",
        "doNotContact",
        "do_not_sms",
        "do_not_email",
        "do_not_text",
        "do_not_call",
        "dont_contact",
        "do_not_market",
    ),
    *(
        "DNC",
        "dnd",
        "no_marketing",
        "no_sms",
        "no_emails",
        "not_subscribed",
        "never_subscribed",
        "not_opted_in",
        "sms_do_not_contact",
    ),
    *(
        "suppressed",
        "is_suppressed",
        "sms_suppressed",
        "emailBlacklisted",
        "smsBlacklisted",
        "sms_blocked",
        "blocklisted",
    ),
    *(
        "marketing_consent_withdrawn",
        "consent_revoked",
        "marketing_refused",
        "declines_marketing",
        "marketing_disabled",
    ),
    *("opted_out_at", "opt_out_date"),
]
UNSPECIFIC = [
    *(
        "consent",
        "consented",
        "has_consent",
        "gdpr_consent",
        "consent_given",
        "can_receive_sms",
        "can_receive_email_marketing",
    ),
    *(
        "can_contact",
        "sms_enabled",
        "receive_emails",
        "marketing_email",
        "not_opted_out",
        "opt_in_opt_out",
    ),
]
UNSPECIFIC += ["can_be_contacted", "contact_me", "contact_by_sms", "einwilligung", "consentement"]
SUBJECT = ["marketing", "Marketing", "werbung", "publicidad"]
STATUS = ["subscription_status", "email_status", "sms_status", "subscription_state"]
NONE = [
    *(
        "",
        "email",
        "phone",
        "name",
        "status",
        "state",
        "country",
        "text",
        "message",
        "contact",
        "mobile_phone",
        "contact_email",
    ),
    *(
        "opt_in_date",
        "opt_in_at",
        "email_opt_in_source",
        "opt_in_ip",
        "marketing_opt_in_level",
        "subscribed_at",
        "consent_date",
    ),
    *(
        "consent_version",
        "consent_updated_at",
        "unsubscribe_url",
        "unsubscribe_link",
        "opt_out_reason",
        "unsubscribe_token",
    ),
    *(
        "subscription",
        "subscription_plan",
        "subscription_id",
        "is_subscriber",
        "subscriptions",
        "cio_subscription_preferences",
    ),
    *(
        "cookie_consent",
        "cookieConsent",
        "analytics_consent",
        "advertising_consent",
        "tracking_opt_in",
        "privacy_consent",
    ),
    *(
        "push_opt_in",
        "push_subscribe",
        "whatsapp_opt_in",
        "third_party_opt_in",
        "partner_marketing_consent",
        "beta_opt_in",
    ),
    *(
        "double_opt_in",
        "terms_accepted",
        "accepts_terms",
        "do_not_sell",
        "do_not_track",
        "permissions",
        "accepted",
        "enabled",
    ),
    *("adoption", "options", "option", "optional", "blocked", "rejected", "declined", "disabled", "no_phone", "active"),
    *(
        "email_verified",
        "email_marketing_id",
        "newsletter_frequency",
        "marketing_source",
        "commercial",
        "promotion",
        "x" * 65,
    ),
]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        *((key, ConsentKey.GRANT) for key in GRANT),
        *((key, ConsentKey.REFUSAL) for key in REFUSAL),
        *((key, ConsentKey.UNSPECIFIC) for key in UNSPECIFIC),
        *((key, ConsentKey.SUBJECT) for key in SUBJECT),
        *((key, ConsentKey.STATUS) for key in STATUS),
        *((key, None) for key in NONE),
    ],
)
def test_a_key_is(key: str, expected: ConsentKey | None) -> None:
    assert consent_key(key) is expected


def test_a_long_key_is_not_kept_in_memory() -> None:
    key = "opt_in" * 1000
    references = sys.getrefcount(key)
    assert consent_key(key) is None
    assert sys.getrefcount(key) == references


@pytest.mark.parametrize("pattern", [*PATTERNS, "is", "optin"], ids=[*PATTERN_IDS, "is", "opt-in"])
def test_a_long_key_takes_linear_time(pattern: str) -> None:
    assert growth(consent_key, lambda size: pattern * (size // len(pattern))) <= MOST_GROWTH
