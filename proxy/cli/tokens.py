"""The tokens of a data folder or of a server, behind one interface."""

import argparse
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import msgspec

from proxy.cli.source import api_of, folder_of, server_of
from store.times import rfc3339
from store.tokens import Right, Token, TokenStore

if TYPE_CHECKING:
    from proxy.cli.api_source import ApiSource


class TokenLine(msgspec.Struct, frozen=True, kw_only=True):
    """One token without its text, as the API shows it."""

    id: str
    name: str
    rights: list[str]
    organizations: list[str] | None
    created_at: str
    expires_at: str | None


class Tokens(Protocol):
    """What `wiretrail token` does with tokens."""

    async def create(
        self,
        name: str,
        rights: Sequence[Right],
        organizations: list[str] | None,
        expires_at: int | None,
    ) -> tuple[TokenLine, str]:
        """A new token and its text."""

    async def all(self) -> list[TokenLine]:
        """The valid tokens, oldest first."""

    async def revoke(self, identifier: str) -> bool:
        """End a token; False when there is none."""


@asynccontextmanager
async def open_tokens(args: argparse.Namespace) -> AsyncIterator[Tokens]:
    """The tokens that the arguments name."""
    server = server_of(args)
    if server is None:
        folder = folder_of(args).ensure()
        yield LocalTokens(TokenStore(folder.tokens, folder.admin_token))
        return
    async with api_of(args, server) as api:
        yield ApiTokens(api)


class LocalTokens:
    """Those of a data folder; a running sidecar sees changes at once."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store

    async def create(
        self,
        name: str,
        rights: Sequence[Right],
        organizations: list[str] | None,
        expires_at: int | None,
    ) -> tuple[TokenLine, str]:
        """A new token and its text."""
        token, text = self._store.create(
            name, rights, organizations, now=_now(), expires_at=expires_at
        )
        return _line(token), text

    async def all(self) -> list[TokenLine]:
        """The valid tokens, oldest first."""
        return [_line(token) for token in self._store.tokens(now=_now())]

    async def revoke(self, identifier: str) -> bool:
        """End a token; False when there is none."""
        return self._store.revoke(identifier)


class ApiTokens:
    """Those of a server."""

    def __init__(self, api: "ApiSource") -> None:
        self._api = api

    async def create(
        self,
        name: str,
        rights: Sequence[Right],
        organizations: list[str] | None,
        expires_at: int | None,
    ) -> tuple[TokenLine, str]:
        """A new token and its text."""
        body = {
            "name": name,
            "rights": list(rights),
            "organizations": organizations,
            "expires_at": None if expires_at is None else rfc3339(expires_at),
        }
        answer = await self._api.send("POST", "/tokens", body)
        created = msgspec.json.decode(answer.content, type=_Created)
        return created.token, created.text

    async def all(self) -> list[TokenLine]:
        """The valid tokens, oldest first."""
        answer = await self._api.get("/tokens")
        return msgspec.json.decode(answer.content, type=_Listed).items

    async def revoke(self, identifier: str) -> bool:
        """End a token; False when there is none."""
        return await self._api.delete(f"/tokens/{identifier}")


class _Created(msgspec.Struct):
    token: TokenLine
    text: str


class _Listed(msgspec.Struct):
    items: list[TokenLine]


def _line(token: Token) -> TokenLine:
    return TokenLine(
        id=token.id,
        name=token.name,
        rights=[right.value for right in token.rights],
        organizations=token.organizations,
        created_at=rfc3339(token.created_at),
        expires_at=None if token.expires_at is None else rfc3339(token.expires_at),
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
