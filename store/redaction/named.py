"""Cuts of whole values because of the name that they stand under."""

import re
from functools import lru_cache
from typing import Final

from store.redaction import auth, cookies
from store.redaction.json_trail import Place, readable
from store.redaction.names import Kind, pieces_of
from store.redaction.work import Work

_SCOPED: Final = re.compile(rb"([^/\s]{8,})(/\d{8}/[\w/.-]+)")
_SCHEMED: Final = re.compile(
    rb"(?is)((?:bearer |basic |token |sha1=|sha256=|sha512=|v0=) ?)(\S.*)\Z"
)
_IDENTIFIER: Final = re.compile(rb"[A-Za-z]{1,20}(?:[_-][A-Za-z]{1,20}){1,5}")
_DEFAULT: Final = re.compile(
    rb"(?s)(\$\{(?![a-z]{2,10}:)[A-Za-z_][\w.-]{0,80}?(?::[-=]?|[-=]))([^{}$]{1,300})(\})"
)
"""`${DB_PASSWORD:-x}`: what is taken when there is no such variable."""
_LEAST_JUDGED: Final = 16
_LEAST_TOKEN: Final = 12
_ROLE: Final = re.compile(
    rb"(?is)(.{0,120}?)(\[?)(?:(name|key|field|header|param|label|k)|(?:value|val|v|content))"
    rb"(\]?(?:[_.-]?\d{1,4}|\[\d{0,4}\])?)"
)


def cut_value(work: Work, name: bytes, value: bytes, place: Place) -> bytes:
    """Cut a whole value by its name; a scheme in front stays, and a credential scope behind."""
    scope = _SCOPED.fullmatch(value) if b"/" in value else None
    if scope and name.lower().endswith(b"credential"):
        return work.cut(scope[1], place, rule_of(name)) + scope[2]
    default = _DEFAULT.fullmatch(value) if value.startswith(b"${") else None
    if default is not None:
        return default[1] + work.cut(default[2], place, rule_of(name)) + default[3]
    schemed = _SCHEMED.match(value)
    if schemed is not None:
        work.taint(value)
        return schemed[1] + work.cut(schemed[2], place, rule_of(name))
    return work.cut(value, place, rule_of(name))


def cut_named(work: Work, name: bytes, value: bytes, place: Place) -> bytes:
    """Cut a value that stands under a secret name, by the form that such values have."""
    lowered = name.lower()
    if not has_own_form(name) and not lowered.endswith(b"cookies"):
        return cut_value(work, name, value, place)
    if lowered.endswith(b"authorization"):
        return auth.redact_authorization(work, value, place)
    return cookies.redact_cookie(work, value, place, b"set" in lowered)


@lru_cache(maxsize=4_000)
def has_own_form(name: bytes) -> bool:
    """Whether values under that name are looked at by their form, whatever they are."""
    return name.lower().endswith((b"authorization", b"cookie"))


@lru_cache(maxsize=4_000)
def rule_of(name: bytes) -> str:
    """The rule that stands for a cut by name."""
    return f"name:{readable(name.rpartition(b'.')[2]).lower()}"


def least_of(name: bytes) -> int:
    """From how many characters on a value among several under that name may be judged."""
    return _LEAST_TOKEN if name.lower().endswith(b"tokens") else _LEAST_JUDGED


def describes(work: Work, key: bytes) -> bool:
    """Whether a key inside a secret's object describes the secret instead of holding it."""
    pieces = pieces_of(key)
    return bool(pieces) and (
        (
            pieces[-1] in work.rules.names.neutral
            or (len(pieces) > 1 and pieces[-1] in work.rules.names.neutral_tails)
        )
        and work.names.kind(key) is Kind.PLAIN
    )


def names_another(work: Work, name: bytes, value: bytes) -> bool:
    """Whether `value` only names one of the secrets that `name` lists: `secrets: [db_password]`."""
    last = pieces_of(name.rpartition(b".")[2])[-1:]
    return (
        last in (["secrets"], ["tokens"], ["credentials"], ["keys"])
        and _IDENTIFIER.fullmatch(value) is not None
        and work.names.kind(value) is not Kind.PLAIN
    )


class NamedPairs:
    """Follows fields that come in pairs: `name=DB_PASSWORD` and then `value=...`, with the
    same text in front of both words (`env[0][name]`)."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._kinds: dict[tuple[bytes, bytes], Kind] = {}

    def see(self, field: bytes, value: bytes) -> None:
        """A field that may name another one."""
        pair, names = _role(field)
        if names and pair is not None:
            self._kinds[pair] = self._work.names.kind(value)

    def kind(self, field: bytes) -> Kind:
        """What the field's name means after the fields seen so far."""
        if not self._kinds:
            return Kind.PLAIN
        pair, names = _role(field)
        return Kind.PLAIN if names or pair is None else self._kinds.get(pair, Kind.PLAIN)


def _role(field: bytes) -> tuple[tuple[bytes, bytes] | None, bool]:
    """What the two fields of a pair have in common, and whether `field` is the naming one."""
    match = _ROLE.fullmatch(field)
    if match is None:
        return None, False
    before, word = match[1], field[match.end(2) : match.end(2) + 1]
    if before[-1:].isalpha() and not match[2] and not word.isupper():
        return None, False
    return (before, match[4]), match[3] is not None
