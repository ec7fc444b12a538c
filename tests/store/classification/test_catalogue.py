import pytest

from store.activity import ActivityType
from store.classification.catalogue import built_in_catalogue, load_catalogue
from store.classification.path_template import path_template
from store.classification.webhooks import built_in_webhooks
from store.errors import RuleError


@pytest.mark.parametrize(
    ("host", "provider", "integration"),
    [
        ("api.golioth.io", "golioth", "golioth"),
        ("iot.us-east-1.amazonaws.com", "aws-iot", "aws-iot"),
        ("data-ats.iot.eu-west-1.amazonaws.com", "aws-iot", "aws-iot"),
        ("a1b2c3-ats.iot.eu-west-1.amazonaws.com", "aws-iot", "aws-iot"),
        ("data.jobs.iot.eu-west-1.amazonaws.com", "aws-iot", "aws-iot"),
        ("iot.cn-north-1.amazonaws.com.cn", "aws-iot", "aws-iot"),
        ("email.eu-west-1.amazonaws.com", "aws-ses", "aws-ses"),
        ("sqs.eu-west-1.amazonaws.com", "aws", "aws-sqs"),
        ("sts.amazonaws.com", "aws", "aws-sts"),
        ("bucket.s3.eu-west-1.amazonaws.com", "aws-s3", "aws-s3"),
        ("bucket.s3.amazonaws.com", "aws-s3", "aws-s3"),
        ("x.y.z.amazonaws.com", "aws", "aws"),
        ("hub.azure-devices.net", "azure-iot-hub", "azure-iot-hub"),
        ("global.azure-devices-provisioning.net", "azure-iot-dps", "azure-iot-dps"),
        ("pubsub.googleapis.com", "google-pubsub", "google-pubsub"),
        ("europe-west1-pubsub.googleapis.com", "google-pubsub", "google-pubsub"),
        ("storage.googleapis.com", "google", "google-storage"),
        ("oauth2.googleapis.com", "google", "google"),
        ("slack.com", "slack", "slack"),
        ("hooks.slack.com", "slack", "slack"),
        ("api.sendgrid.com", "sendgrid", "sendgrid"),
        ("api.eu.mailgun.net", "mailgun", "mailgun"),
        ("api.postmarkapp.com", "postmark", "postmark"),
        ("api.resend.com", "resend", "resend"),
        ("api.stripe.com", "stripe", "stripe"),
        ("api.github.com", "github", "github"),
        ("api.twilio.com", "twilio", "twilio"),
        ("shop.myshopify.com", "shopify", "shopify"),
        ("api.hubapi.com", "hubspot", "hubspot"),
        ("events.pagerduty.com", "pagerduty", "pagerduty"),
        ("contoso.webhook.office.com", "microsoft-teams", "microsoft-teams"),
        ("discord.com", "discord", "discord"),
        ("api.telegram.org", "telegram", "telegram"),
    ],
)
def test_hosts_have_providers(host: str, provider: str, integration: str) -> None:
    found = built_in_catalogue().find(host)
    assert found is not None
    assert (found[0].name, found[1]) == (provider, integration)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "amazonaws.com",
        "notslack.com",
        "slack.com.evil.test",
        "api.golioth.io.test",
        "",
    ],
)
def test_other_hosts_have_none(host: str) -> None:
    assert built_in_catalogue().find(host) is None


def test_every_literal_of_a_call_survives_templates() -> None:
    """Calls are matched against path templates: a literal that looks like an id never would be."""
    for provider in built_in_catalogue().providers.values():
        for call in provider.calls:
            for piece in call.template.split("/"):
                if "{" not in piece:
                    assert path_template(f"/{piece}") == f"/{piece}", (provider.name, piece)


def test_every_call_is_reachable() -> None:
    """A line that an earlier, wider one always hides is a mistake."""
    for provider in built_in_catalogue().providers.values():
        for place, call in enumerate(provider.calls):
            sample = call.template.replace("...}", "}")
            for earlier in provider.calls[:place]:
                hidden = (
                    earlier.condition is None
                    and earlier.fits(sample)
                    and call.methods <= earlier.methods
                )
                assert not hidden, (provider.name, call.template, earlier.template)


def test_providers_have_unique_names_and_the_webhook_table_compiles() -> None:
    catalogue = built_in_catalogue()
    assert len(catalogue.providers) == len(catalogue.entries)
    assert built_in_webhooks() is not None


def test_each_activity_type_of_calls_is_used() -> None:
    used = {c.activity_type for p in built_in_catalogue().providers.values() for c in p.calls}
    assert used >= set(ActivityType) - {ActivityType.WEBHOOK_RECEIVED, ActivityType.OTHER}


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ('["GET /x"]', "METHODS PATH TYPE"),
        ('["GET /x nonsense"]', "no activity type"),
        ('["GET /x api_call if moon full"]', "no condition"),
        ('["GET /x api_call when header X"]', "METHODS PATH TYPE"),
    ],
)
def test_mistakes_in_calls_are_told_with_the_provider(calls: str, message: str) -> None:
    with pytest.raises(RuleError, match=f"acme.*{message}"):
        load_catalogue(f'[[provider]]\nname="acme"\ntitle="A"\nhosts=[]\ncalls={calls}')


def test_unknown_keys_and_repeated_hosts_are_refused() -> None:
    with pytest.raises(RuleError, match="colour"):
        load_catalogue('[[provider]]\nname="a"\ntitle="A"\nhosts=[]\ncolour="red"')
    entry = '[[provider]]\nname="a"\ntitle="A"\nhosts=["x.test"]\n'
    with pytest.raises(RuleError, match=r"x\.test"):
        load_catalogue(entry + entry)
    with pytest.raises(RuleError):
        load_catalogue("not toml")
