"""Files of labels: `{"password": "Passwort"}` under /locales/ is what a field is called."""

import re
from functools import lru_cache
from typing import Final

_PLACE: Final = re.compile(
    rb"(?i)(?:^|[/._-])(?:i18n|l10n|locales|translations?|intl|lc_messages|locali[sz]ation)(?:[/._-]|\Z)"
    rb"|/(?:locale|langs?|languages?)/(?:[\w-]{1,40}/){0,4}[\w.-]{1,60}\.[a-z]{2,10}\Z"
    rb"|\.(?:po|pot|xliff|xlf|arb|strings)\Z"
)
_LABEL: Final = re.compile(
    r"(?:[^\W\d_]|[ .,:;!?'\u2019\u2026()\u00bf\u00a1&/*\"\u3001-\u3002\uff01\uff1f-]"
    r"|\{\w{0,20}\})+"
)


@lru_cache(maxsize=1_000)
def is_label_file(target: bytes) -> bool:
    """Whether the path of a URL says that what is sent are labels in some language."""
    return _PLACE.search(target.partition(b"?")[0]) is not None


def is_label(value: bytes) -> bool:
    """Whether `value` is words only."""
    text = value.decode("utf-8", "replace")
    return len(text) <= 400 and _LABEL.fullmatch(text) is not None
