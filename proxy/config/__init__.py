"""The config of an installation: one TOML file, the environment and flags over it.

`load` reads and checks it; the builders turn it into what each part of the program is told.
"""

from proxy.config.keeping import (
    capture_options,
    classification_rules,
    redaction_options,
    store_address,
    store_options,
)
from proxy.config.loading import load, reload, warnings
from proxy.config.problems import ConfigError, Problem
from proxy.config.relay import (
    BoundListener,
    api_address,
    check_authorities,
    data_folder,
    listeners,
    relay_settings,
    upstream_bundle,
)
from proxy.config.tables import Config
from proxy.config.units import Address

__all__ = [
    "Address",
    "BoundListener",
    "Config",
    "ConfigError",
    "Problem",
    "api_address",
    "capture_options",
    "check_authorities",
    "classification_rules",
    "data_folder",
    "listeners",
    "load",
    "redaction_options",
    "relay_settings",
    "reload",
    "store_address",
    "store_options",
    "upstream_bundle",
    "warnings",
]
