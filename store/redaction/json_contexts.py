"""Objects of JSON that one member makes recognisable, and what is secret in them then.

OAuth requests (RFC 6749), JSON Web Keys (RFC 7517), Kubernetes' secrets, and the answers of
secret stores: HashiCorp Vault, Google's Secret Manager, Azure's Key Vault; values that are marked
sensitive, GraphQL's variables, logins by remote calls.
"""

import base64
import binascii
import re
from typing import Final

from store.redaction.json_containers import Containers, Member, Span
from store.redaction.json_strings import unquoted
from store.redaction.json_trail import Place, shown
from store.redaction.names import Kind
from store.redaction.values import is_nothing
from store.redaction.work import Work

RELATED: Final = re.compile(
    rb'"(?:grant_type|code_verifier|kty|kind|stringData|verification_uri\w*|client_id'
    rb'|lease_duration|created_time|instances|auth_date|[Cc]ode|sensitive|masked|secured|(?:is_?)?[Ss]ecret)"'
)
"""Keys that make a document worth looking at for such objects."""
STORED: Final = b"/secrets/"
"""What the name of a stored secret holds, and makes worth looking at too."""

_STRING: Final = re.compile(rb'"[^"]*+"?')
_COLON: Final = re.compile(rb"\s*+:")
_GRANT: Final = frozenset(
    b"code code_verifier device_code user_code refresh_token assertion client_secret otp "
    b"client_assertion subject_token actor_token".split()
)
_GRANTING: Final = frozenset((b"grant_type", b"code_verifier", b"verification_uri", b"client_id"))
_VERIFIED: Final = frozenset(
    b"to phone phonenumber phone_number verificationsid verification_sid email username".split()
)
_FAILED: Final = frozenset((b"message", b"error", b"errors", b"status"))
_CODE: Final = re.compile(rb'"?\d{4,10}"?')
_KEY_NUMBERS: Final = frozenset(b"d p q dp dq qi k oth".split())
_HELD: Final = frozenset((b"data", b"stringdata"))
_VALUES: Final = frozenset((b"value", b"payload"))
_LEAST_TAINT: Final = 6

_MADE: Final = frozenset((b"result", b"bcrypt_hash"))
_MARKING: Final = frozenset(b"sensitive masked secured secret issecret is_secret".split())
_MARKED: Final = frozenset(b"value values stringvalue default".split())
_VARIABLE: Final = re.compile(rb"([\w-]{1,80})\s{0,8}:\s{0,8}\$(\w{1,80})(?!\w)")
CALL: Final = re.compile(
    rb'"(?:[\w.]{1,40}[._])?(?:[Ll]og_?[Ii]n|[Aa]uthenticate|[Aa]uthorize|execute(?:_kw)?)"'
)
"""A method that takes a password among its positional arguments."""
_ARGUMENTS: Final = frozenset((b"params", b"args", b"arguments"))
_THIRD: Final = 2

type Edit = tuple[int, int, bytes]


def cut_contexts(work: Work, containers: Containers, place: Place) -> list[Edit]:
    """The cuts that such objects ask for."""
    contexts = _Contexts(work, containers, place)
    for span in containers.spans:
        if containers.is_object(span):
            contexts.look(span)
    return contexts.edits


class _Contexts:
    def __init__(self, work: Work, containers: Containers, place: Place) -> None:
        self._work = work
        self._in = containers
        self._place = place
        self._listed = False
        self.edits: list[Edit] = []

    def look(self, span: Span) -> None:
        members = self._in.members(span)
        keys = {member.key.lower() for member in members}
        if keys & _GRANTING:
            self._all(members, _GRANT)
        if keys & _VERIFIED and not keys & _FAILED:
            self._one_time(members)
        if b"kty" in keys:
            self._all(members, _KEY_NUMBERS)
        kinds = {self._in.raw(m).lower() for m in members if m.key.lower() == b"kind"}
        self._listed = self._listed or b'"secretlist"' in kinds
        in_list = self._listed and b"metadata" in keys
        if b"stringdata" in keys or b'"secret"' in kinds or in_list:
            self._every(members, _HELD)
        if b"lease_duration" in keys:
            self._leased(members)
        if {b"data", b"metadata"} <= keys:
            self._versioned(members)
        if any(self._in.raw(m) == b'"SecureString"' for m in members if _short(m)):
            self._every(members, _VALUES)
        if any(m.key.lower() in _MARKING and self._in.raw(m) == b"true" for m in members):
            self._every(members, _MARKED)
        if {b"query", b"variables"} <= keys:
            self._variables(members)
        if b"method" in keys and keys & _ARGUMENTS:
            self._call(members)
        if keys & _VALUES and any(STORED in self._in.raw(m) for m in members if _short(m)):
            self._every([m for m in members if not self._is_list(m)], _VALUES)
        if {b"type", b"instances"} <= keys:
            self._generated(members)
        if {b"auth_date", b"hash"} <= keys:
            self._all(members, frozenset((b"hash",)))

    def _is_list(self, member: Member) -> bool:
        return self._in.raw(member)[:1] == b"["

    def _all(self, members: list[Member], wanted: frozenset[bytes]) -> None:
        for member in members:
            if member.key.lower() in wanted and self._in.is_string(member):
                self._cut(member.start, member.end, member.key)

    def _one_time(self, members: list[Member]) -> None:
        """The code that someone was sent to prove a number or an address."""
        for member in members:
            if member.key.lower() == b"code" and _CODE.fullmatch(self._in.raw(member)):
                value = self._in.raw(member).strip(b'"')
                place = f"{shown(self._place)}.{member.key.decode()}"
                mark = self._work.cut(value, place, "one-time code")
                self.edits.append((member.start, member.end, b'"' + mark + b'"'))

    def _every(self, members: list[Member], wanted: frozenset[bytes]) -> None:
        """Cut every string under the `wanted` members, whatever its own name."""
        for member in members:
            if member.key.lower() not in wanted:
                continue
            key = member.key
            for match in _STRING.finditer(self._in.masked, member.start, member.end):
                if _COLON.match(self._in.masked, match.end()):
                    key = self._in.text[match.start() + 1 : match.end() - 1]
                else:
                    self._cut(match.start(), match.end(), key)

    def _variables(self, members: list[Member]) -> None:
        """GraphQL: `login(password: $p)` tells what the variable `p` is."""
        held = {member.key: member for member in members}
        inside = self._in.inside(held[b"variables"]) if b"variables" in held else None
        if inside is None or b"query" not in held or not self._in.is_object(inside):
            return
        query = self._in.raw(held[b"query"])
        told = {
            variable: kind
            for name, variable in _VARIABLE.findall(query)
            if (kind := self._work.names.kind(name)) is not Kind.PLAIN
        }
        for member in self._in.members(inside):
            kind = told.get(member.key, Kind.PLAIN)
            value = unquoted(self._in.raw(member)[1:-1])
            if self._in.is_string(member) and self._work.is_secret(kind, value):
                self._cut(member.start, member.end, member.key)

    def _call(self, members: list[Member]) -> None:
        """JSON-RPC: `"method": "login", "params": ["ada", "..."]`, the last one is the
        password; of Odoo's `execute_kw` the third."""
        methods = {self._in.raw(m) for m in members if m.key == b"method"}
        called = next((m for m in methods if CALL.fullmatch(m)), None)
        for member in members:
            inside = self._in.inside(member) if member.key.lower() in _ARGUMENTS else None
            if called is None or inside is None or self._in.is_object(inside):
                continue
            items = self._in.members(inside)
            if any(self._holds_secret(item) for item in items):
                continue
            texts = [item for item in items if self._in.is_string(item)]
            if b"execute" in called:
                texts = [item for item in items[_THIRD : _THIRD + 1] if item in texts]
            elif len(texts) <= 1:
                continue
            for item in texts[-1:]:
                self._cut(item.start, item.end, member.key)

    def _generated(self, members: list[Member]) -> None:
        """Terraform's state: what a resource such as `random_password` made."""
        kinds = [self._in.raw(m)[1:-1] for m in members if m.key == b"type"]
        if not any(self._work.names.kind(kind) >= Kind.SECRET for kind in kinds):
            return
        for member in members:
            if member.key == b"instances":
                self._under([member], _MADE)

    def _under(self, members: list[Member], wanted: frozenset[bytes]) -> None:
        """Cut the strings of `wanted` members at any depth."""
        for member in members:
            inside = self._in.inside(member)
            if inside is not None:
                self._under(self._in.members(inside), wanted)
            elif member.key in wanted and self._in.is_string(member):
                self._cut(member.start, member.end, member.key)

    def _holds_secret(self, item: Member) -> bool:
        """Whether an argument names its password itself."""
        inside = self._in.inside(item)
        return (
            inside is not None
            and self._in.is_object(inside)
            and any(
                self._work.names.kind(member.key) >= Kind.SECRET
                for member in self._in.members(inside)
            )
        )

    def _versioned(self, members: list[Member]) -> None:
        """Vault's second kind: what `data` holds is a secret, `metadata` tells its version."""
        told = [self._in.inside(m) for m in members if m.key == b"metadata"]
        keys = {inner.key for span in told if span for inner in self._in.members(span)}
        if {b"created_time", b"version"} <= keys:
            self._every([m for m in members if self._in.inside(m)], frozenset((b"data",)))

    def _leased(self, members: list[Member]) -> None:
        """Vault's answers: secrets of the first kind in `data`, of the second in its `data`."""
        for member in members:
            inside = self._in.inside(member) if member.key == b"data" else None
            if inside is None or not self._in.is_object(inside):
                continue
            held = self._in.members(inside)
            if {b"data", b"metadata"} <= {inner.key for inner in held}:
                self._every(held, frozenset((b"data",)))
            elif b"keys" not in {inner.key for inner in held}:
                self._every([member], frozenset((b"data",)))

    def _cut(self, start: int, end: int, key: bytes) -> None:
        value = unquoted(self._in.text[start + 1 : end - 1])
        if is_nothing(value):
            return
        decoded = _decoded(value)
        if len(decoded) >= _LEAST_TAINT:
            self._work.taint(decoded)
        place = f"{shown(self._place)}.{key.decode('utf-8', 'replace')}"
        self.edits.append((start, end, b'"' + self._work.cut(value, place, "context") + b'"'))


def _short(member: Member) -> bool:
    return member.end - member.start < 400


def _decoded(value: bytes) -> bytes:
    try:
        plain = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return plain if plain.isascii() and plain.decode("ascii").isprintable() else b""
