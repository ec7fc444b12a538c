"""Messages about bodies: what was found, where, and what was expected."""

import msgspec
import pytest

from proxy.api.body_mistakes import body_mistake
from store.activity import ActivityType
from store.log_entry import LogCompletion, LogEntry


class _Nested(msgspec.Struct, forbid_unknown_fields=True):
    kinds: list[ActivityType]
    by_name: dict[str, ActivityType] = {}
    inner: "_Nested | None" = None


ENTRY = '"method": "SEND", "endpoint": "smtp://m", "integration": "m"'
MANY = ", ".join(kind.value for kind in ActivityType)


@pytest.mark.parametrize(
    ("body", "content", "message", "place"),
    [
        (LogCompletion, '{"stat": "success"}', "unknown field 'stat'; did you mean status?", "$"),
        (
            LogCompletion,
            '{"status": "finished"}',
            "'finished' is none of started, success, failed, error, timeout",
            "$.status",
        ),
        (
            LogEntry,
            f'{{{ENTRY}, "activity_type": "notification_emial"}}',
            f"'notification_emial' is none of {MANY}; did you mean notification_email?",
            "$.activity_type",
        ),
        (_Nested, '{"kinds": ["x"]}', f"'x' is none of {MANY}", "$.kinds[0]"),
        (
            _Nested,
            '{"kinds": [], "by_name": {"a": "x"}}',
            f"'x' is none of {MANY}",
            "$.by_name[...]",
        ),
        (
            _Nested,
            '{"kinds": [], "inner": {"kinds": [], "zzz": 1}}',
            "unknown field 'zzz'; known are kinds, by_name, inner",
            "$.inner",
        ),
        (_Nested, "[1]", "Expected `object`, got `array`", "$"),
    ],
)
def test_a_mistake_is_told_with_what_is_known(
    body: type, content: str, message: str, place: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(content, type=body)
    assert body_mistake(str(caught.value), body) == (message, place)


@pytest.mark.parametrize(
    "content", ['{"status": "%s"}', '{"%s": 1}', '{"response_headers": {"a": "b"}, "%s": {}}']
)
@pytest.mark.parametrize("value", ["FAKE" + "canary0123456789", "x" * 500, "a=b c"])
def test_what_is_no_word_is_not_quoted(content: str, value: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(content % value, type=LogCompletion)
    message, _ = body_mistake(str(caught.value), LogCompletion)
    assert value not in message
    assert "what was sent" in message
