"""Sign-in of the viewer: a token or one-time code becomes a session cookie."""

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from proxy.api.auth import clear_cookie, cookie_name, from_own_page, set_cookie
from proxy.api.dispatch import json_response
from proxy.api.endpoint import PREFIX, Call, Endpoint
from proxy.api.problem import ProblemError
from store.times import Instant
from store.tokens import Grant, Kind

_TAG = "session"


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of the two."""

    token: Annotated[str, Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET
    """A token of the API."""
    code: Annotated[str, Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET
    """The one-time code of a sign-in link."""

    def __repr__(self) -> str:
        return "<SignIn>"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and what they may do."""

    name: str
    rights: list[str]
    organizations: list[str] | None
    """Names or UUIDs; `null`: all organizations."""
    expires_at: Instant | None


_ONE_SECRET: Final = Annotated[
    SignIn, Meta(extra_json_schema={"minProperties": 1, "maxProperties": 1})
]


async def sign_in(call: Call) -> Response:
    """Opens a session of twelve hours and sets its cookie (`HttpOnly`, `SameSite=Strict`).
    A code is spent by this; a session ends early when its token is revoked."""
    body: SignIn = call.body
    secret = body.code or body.token
    if not secret or (body.code and body.token):
        raise ProblemError(422, "expected either token or code", parameter="$")
    if call.request.headers.get("origin") and not from_own_page(call.request):
        raise ProblemError(403, "only Wiretrail's own pages may sign in")
    now = call.services.clock()
    opened = await asyncio.to_thread(call.services.tokens.open_session, secret, now=now)
    if opened is None:
        raise ProblemError(401, "the token or code is unknown, expired, revoked or spent")
    grant, text = opened
    response = json_response(_session(grant), 201)
    set_cookie(call.request, response, text, ((grant.expires_at or now) - now) // 1000)
    return response


async def show_session(call: Call) -> Session:
    """The rights and organizations of the token or session that asks."""
    return _session(call.caller)


async def sign_out(call: Call) -> Response:
    """Ends the session. A token is not revoked by this."""
    if call.caller.kind is Kind.SESSION:
        await asyncio.to_thread(call.services.tokens.revoke, call.caller.token_id)
    response = Response(status_code=204)
    if cookie_name(call.request) in call.request.cookies:
        clear_cookie(call.request, response)
    return response


def _session(grant: Grant) -> Session:
    return Session(
        name=grant.name,
        rights=sorted(grant.rights),
        organizations=None if grant.organizations is None else list(grant.organizations),
        expires_at=None if grant.expires_at is None else Instant(grant.expires_at),
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PREFIX}/session",
        sign_in,
        "Sign in",
        _TAG,
        public=True,
        body=_ONE_SECRET,
        answer=Session,
        status=201,
        problems=(401, 403),
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/session",
        show_session,
        "Who am I?",
        _TAG,
        right=None,
        answer=Session,
    ),
    Endpoint(
        "DELETE",
        f"{PREFIX}/session",
        sign_out,
        "Sign out",
        _TAG,
        right=None,
        status=204,
    ),
)
