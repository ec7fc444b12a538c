"""Administration of tokens: nobody can give, or see, more than they have."""

import asyncio
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.api.endpoint import PREFIX, Call, Endpoint, Parameter
from proxy.api.problem import ProblemError
from store.times import rfc3339
from store.tokens import NAME_PATTERN, Right, Token, TokenError

_TAG = "tokens"
_ID = Parameter("id", "the token's id", where="path", required=True)


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new token is to allow."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=NAME_PATTERN)]
    """Whom or what it is for; printable characters."""
    rights: Annotated[list[Right], Meta(min_length=1, max_length=len(Right))]
    """`read` activities, see `bodies` too, `write` entries of one's own, `admin`ister tokens."""
    organizations: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=200)]],
            Meta(min_length=1, max_length=1000),
        ]
        | msgspec.UnsetType
        | None
    ) = msgspec.UNSET
    """Names or UUIDs; `null`: all organizations. Left out: those of the caller."""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    """RFC 3339; `null`: it does not expire."""


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """One token, without its text."""

    id: str
    name: str
    rights: list[Right]
    organizations: list[str] | None
    """Names or UUIDs; `null`: all organizations."""
    created_at: str
    expires_at: str | None


class CreatedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token. This is the only time that its text is shown."""

    token: TokenView
    text: str


class TokenPage(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens that the caller may see."""

    items: list[TokenView]
    next: str | None = None
    """Always null: there is one page."""


async def list_tokens(call: Call) -> TokenPage:
    """The valid tokens whose organizations are all among the caller's. Texts are not kept."""
    found = call.services.tokens.tokens(now=call.services.clock())
    return TokenPage(items=[_view(token) for token in found if _visible(call, token)])


async def create_token(call: Call) -> CreatedToken:
    """Makes a token that is no wider than the caller's own, in rights and organizations."""
    body: NewToken = call.body
    services, caller = call.services, call.caller
    organizations = (
        caller.organizations if body.organizations is msgspec.UNSET else body.organizations
    )
    if not caller.covers(body.rights, services.tokens.organization_ids(organizations)):
        raise ProblemError(403, "a token cannot be wider than the one that makes it")
    expires_at = None if body.expires_at is None else int(body.expires_at.timestamp() * 1000)
    try:
        token, text = await asyncio.to_thread(
            services.tokens.create,
            body.name,
            body.rights,
            organizations,
            now=services.clock(),
            expires_at=expires_at,
        )
    except TokenError as error:
        raise ProblemError(422, str(error), parameter=f"$.{error.field}") from None
    return CreatedToken(token=_view(token), text=text)


async def revoke_token(call: Call) -> None:
    """Ends a token and the sessions that were opened with it, at once."""
    tokens = call.services.tokens
    found = {token.id: token for token in tokens.tokens(now=call.services.clock())}
    token = found.get(call.path("id"))
    if token is None or not _visible(call, token):
        raise ProblemError(404, "there is no such token", parameter="id")
    await asyncio.to_thread(tokens.revoke, token.id)


def _visible(call: Call, token: Token) -> bool:
    return call.caller.covers((), call.services.tokens.organization_ids(token.organizations))


def _view(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        rights=token.rights,
        organizations=token.organizations,
        created_at=rfc3339(token.created_at),
        expires_at=None if token.expires_at is None else rfc3339(token.expires_at),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{PREFIX}/tokens",
        list_tokens,
        "List tokens",
        _TAG,
        right=Right.ADMIN,
        answer=TokenPage,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/tokens",
        create_token,
        "Make a token",
        _TAG,
        right=Right.ADMIN,
        body=NewToken,
        answer=CreatedToken,
        status=201,
    ),
    Endpoint(
        "DELETE",
        f"{PREFIX}/tokens/{{id}}",
        revoke_token,
        "Revoke a token",
        _TAG,
        right=Right.ADMIN,
        parameters=(_ID,),
        status=204,
        problems=(404,),
    ),
)
