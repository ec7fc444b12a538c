"""Who is asking: bearer tokens for programs, a session cookie for the viewer.

A browser adds its cookie to requests that other pages cause, so the cookie counts only where
the browser says that the request comes from this very origin (`Sec-Fetch-Site`, `Origin`).
Pages of other ports of this machine are "same-site": `SameSite=Strict` alone would let them in.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from proxy.api.problem import ProblemError
from proxy.api.services import ApiServices
from store.tokens import Grant, Right

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
COOKIE_PATH: Final = "/api/"
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="wiretrail"'}


def authenticate(request: Request, services: ApiServices) -> Grant:
    """What the sender of this request may do.

    Raises:
        ProblemError: 401 without a valid token or session, 403 for a session's request that
            another page may have caused.
    """
    now = services.clock()
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        grant = None
        if scheme.lower() == "bearer":
            grant = services.tokens.check(token.strip(), now=now)
        if grant is None:
            raise ProblemError(401, "the token is unknown, expired or revoked", headers=_CHALLENGE)
        return grant
    cookie = request.cookies.get(cookie_name(request))
    if cookie is None:
        raise ProblemError(
            401, "send `Authorization: Bearer <token>`, or sign in", headers=_CHALLENGE
        )
    if not from_own_page(request):
        raise ProblemError(403, "a session is valid for requests of Wiretrail's own pages only")
    grant = services.tokens.check_session(cookie, now=now)
    if grant is None:
        raise ProblemError(401, "the session has ended; sign in again", headers=_CHALLENGE)
    return grant


def require(grant: Grant, right: Right) -> None:
    """Raises: ProblemError: 403 when the grant lacks the right."""
    if right not in grant.rights:
        raise ProblemError(403, f"this needs the right `{right}`, which the token does not have")


def from_own_page(request: Request) -> bool:
    """Whether a browser sent this on behalf of a page of this very origin, or of its user.

    A safe method needs no proof beyond the absence of a contradiction (the user opens a link);
    an unsafe one needs `Origin` or `Sec-Fetch-Site` to say so.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is not None:
        # Compared without the scheme: TLS may end at a proxy before us.
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.method in SAFE_METHODS or site == "same-origin"


def cookie_name(request: Request) -> str:
    """The session cookie's name. Cookies do not know ports, so that two installations on one
    machine need different names."""
    try:
        port = urlsplit("//" + request.headers.get("host", "")).port
    except ValueError:
        port = None
    return f"wiretrail-{port or 'session'}"


def set_cookie(request: Request, response: Response, secret: str, seconds: int) -> None:
    """Hand the session to the browser."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=seconds,
        path=COOKIE_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Make the browser forget the session."""
    response.delete_cookie(cookie_name(request), path=COOKIE_PATH, httponly=True, samesite="strict")
