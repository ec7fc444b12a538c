"""From a config to what the keeper is told: what is kept, how it is classified and redacted, how
long it stays, and where."""

from pathlib import Path

from proxy.config.relay import data_folder
from proxy.config.tables import Config
from proxy.config.units import Duration, seconds
from store.capture_options import CaptureOptions, SkipBody
from store.classification.rules import ClassificationRules
from store.options import StoreOptions
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


def store_address(config: Config) -> str | Path:
    """Where the activities are: a URL, or the database file of the data folder."""
    return data_folder(config).activity_db if config.store is None else config.store


def store_options(config: Config) -> StoreOptions:
    """How long rows, bodies and counts stay, and whether words are indexed."""
    retention = config.retention
    return StoreOptions(
        keep=milliseconds(retention.keep),
        organizations={name: milliseconds(keep) for name, keep in retention.organizations.items()},
        keep_bodies=milliseconds(retention.keep_bodies),
        compress_after=milliseconds(retention.compress_after),
        keep_rollups=milliseconds(retention.keep_counts),
        search=config.search.index,
    )


def milliseconds(duration: Duration) -> int | None:
    """A duration in whole milliseconds; `None` for `never`."""
    found = seconds(duration)
    return None if found is None else round(found * 1000)
