"""What a value's own form says: random, benign, a card number, a placeholder."""

import re
from typing import Final

_TOKEN: Final = re.compile(rb"[A-Za-z0-9+/=_.~%:$!*-]+")
_WORDS: Final = re.compile(rb"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[0-9]{0,4}|[A-Z]+[0-9]{0,4}")
_UUID: Final = re.compile(rb"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_RESOURCE: Final = re.compile(rb"(?!SK)[A-Z]{2}[0-9a-f]{32}")
"""A resource's identifier at Twilio, e.g. `AC...` an account."""
_CHAIN_ADDRESS: Final = re.compile(rb"0x[0-9a-fA-F]{40}")
_SPLIT: Final = re.compile(rb"[-_.:/~%+=$!*]+")
_LITERAL: Final = frozenset(
    b"true false null none nil undefined yes no on off n/a na unknown required optional string str "
    b"text number integer int bool boolean varchar uuid object array any void hidden redacted "
    b"masked filtered basic bearer digest oauth oauth2 jwt apikey api_key header cookie query "
    b"enabled disabled default".split()
)
_PLACEHOLDER: Final = re.compile(
    rb"\$\{[^{}]{0,80}\}|\$\{\{[^{}]{0,80}\}\}|\{\{[^{}]{0,80}\}\}"
    rb"|<[A-Za-z][\w -]{0,40}>|[*x.\xe2\x80\xa2\xa6]{2,}"
    rb"|(?i:(?:hmac[-_]?)?(?:sha-?\d{1,3}|md5|rsa|ecdsa|ed25519|[hrep]s\d{3})"
    rb"(?:[-_]?(?:with|and|rsa|ecdsa|encryption|hmac|sha-?\d{1,3}|pss|rsae|v\d)){0,5})"
    rb"|(?i:n?(?:var)?char2?|(?:var)?binary|character(?: varying)?|string|raw|bit)\(\d{1,5}\)?"
    rb"|\[?(?i:filtered|redacted|masked|hidden|secret|removed)\]|%\(?\w{0,40}\)?s|:\w{1,20}"
)
_PROSE: Final = re.compile(
    rb"(?i)(?:is|was|are|must|can|can't|cannot|could|couldn't|has|have|should|does|doesn't|did|didn't|may|not|no|too|"
    rb"the|a|an|invalid|missing|incorrect|wrong|expired|expected|required|please|for|in|of|to|and|"
    rb"or|from|with|on|at|required,?|got|unexpected|undefined|null|none|error|failed|not_found|has_expired)\b"
)
_SUBJECT: Final = (
    rb"(?:the|this|that|your|our|a|an|new|old|current|previous|provided|given|supplied|entered|password|"
    rb"passwords|passphrase|passcode|token|secret|key|api|access|refresh|auth|client|field|value|it|user|"
    rb"username|login|code|pin|otp|confirmation|session|signature|credentials?|authentication|"
    rb"authorization|header|parameter|property|attribute|input|string|account|email|name|and|or|"
    rb"both|two|passwords?|minimum|maximum|at|least|length|e-mail)"
)
_VERB: Final = (
    rb"(?:is|are|was|were|must|may|should|cannot|can|can't|could|couldn't|has|have|had|does|do|doesn't|did|"
    rb"didn't|don't|isn't|wasn't|won't|needs|contains|exceeds|not|no|too|required|requires|invalid|missing|"
    rb"incorrect|wrong|expired|expected|expects|revoked|malformed|unknown|unsupported|unexpected|"
    rb"already|only|blank|empty|please|ensure|enter|choose|provide|failed|rejected|denied|unauthorized|"
    rb"forbidden|mismatch|mismatched|disallowed|deprecated|unrecognized|unverified|weak|short|long)"
)
_MESSAGE: Final = re.compile(
    rb"(?i)\W?(?:"
    + _SUBJECT
    + rb"[ ]){0,8}"
    + _VERB
    + rb"(?:[ ,;:.]{1,2}(?:[a-z][a-z'-]*+|\d{1,3}|&|>=?|<=?)"
    rb"|[ ]\((?:[a-z]+|\d{1,3})|\)){0,40}[ .!?)]{0,3}"
)
_DATE: Final = re.compile(rb"\d{8}T?\d{0,6}Z?|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_SIMPLE: Final = re.compile(rb"[A-Za-z]{1,12}(?:[-_/ ][A-Za-z]{1,12}){0,3}|-?\d{1,5}|\d+\.\d+")
_CARDS: Final = re.compile(
    rb"4\d{15}|4\d{18}|42\d{11}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    rb"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"
    rb"|62\d{14}|(?:5018|5020|5038|6304|6759|676[1-3])\d{12}"
)
_LONGEST_MESSAGE: Final = 300
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
        or is_nothing(value)
    )


def is_nothing(value: bytes) -> bool:
    """Whether `value` stands for a secret without being one: a literal, a type, a placeholder,
    or what is wrong with it."""
    return (
        not value.strip()
        or value.lower() in _LITERAL
        or _PLACEHOLDER.fullmatch(value) is not None
        or is_message(value)
    )


def is_message(value: bytes) -> bool:
    """Whether `value` says what is wrong with a secret, in plain words: `must not be blank`."""
    return (
        (b" " in value or value.isalpha())
        and len(value) <= _LONGEST_MESSAGE
        and _MESSAGE.fullmatch(value) is not None
    )


def is_prose(value: bytes) -> bool:
    """Whether what follows a name in running text goes on with the sentence."""
    return _PROSE.match(value) is not None


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
