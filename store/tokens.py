"""Tokens of the API: who may see and do what.

The file holds digests only. A token has 160 random bits, so a plain SHA-256 is as good as a
slow password hash: there is nothing to guess. Three kinds share the file, so that all of them
survive a restart and end when revoked: tokens for programs, one-time codes that are redeemed
for a session, and sessions of browsers, which end with the token they were opened by.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from store.data_folder import DataFolder
from store.errors import StoreError
from store.identity import organization_id
from store.private_file import locked, read_private, write_private
from store.scope import Scope


class Right(StrEnum):
    """What a token allows. None of them implies another."""

    READ = "read"
    BODIES = "bodies"
    WRITE = "write"
    ADMIN = "admin"


class Kind(StrEnum):
    """How a secret is used."""

    TOKEN = "token"  # noqa: S105 - a kind, no secret
    SESSION = "session"
    CODE = "code"


ALL_RIGHTS: Final = frozenset(Right)
ADMIN_ID: Final = "local-admin"
SESSION_MS: Final = 12 * 3_600_000
CODE_MS: Final = 3_600_000
MAX_RECORDS: Final = 10_000
_PREFIX: Final = "wiretrail_"
_ADMIN_NAME: Final = "local admin"


NAME_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
"""No control characters: names are printed on terminals."""


class TokenError(StoreError):
    """A token cannot be made as asked, or the file of tokens cannot be read. `field` names what
    is wrong with a wish."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token as kept: everything but its text. Times are Unix milliseconds."""

    id: str
    name: str
    rights: list[Right]
    organizations: list[str] | None
    """Names or UUIDs as they were given; `None`: all of them (a service token)."""
    created_at: int
    expires_at: int | None = None
    kind: Kind = Kind.TOKEN
    parent: str | None = None
    """The token that a session or code was opened by; it ends with it."""
    digest: str = ""
    """SHA-256 of the text, hexadecimal."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a checked secret allows."""

    token_id: str
    name: str
    rights: frozenset[Right]
    organizations: tuple[str, ...] | None
    """As they were named when the token was made; `None`: all."""
    organization_ids: frozenset[UUID] | None
    """The same as UUIDs."""
    expires_at: int | None = None
    kind: Kind = Kind.TOKEN

    @property
    def scope(self) -> Scope:
        """The scope of this grant's queries."""
        return Scope(organizations=self.organization_ids, bodies=Right.BODIES in self.rights)

    def covers(self, rights: Iterable[Right], organizations: frozenset[UUID] | None) -> bool:
        """Whether a token with these rights and organizations is no wider than this grant."""
        if not self.rights.issuperset(rights):
            return False
        if self.organization_ids is None:
            return True
        return organizations is not None and organizations <= self.organization_ids


_LOCAL_ADMIN: Final = Grant(
    token_id=ADMIN_ID,
    name=_ADMIN_NAME,
    rights=ALL_RIGHTS,
    organizations=None,
    organization_ids=None,
)


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    tokens: list[Token] = []


class TokenStore:
    """The tokens of one data folder. Safe for several processes: changes happen under a lock
    file and replace the file at once; a check reads it again when it has changed."""

    def __init__(
        self,
        path: Path,
        admin_path: Path | None = None,
        resolve: Callable[[str], UUID] = organization_id,
    ) -> None:
        """`path` is the file of digests; `admin_path` the file with the local admin token.
        `resolve` finds an organization's UUID; a configuration may give one its own."""
        self._path = path
        self._admin_path = admin_path
        self._resolve = resolve
        self._stamp: tuple[int, ...] | None = None
        self._by_id: dict[str, Token] = {}
        self._admin_stamp: tuple[int, ...] | None = None
        self._admin_digest: str | None = None

    def create(
        self,
        name: str,
        rights: Iterable[Right],
        organizations: Iterable[str] | None,
        *,
        now: int,
        expires_at: int | None = None,
        kind: Kind = Kind.TOKEN,
        parent: str | None = None,
    ) -> tuple[Token, str]:
        """Keep a new token; returns it and its text, which is shown this once only.

        Raises:
            TokenError: no name, no rights, no organization, or an end that has passed.
        """
        if len(name) > 200 or not re.search(NAME_PATTERN, name):
            raise TokenError("expected 1 to 200 printable characters", "name")
        sorted_rights = sorted(set(rights))
        if not sorted_rights:
            raise TokenError("expected at least one of " + ", ".join(Right), "rights")
        names = None if organizations is None else sorted(set(organizations))
        if names is not None and (not names or "" in names):
            raise TokenError("expected at least one name, or null for all", "organizations")
        if expires_at is not None and expires_at <= now:
            raise TokenError("expected a time to come", "expires_at")
        identifier = secrets.token_hex(6)
        text = f"{_PREFIX}{identifier}_{secrets.token_hex(20)}"
        token = Token(
            id=identifier,
            name=name,
            rights=sorted_rights,
            organizations=names,
            created_at=now,
            expires_at=expires_at,
            kind=kind,
            parent=parent,
            digest=_digest(text),
        )
        with locked(self._path):
            kept = [one for one in self._load().values() if not _expired(one, now)]
            if len(kept) >= MAX_RECORDS:
                raise TokenError(f"{MAX_RECORDS} tokens are kept already; revoke some first")
            self._save([*kept, token])
        return token, text

    def create_code(self, *, now: int, lifetime_ms: int = CODE_MS) -> str:
        """A one-time code that signs a browser in with every right of the local admin."""
        return self.create(
            _ADMIN_NAME,
            ALL_RIGHTS,
            None,
            now=now,
            expires_at=now + lifetime_ms,
            kind=Kind.CODE,
            parent=ADMIN_ID,
        )[1]

    def open_session(self, secret: str, *, now: int) -> tuple[Grant, str] | None:
        """A session for a token's or unused code's holder: its grant and the secret of its
        cookie. A code is spent by this. `None` when the secret is not valid."""
        grant = self.check(secret, now=now) or self._spend_code(secret, now)
        if grant is None:
            return None
        ends = now + SESSION_MS
        if grant.kind is Kind.TOKEN and grant.expires_at is not None:
            ends = min(ends, grant.expires_at)
        parent = ADMIN_ID if grant.kind is Kind.CODE else grant.token_id
        token, text = self.create(
            grant.name,
            grant.rights,
            grant.organizations,
            now=now,
            expires_at=ends,
            kind=Kind.SESSION,
            parent=parent,
        )
        return self._grant(token), text

    def check(self, secret: str, *, now: int, kind: Kind = Kind.TOKEN) -> Grant | None:
        """What the secret allows; `None` when it is unknown, expired or of another kind."""
        digest = _digest(secret)
        if kind is Kind.TOKEN and self._is_admin(digest):
            return _LOCAL_ADMIN
        token = self._load().get(_identifier(secret))
        known = token.digest if token is not None else digest[::-1]
        # Compared even for an unknown id, in constant time: an answer's delay tells nothing.
        if not hmac.compare_digest(known, digest) or token is None:
            return None
        if token.kind is not kind or _expired(token, now) or not self._has_parent(token, now):
            return None
        return self._grant(token)

    def check_session(self, secret: str, *, now: int) -> Grant | None:
        """What the session of a browser allows; `None` when it has ended."""
        return self.check(secret, now=now, kind=Kind.SESSION)

    def tokens(self, *, now: int) -> list[Token]:
        """The tokens that are valid now, oldest first; no sessions, codes and digests."""
        return [
            msgspec.structs.replace(token, digest="")
            for token in self._load().values()
            if token.kind is Kind.TOKEN and not _expired(token, now)
        ]

    def revoke(self, identifier: str) -> bool:
        """End a token and the sessions opened by it; False when there is none."""
        with locked(self._path):
            tokens = self._load()
            if identifier not in tokens:
                return False
            self._save([one for one in tokens.values() if identifier not in (one.id, one.parent)])
        return True

    def organization_ids(self, names: Iterable[str] | None) -> frozenset[UUID] | None:
        """The UUIDs of organizations by name or UUID; `None` stays `None`: all."""
        return None if names is None else frozenset(map(self._resolve, names))

    def _grant(self, token: Token) -> Grant:
        names = token.organizations
        return Grant(
            token_id=token.id,
            name=token.name,
            rights=frozenset(token.rights),
            organizations=None if names is None else tuple(names),
            organization_ids=self.organization_ids(names),
            expires_at=token.expires_at,
            kind=token.kind,
        )

    def _spend_code(self, secret: str, now: int) -> Grant | None:
        grant = self.check(secret, now=now, kind=Kind.CODE)
        if grant is None or not self.revoke(grant.token_id):
            return None
        return grant

    def _has_parent(self, token: Token, now: int) -> bool:
        if token.parent is None or token.parent == ADMIN_ID:
            return True
        parent = self._by_id.get(token.parent)
        return parent is not None and not _expired(parent, now)

    def _is_admin(self, digest: str) -> bool:
        if self._admin_path is None:
            return False
        stamp = _stamp(self._admin_path)
        if stamp != self._admin_stamp:
            self._admin_stamp = stamp
            text = read_private(self._admin_path)
            self._admin_digest = _digest(text.decode().strip()) if text else None
        return self._admin_digest is not None and hmac.compare_digest(self._admin_digest, digest)

    def _load(self) -> dict[str, Token]:
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            content = read_private(self._path)
            try:
                kept = msgspec.json.decode(content, type=_Kept) if content else _Kept()
            except msgspec.MsgspecError as error:
                raise TokenError(
                    f"{self._path} is no file of tokens ({type(error).__name__})"
                ) from None
            self._by_id = {token.id: token for token in kept.tokens}
            self._stamp = stamp
        return self._by_id

    def _save(self, tokens: list[Token]) -> None:
        write_private(self._path, msgspec.json.encode(_Kept(tokens=tokens)))


def admin_token(folder: DataFolder) -> str:
    """The token of the command line on this machine, made on the first call.

    Raises:
        StoreError: its file cannot be read or made.
    """
    text = folder.secret(folder.admin_token, _new_admin_token)
    return text.decode().strip()


def _new_admin_token() -> bytes:
    return f"{_PREFIX}admin_{secrets.token_hex(20)}\n".encode()


def _identifier(secret: str) -> str:
    return secret.removeprefix(_PREFIX).partition("_")[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _expired(token: Token, now: int) -> bool:
    return token.expires_at is not None and token.expires_at <= now


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
