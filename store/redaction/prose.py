"""Whether words are a sentence: what is wrong with a secret, or text about one."""

import re
from typing import Final

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
_WRONG: Final = re.compile(
    rb"(?i)\b(?:must|may|should|can(?:no|')?t?|could|couldn't|do|does|did|\w+n't|needs?|contains|exceeds|"
    rb"not|no|too|required?s?|invalid|missing|incorrect|wrong|expired|expects?|expected|revoked|"
    rb"malformed|unknown|unsupported|unexpected|already|only|blank|empty|please|ensure|enter|choose|"
    rb"provided?|failed|rejected|denied|unauthorized|forbidden|mismatch|mismatched|disallowed|"
    rb"deprecated|unrecognized|unverified|weak|short|long|set|used|given|changed|reset|deleted|"
    rb"created|updated|optional|hidden|masked|generated|stored|sent)\b"
)
"""What a message says; `this is` and the like may begin a pass phrase too."""
_NOUN: Final = re.compile(
    rb"(?i)\b(?:pass(?:words?|phrase|code)|tokens?|secret|keys?|api|field|value|username|login|code|"
    rb"pin|otp|confirmation|session|signature|credentials?|auth\w*|header|parameter|property|"
    rb"attribute|input|string|account|e-?mail|minimum|maximum|length|characters?|letters?|digits?|"
    rb"symbols?|blank|empty|valid|allowed|supported)\b"
)
_SHORT: Final = re.compile(
    rb"(?i)(?:(?:is|are|was|has)[ ](?:not[ ])?)?(?:required|"
    rb"invalid|missing|expired|incorrect|wrong|"
    rb"malformed|revoked|set|blank|empty|hidden|masked)[.!]?"
    rb"|not[ ]found[.!]?|(?:is[ ])?too[ ](?:short|long|weak|common)[.!]?"
)
_ASKS: Final = re.compile(rb"(?i)\W?(?:no|not|only|already|please|enter|choose|short|long|weak)\b")
_FUNCTION: Final = re.compile(
    rb"(?i)(?<![\w'-])(?:a|an|the|is|are|was|were|be|been|has|have|had|will|would|can|must|may|by|to|of|"
    rb"for|in|on|at|from|with|before|after|when|if|not|only|each|every|any|no|you|your|it|its|that|"
    rb"this|these|and|or|now|via|see|as|into|than|which|who|whose|we|our|they|their)(?![\w'-])"
)
_SENTENCE: Final = re.compile(
    rb"(?:[(\[\"']?(?:[A-Za-z][a-z]{0,24}(?:['-][a-z]{1,12})?|[A-Z]{2,6}|v?\d{1,4}(?:\.\d{1,4}){0,3}"
    rb"|\#\d{1,7}|[0-9a-f]{40}|`[^`\s]{1,60}`)[)\]\"']?[.,;:!?]?(?:[ ]|$)){3,60}"
)
_TOLD: Final = re.compile(rb"[a-z]{2,20}(?:ed|wn|en|ing|ept)\b")
_STATES: Final = re.compile(rb" (?:is|are|was|were|has|have) ")
_SOME: Final = 3
_MANY: Final = 5
_LONGEST_MESSAGE: Final = 300


def is_message(value: bytes) -> bool:
    """Whether `value` says what is wrong with a secret, in plain words: `must not be blank`."""
    return (
        (b" " in value or value.isalpha())
        and len(value) <= _LONGEST_MESSAGE
        and _MESSAGE.fullmatch(value) is not None
        and _WRONG.search(value) is not None
    )


def is_complaint(value: bytes) -> bool:
    """Whether a whole value is such a message for certain: of two words or three there must be
    one that no pass phrase is likely to have, for `no way` may be one."""
    if not is_message(value):
        return False
    if _SHORT.fullmatch(value) or (b" " in value and _NOUN.search(value)):
        return True
    least = _MANY if _ASKS.match(value) else _SOME
    return value.count(b" ") + 1 >= least


def is_prose(value: bytes) -> bool:
    """Whether what follows a name in running text goes on with the sentence."""
    return _PROSE.match(value) is not None


def is_sentence(value: bytes, *, strict: bool = False) -> bool:
    """Whether `value` is plain words that make a sentence: with a word such as `the`, which pass
    phrases drawn from a list have none of. `strict` asks for more, where people may have made up
    a phrase themselves."""
    if len(value) > _LONGEST_MESSAGE or _SENTENCE.fullmatch(value) is None:
        return False
    count = sum(1 for _ in _FUNCTION.finditer(value))
    if not strict:
        return count > 0 and (value.count(b" ") >= _SOME or _STATES.search(value) is not None)
    whole = value.count(b" ") >= _MANY or value.endswith(b".") or _TOLD.match(value) is not None
    return count > 1 and whole
