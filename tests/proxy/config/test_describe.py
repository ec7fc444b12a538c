"""Every setting is described, and the description is true."""

import tomllib

import pytest

from proxy.config import load
from proxy.config.describe import Setting, describe, markdown

SETTINGS = describe()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_each_has_a_sentence(setting: Setting) -> None:
    assert setting.text.endswith(".")
    assert setting.text[0].isupper() or setting.text[0] == "`"
    assert "|" not in setting.text + setting.type, "it stands in a Markdown table"


def test_names_are_unique() -> None:
    keys = [setting.key for setting in SETTINGS]
    assert len(keys) == len(set(keys))


def test_the_defaults_told_are_the_defaults() -> None:
    """A file made of all defaults changes nothing."""
    lines = [
        f"{setting.key} = {setting.default}"
        for setting in SETTINGS
        if setting.default not in ("-", "required")
        and "[]" not in setting.key
        and "NAME" not in setting.key
    ]
    tree = tomllib.loads("\n".join(lines))
    assert len(lines) > 25
    assert load(overrides=tree, environ={}).capture == load(environ={}).capture
    for table in ("listen", "retention", "upstream", "limits", "api", "redaction"):
        assert getattr(load(overrides=tree, environ={}), table) == getattr(load(environ={}), table)


def test_variables_are_those_that_are_read() -> None:
    by_key = {setting.key: setting.variable for setting in SETTINGS}
    assert by_key["capture.body_limit"] == "WIRETRAIL_CAPTURE_BODY_LIMIT"
    assert by_key["data"] == "WIRETRAIL_DATA"
    assert by_key["incoming[].listen"] is None


def test_the_markdown_table_has_a_row_for_each() -> None:
    lines = markdown(SETTINGS).splitlines()
    assert len(lines) == len(SETTINGS) + 2
    assert all(line.count("|") == 5 for line in lines)
