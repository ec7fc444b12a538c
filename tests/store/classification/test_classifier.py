"""What calls are for. The paths and methods of SDKs are checked with the SDKs in tests/sdk."""

from typing import Any
from uuid import UUID

import pytest

from store.activity import ActivityType, Direction
from store.capture import Capture, Claims
from store.classification.classifier import UNKNOWN_SENDER, Classifier
from store.classification.rules import (
    Classification,
    ClassificationRules,
    Integration,
    Organization,
    Rule,
)
from store.errors import RuleError
from store.identity import integration_id, organization_id
from store.row import lower_names
from tests.store.captures import incoming, outgoing

ACME = UUID("11111111-1111-4111-8111-111111111111")


def classify(capture: Capture, **rules: Any) -> Classification:
    classifier = Classifier(ClassificationRules(**rules))
    return classifier.classify(capture, lower_names(capture.request_headers))


GOLIOTH = "https://api.golioth.io/v1/projects/acme-fleet"
HUB = "https://hub.azure-devices.net"
IOT = "https://iot.eu-west-1.amazonaws.com"
DATA = "https://data-ats.iot.eu-west-1.amazonaws.com"
SLACK = "https://slack.com/api"
PUBSUB = "https://pubsub.googleapis.com/v1/projects/p"


@pytest.mark.parametrize(
    ("method", "url", "activity_type"),
    [
        ("GET", GOLIOTH, "test_connection"),
        ("GET", f"{GOLIOTH}/devices?page=0", "sync_import"),
        ("POST", f"{GOLIOTH}/devices", "device_create"),
        ("GET", f"{GOLIOTH}/devices/68bf1cc5425dd2ea93f248a3", "api_call"),
        ("PATCH", f"{GOLIOTH}/devices/68bf1cc5425dd2ea93f248a3", "device_update"),
        ("PUT", f"{GOLIOTH}/devices/kitchen", "device_update"),
        ("DELETE", f"{GOLIOTH}/devices/kitchen/", "device_delete"),
        ("GET", f"{IOT}/things", "sync_import"),
        ("POST", f"{IOT}/things/kitchen", "device_create"),
        ("PATCH", f"{IOT}/things/kitchen", "device_update"),
        ("DELETE", f"{IOT}/things/kitchen", "device_delete"),
        ("GET", f"{IOT}/endpoint?endpointType=iot%3AData-ATS", "test_connection"),
        ("POST", f"{DATA}/things/kitchen/shadow", "device_update"),
        ("POST", f"{DATA}/topics/a%2Fb?qos=1", "api_call"),
        ("GET", f"{HUB}/devices?api-version=2021-04-12", "sync_import"),
        ("POST", f"{HUB}/devices/query", "sync_import"),
        ("PUT", f"{HUB}/devices/d1", "device_create"),
        ("DELETE", f"{HUB}/devices/d1", "device_delete"),
        ("PATCH", f"{HUB}/twins/d1", "device_update"),
        ("POST", f"{HUB}/devices", "sync_export"),
        ("GET", f"{HUB}/statistics/devices", "test_connection"),
        ("PUT", "https://x.azure-devices-provisioning.net/enrollments/e1", "device_create"),
        ("DELETE", "https://x.azure-devices-provisioning.net/enrollments/e1", "device_delete"),
        ("POST", f"{PUBSUB}/topics/telemetry:publish", "sync_export"),
        ("POST", f"{PUBSUB}/subscriptions/s:pull", "sync_import"),
        ("POST", f"{PUBSUB}/subscriptions/s:acknowledge", "api_call"),
        ("GET", f"{PUBSUB}/topics", "test_connection"),
        ("POST", f"{SLACK}/auth.test", "test_connection"),
        ("POST", f"{SLACK}/chat.postMessage", "notification_slack"),
        ("POST", f"{SLACK}/files.completeUploadExternal", "notification_slack"),
        ("POST", f"{SLACK}/conversations.list", "sync_import"),
        ("POST", f"{SLACK}/views.open", "api_call"),
        ("POST", "https://hooks.slack.com/services/T0/B0/fake", "notification_slack"),
        ("POST", "https://api.sendgrid.com/v3/mail/send", "notification_email"),
        ("GET", "https://api.sendgrid.com/v3/scopes", "test_connection"),
        ("POST", "https://api.mailgun.net/v3/mg.example.com/messages", "notification_email"),
        ("POST", "https://api.postmarkapp.com/email/batch", "notification_email"),
        ("GET", "https://api.postmarkapp.com/server", "test_connection"),
        ("POST", "https://api.resend.com/emails", "notification_email"),
        (
            "POST",
            "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails",
            "notification_email",
        ),
        ("GET", "https://api.stripe.com/v1/balance", "test_connection"),
        ("GET", "https://api.stripe.com/v1/customers?limit=100", "sync_import"),
        ("GET", "https://api.stripe.com/v1/customers/cus_1234", "api_call"),
        ("POST", "https://api.stripe.com/v1/customers", "api_call"),
        ("GET", "https://api.github.com/user", "test_connection"),
        ("GET", "https://api.github.com/repos/o/r/issues", "sync_import"),
        ("GET", "https://api.github.com/repos/o/r/issues/7", "api_call"),
        ("POST", "https://api.github.com/repos/o/r/issues", "api_call"),
        (
            "POST",
            "https://api.twilio.com/2010-04-01/Accounts/AC0123/Messages.json",
            "notification_webhook",
        ),
        ("GET", "https://api.twilio.com/2010-04-01/Accounts/AC0123.json", "test_connection"),
        ("GET", "https://s.myshopify.com/admin/api/2026-01/shop.json", "test_connection"),
        ("GET", "https://s.myshopify.com/admin/api/2026-01/products.json", "sync_import"),
        ("POST", "https://api.hubapi.com/crm/v3/objects/contacts/batch/update", "sync_export"),
        ("GET", "https://api.hubapi.com/crm/v3/objects/contacts", "sync_import"),
        ("POST", "https://events.pagerduty.com/v2/enqueue", "notification_webhook"),
        ("GET", "https://api.pagerduty.com/abilities", "test_connection"),
        (
            "POST",
            "https://x.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d",
            "notification_webhook",
        ),
        ("POST", "https://discord.com/api/webhooks/1/fake", "notification_webhook"),
        ("GET", "https://discord.com/api/v10/users/@me", "test_connection"),
        ("POST", "https://api.telegram.org/bot1:fake/sendMessage", "notification_webhook"),
        ("GET", "https://api.telegram.org/bot1:fake/getMe", "test_connection"),
        (
            "POST",
            "https://gmail.googleapis.com/gmail/v1/users/me/messages/send",
            "notification_email",
        ),
        ("POST", f"{GOLIOTH}/devices/kitchen/credentials", "device_update"),
        ("GET", f"{GOLIOTH}/releases", "sync_import"),
        ("PUT", f"{IOT}/billing-groups/addThingToBillingGroup", "device_update"),
        ("GET", f"{IOT}/thing-groups", "sync_import"),
        ("POST", f"{SLACK}/conversations.replies", "sync_import"),
        ("POST", "https://hooks.slack.com/actions/T0/1/fake", "notification_slack"),
        ("POST", "https://slack-gov.com/api/chat.postMessage", "notification_slack"),
        ("GET", "https://api.sendgrid.com/v3/suppression/bounces", "sync_import"),
        ("GET", "https://api.mailgun.net/v3/mg.example.com/bounces", "sync_import"),
        ("POST", "https://api.resend.com/broadcasts/b1/send", "notification_email"),
        ("GET", "https://email.eu-west-1.amazonaws.com/?Action=GetSendQuota", "test_connection"),
        ("GET", "https://api.stripe.com/v1/checkout/sessions", "sync_import"),
        ("GET", "https://api.stripe.com/v1/checkout/sessions/cs_1", "api_call"),
        ("GET", "https://api.stripe.com/v1/tax/settings", "api_call"),
        ("GET", "https://api.stripe.com/v1/invoices/in_1/lines", "sync_import"),
        ("GET", "https://api.github.com/repos/o/r/readme", "api_call"),
        ("GET", "https://api.github.com/repos/o/r/actions/runs", "sync_import"),
        ("GET", "https://api.github.com/repos/o/r/issues/7/comments", "sync_import"),
        ("POST", "https://api.github.com/repos/o/r/issues/7/comments", "api_call"),
        ("GET", "https://api.github.com/user/repos", "sync_import"),
        ("GET", "https://api.twilio.com/2010-04-01/Accounts.json", "test_connection"),
        ("GET", "https://api.twilio.com/2010-04-01/Accounts/AC0/Balance.json", "api_call"),
        ("POST", "https://verify.twilio.com/v2/Services/VA0/Verifications", "notification_webhook"),
        ("POST", "https://verify.twilio.com/v2/Services/VA0/VerificationCheck", "api_call"),
        ("GET", "https://s.myshopify.com/admin/api/2026-01/draft_orders.json", "sync_import"),
        ("GET", "https://s.myshopify.com/admin/orders.json", "sync_import"),
        ("GET", "https://s.myshopify.com/admin/api/2026-01/products/count.json", "api_call"),
        ("POST", "https://api.hubapi.com/marketing/v4/email/single-send", "notification_email"),
        ("POST", "https://api.hubapi.com/crm/v4/associations/a/b/batch/create", "sync_export"),
        ("GET", "https://api.pagerduty.com/schedules", "sync_import"),
        ("POST", "https://smba.trafficmanager.net/teams/v3/conversations", "notification_webhook"),
        ("POST", "https://discord.com/api/channels/1/messages", "notification_webhook"),
        ("GET", "https://discord.com/api/users/@me", "test_connection"),
        ("GET", "https://discord.com/api/v10/users/81384788765712384", "api_call"),
        ("POST", "https://api.telegram.org/bot1:fake/sendVideo", "notification_webhook"),
        ("POST", "https://api.telegram.org/bot1:fake/answerCallbackQuery", "api_call"),
        ("GET", "https://api.example.com/v1/things", "api_call"),
    ],
)
def test_activity_types_of_calls(method: str, url: str, activity_type: str) -> None:
    assert classify(outgoing(method, url)).activity_type == activity_type


def test_a_header_tells_an_update_from_a_creation() -> None:
    update = outgoing("PUT", f"{HUB}/devices/d1", request_headers=[(b"If-Match", b'"*"')])
    assert classify(update).activity_type is ActivityType.DEVICE_UPDATE


def test_a_form_field_tells_actions_of_one_path_apart() -> None:
    ses = "https://email.eu-west-1.amazonaws.com/"
    sent = outgoing("POST", ses, request_body=b"Action=SendRawEmail&Version=2010-12-01")
    quota = outgoing("POST", ses, request_body=b"Action=GetSendQuota&Version=2010-12-01")
    assert classify(sent).activity_type is ActivityType.NOTIFICATION_EMAIL
    assert classify(quota).activity_type is ActivityType.TEST_CONNECTION


def test_templates_are_the_providers_where_it_knows_the_path() -> None:
    assert (
        classify(outgoing("DELETE", f"{GOLIOTH}/devices/kitchen")).path_template
        == "/v1/projects/{project}/devices/{device}"
    )
    assert classify(outgoing("GET", "https://x.test/u/42?y=1")).path_template == "/u/{id}"


@pytest.mark.parametrize(
    ("method", "url", "template"),
    [
        ("GET", "https://api.stripe.com/v1/charges", "/v1/charges"),
        ("POST", "https://api.stripe.com/v1/customers/cus_1234", "/v1/customers/{id}"),
        (
            "GET",
            "https://api.github.com/repos/o/r/pulls/7",
            "/repos/{owner}/{repository}/pulls/{item}",
        ),
        (
            "GET",
            "https://api.twilio.com/2010-04-01/Accounts/AC0123/Messages.json",
            "/{version}/Accounts/{account}/Messages.json",
        ),
        (
            "POST",
            f"{PUBSUB}/subscriptions/s:acknowledge",
            "/v1/projects/{project}/subscriptions/{subscription}:acknowledge",
        ),
        (
            "GET",
            "https://api.hubapi.com/crm/v3/objects/contacts/12",
            "/crm/v3/objects/contacts/{object}",
        ),
    ],
)
def test_kinds_of_things_keep_their_word(method: str, url: str, template: str) -> None:
    """Charts and slow endpoints are of customers and of charges, not of `{collection}`."""
    assert classify(outgoing(method, url)).path_template == template


def test_an_unknown_host_is_its_own_integration() -> None:
    found = classify(outgoing("GET", "https://API.Example.com/x"))
    assert found.integration == "api.example.com"
    assert found.provider is None
    assert found.organization == "default"
    assert found.organization_id == organization_id("default")
    assert found.integration_id == integration_id(found.organization_id, "api.example.com")


def test_rules_come_before_the_catalogue_and_the_first_that_fits_rules() -> None:
    rules = [
        Rule(host="*.slack.com", activity_type=ActivityType.OTHER),
        Rule(path="/api/chat.*", method=["POST"], integration="ops-chat"),
        Rule(path="/api/*", activity_type=ActivityType.SYNC_EXPORT),
    ]
    found = classify(outgoing("POST", f"{SLACK}/chat.postMessage"), rules=rules)
    assert found.integration == "ops-chat"
    assert found.activity_type is ActivityType.NOTIFICATION_SLACK, "the rule leaves it open"
    found = classify(outgoing("GET", f"{SLACK}/chat.postMessage"), rules=rules)
    assert found.activity_type is ActivityType.SYNC_EXPORT


def test_a_rule_may_name_direction_organization_and_provider() -> None:
    rules = [
        Rule(
            direction=Direction.INCOMING,
            path="/acme/*",
            organization="acme",
            provider="acme-erp",
            activity_type=ActivityType.SYNC_IMPORT,
        )
    ]
    found = classify(incoming("/acme/orders"), rules=rules)
    assert (found.organization, found.provider) == ("acme", "acme-erp")
    assert found.activity_type is ActivityType.SYNC_IMPORT
    assert classify(outgoing("GET", "https://x.test/acme/orders"), rules=rules).provider is None


def test_a_bad_rule_is_told_by_its_place() -> None:
    with pytest.raises(RuleError, match="rule 2: path"):
        Classifier(ClassificationRules(rules=[Rule(), Rule(path="re:(")]))
    with pytest.raises(RuleError, match="integration x: hosts"):
        Classifier(ClassificationRules(integrations=[Integration(name="x", hosts="re:(")]))


def test_configured_integrations_take_their_hosts_and_their_providers_calls() -> None:
    integrations = [
        Integration(name="erp", hosts=["*.erp.example"], provider="sap"),
        Integration(name="team-chat", provider="slack", id=ACME),
    ]
    found = classify(outgoing("GET", "https://eu.erp.example/x"), integrations=integrations)
    assert (found.integration, found.provider) == ("erp", "sap")
    found = classify(outgoing("POST", f"{SLACK}/auth.test"), integrations=integrations)
    assert (found.integration, found.integration_id) == ("team-chat", ACME)


def test_an_integration_of_another_organization_is_left_alone() -> None:
    integrations = [
        Integration(name="beta-chat", provider="slack", organization="beta"),
        Integration(name="acme-chat", provider="slack", organization="acme"),
    ]
    capture = outgoing("POST", f"{SLACK}/auth.test", organization="acme")
    assert classify(capture, integrations=integrations).integration == "acme-chat"
    assert (
        classify(outgoing("POST", f"{SLACK}/auth.test"), integrations=integrations).integration
        == "slack"
    )


def test_claims_of_the_service_rule() -> None:
    claims = Claims(organization="acme", integration="mine", activity_type="sync_export")
    found = classify(outgoing("POST", f"{SLACK}/auth.test", claims=claims))
    assert (found.organization, found.integration) == ("acme", "mine")
    assert found.activity_type is ActivityType.SYNC_EXPORT
    assert found.provider == "slack"


def test_a_claimed_activity_type_that_is_none_is_ignored() -> None:
    found = classify(outgoing(claims=Claims(activity_type="nonsense")))
    assert found.activity_type is ActivityType.API_CALL


@pytest.mark.parametrize(
    ("signature", "value", "provider"),
    [("Stripe-Signature", "t=1,v1=ab", "stripe"), ("X-Nothing", "1", None)],
)
def test_webhooks_belong_to_their_senders(signature: str, value: str, provider: str | None) -> None:
    capture = incoming(
        request_headers=[(signature.encode(), value.encode())],
        request_body=b'{"id": "evt_1", "type": "invoice.paid"}',
    )
    found = classify(capture)
    assert found.activity_type is ActivityType.WEBHOOK_RECEIVED
    assert found.provider == provider
    assert found.integration == (provider or UNKNOWN_SENDER)
    assert found.event == "invoice.paid"
    assert found.signature_header == (signature if provider else None)


def test_a_route_names_the_integration_of_its_webhooks() -> None:
    capture = incoming(integration="billing", request_headers=[(b"Stripe-Signature", b"t=1")])
    found = classify(capture)
    assert (found.integration, found.provider) == ("billing", "stripe")


def test_an_incoming_request_cannot_claim_anything() -> None:
    claims = Claims(organization="victim", integration="x", activity_type="other")
    found = classify(incoming(claims=claims))
    assert found.organization == "default"
    assert found.integration == UNKNOWN_SENDER
    assert found.activity_type is ActivityType.WEBHOOK_RECEIVED


def test_organizations_of_the_configuration_have_their_ids() -> None:
    organizations = [Organization(name="acme", id=ACME)]
    for word in ("acme", str(ACME)):
        found = classify(outgoing(organization=word), organizations=organizations)
        assert (found.organization, found.organization_id) == ("acme", ACME)
