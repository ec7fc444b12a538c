"""From a config to what the keeper is told: rules of classification, options of redaction."""

from proxy.config.tables import Config
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


def redaction_options(config: Config) -> RedactionOptions:
    """What is cut beyond the default rules."""
    return config.redaction
