"""What a value's own form says: random, benign, a card number, a placeholder."""

import re
from typing import Final

from store.redaction.placeholders import is_placeholder, is_template
from store.redaction.prose import is_complaint

_TOKEN: Final = re.compile(rb"[A-Za-z0-9+/=_.~%:$!*-]+")
_WORDS: Final = re.compile(rb"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[0-9]{0,4}|[A-Z]+[0-9]{0,4}")
_UUID: Final = re.compile(rb"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_RESOURCE: Final = re.compile(rb"(?!SK)[A-Z]{2}[0-9a-f]{32}")
"""A resource's identifier at Twilio, e.g. `AC...` an account."""
_CHAIN_ADDRESS: Final = re.compile(rb"0x[0-9a-fA-F]{40}")
_SPLIT: Final = re.compile(rb"[-_.:/~%+=$!*]+")
_DATE: Final = re.compile(rb"\d{8}T?\d{0,6}Z?|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_SIMPLE: Final = re.compile(
    rb"(?:\d{1,3} )?[A-Za-z]{1,12}(?:(?:[-_/ ]|, )[A-Za-z]{1,12}){0,3}|-?\d{1,5}|\d+\.\d+"
    rb"|\d{1,3}(?:ms|[smhdw])"
)
_CARDS: Final = re.compile(
    rb"4\d{15}|4\d{18}|42\d{11}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    rb"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"
    rb"|62\d{14}|(?:5018|5020|5038|6304|6759|676[1-3])\d{12}"
)
_ARTICLE: Final = 13
_STRETCH: Final = 8
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_random(value: bytes, least: int = 16, *, uuid: bool = False) -> bool:
    """Whether `value` looks drawn by chance: long enough, one token, mixed classes of
    characters in one stretch, and neither words nor a date nor (unless asked) a UUID."""
    if len(value) < least or len(value) > 4096 or _TOKEN.fullmatch(value) is None:
        return False
    if _UUID.fullmatch(value):
        return uuid
    if _RESOURCE.fullmatch(value):
        return False
    if _DATE.fullmatch(value) or b"://" in value:
        return False
    stretch = max(_SPLIT.split(value), key=len)
    if len(stretch) < _STRETCH:
        return False
    return not stretch.isdigit() and _WORDS.fullmatch(stretch) is None


def is_benign(value: bytes) -> bool:
    """Whether `value` is a plain word or two, a small number, a date: not worth hiding under
    a name that only may be secret."""
    return (
        _SIMPLE.fullmatch(value) is not None
        or _DATE.fullmatch(value) is not None
        or is_placeholder(value)
        or is_nothing(value)
    )


def is_nothing(value: bytes) -> bool:
    """Whether `value`, sent whole as a secret, is none: a literal, a type, a template, or what
    is wrong with it."""
    return not value.strip() or is_template(value) or is_complaint(value)


def is_address(value: bytes) -> bool:
    """Whether `value` is the address of an account or a contract on a block chain."""
    return _CHAIN_ADDRESS.fullmatch(value) is not None


def is_uuid(value: bytes) -> bool:
    """Whether `value` is a UUID in its usual text form."""
    return _UUID.fullmatch(value) is not None


def is_card(digits: bytes) -> bool:
    """Whether `digits` is a payment card number: an issuer's prefix and length (ISO/IEC 7812),
    and the Luhn sum."""
    if _CARDS.fullmatch(digits) is None:
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        total += _DOUBLED[digit - 48] if index & 1 else digit - 48
    if total % 10 or len(set(digits)) == 1:
        return False
    return len(digits) != _ARTICLE or not _is_article(digits)


def _is_article(digits: bytes) -> bool:
    """Whether 13 digits are an article number by its check digit (GTIN-13, GS1)."""
    return (sum(digits[0::2]) + 3 * sum(digits[1::2]) - 48 * 25) % 10 == 0


def is_iban(value: bytes) -> bool:
    """Whether `value` is an IBAN by its check digits (ISO 13616)."""
    text = value.replace(b" ", b"").decode("ascii", "replace").upper()
    if not 15 <= len(text) <= 34 or not text.isalnum():
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
