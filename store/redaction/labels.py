"""Files of labels: `{"password": "Passwort"}` under /locales/ is what a field is called."""

import re
from functools import lru_cache
from typing import Final

_PLACE: Final = re.compile(
    r"(?i)(?:^|[/._-])(?:i18n|l10n|locales?|langs?|languages?|translations?|intl|lc_messages"
    r"|locali[sz]ation)(?:[/._-][\w-]{1,60}){0,5}\.[a-z]{2,10}\Z"
    r"|\.(?:po|pot|xliff|xlf|arb|strings)\Z"
)
_LABEL: Final = re.compile(
    r"(?:[^\W\d_]|[ .,:;!?'\u2019\u2026()\u00bf\u00a1&/*\"\u3001-\u3002\uff01\uff1f-]"
    r"|\{\w{0,20}\})+"
)


@lru_cache(maxsize=1_000)
def is_label_file(target: str) -> bool:
    """Whether the path of a URL is that of a file of labels in some language."""
    return _PLACE.search(target.partition("?")[0]) is not None


def is_label(value: bytes) -> bool:
    """Whether `value` is words only."""
    text = value.decode("utf-8", "replace")
    return len(text) <= 400 and _LABEL.fullmatch(text) is not None
