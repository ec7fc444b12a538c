"""From a config to what the keeper is told: rules of classification, options of redaction."""

from proxy.config.tables import Config
from store.capture_options import CaptureOptions, SkipBody
from store.classification.rules import ClassificationRules
from store.redaction.options import RedactionOptions


def classification_rules(config: Config) -> ClassificationRules:
    """The operator's own rules."""
    return ClassificationRules(
        organizations=list(config.organization),
        integrations=list(config.integration),
        rules=list(config.rule),
        default_organization=config.capture.organization,
    )


def capture_options(config: Config) -> CaptureOptions:
    """What rows keep of an exchange."""
    capture = config.capture
    return CaptureOptions(
        ip_address=capture.ip_address,
        user_agent=capture.user_agent,
        skip_body=tuple(
            SkipBody(
                host=skip.host,
                path=skip.path,
                content_type=skip.content_type,
                activity_type=skip.activity_type,
            )
            for skip in capture.skip_body
        ),
    )


def redaction_options(config: Config) -> RedactionOptions:
    """What is cut beyond the default rules."""
    return config.redaction
