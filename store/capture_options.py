"""What rows keep of an exchange: client address, user agent and bodies can be switched off."""

from typing import Final, NamedTuple

import msgspec

from store.activity import ActivityType
from store.capture import Capture, HeaderList
from store.classification.glob import Matcher, compile_patterns

_ADDRESS_HEADERS: Final = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-original-forwarded-for",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"cf-connecting-ipv6",
        b"fastly-client-ip",
        b"fly-client-ip",
    }
)
_AGENT_HEADERS: Final = frozenset({b"user-agent"})


class SkipBody(msgspec.Struct, frozen=True, kw_only=True):
    """Exchanges whose bodies are not kept; what is set must all fit. Patterns as in rules."""

    host: str | None = None
    path: str | None = None
    content_type: str | None = None
    """Media type; with it only the side that has such a body loses it."""
    activity_type: ActivityType | None = None


class CaptureOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Switches of what rows keep. Without `ip_address` or `user_agent` the headers that tell
    them are left out, too."""

    ip_address: bool = True
    user_agent: bool = True
    skip_body: tuple[SkipBody, ...] = ()


class _Skip(NamedTuple):
    host: Matcher | None
    path: Matcher | None
    content_type: Matcher | None
    activity_type: ActivityType | None


class CompiledOptions:
    """Options, ready for use."""

    def __init__(self, options: CaptureOptions) -> None:
        """Raises `RuleError` when a pattern cannot be used."""
        self.ip_address: Final = options.ip_address
        self.user_agent: Final = options.user_agent
        self._hidden: frozenset[bytes] = frozenset()
        if not options.ip_address:
            self._hidden |= _ADDRESS_HEADERS
        if not options.user_agent:
            self._hidden |= _AGENT_HEADERS
        self._skips = [_compile(skip, n) for n, skip in enumerate(options.skip_body, 1)]

    def without_client(self, capture: Capture) -> Capture:
        """The capture without the request headers that are switched off."""
        if not self._hidden:
            return capture
        kept = [field for field in capture.request_headers if field[0].lower() not in self._hidden]
        return msgspec.structs.replace(capture, request_headers=kept)

    def keeps_bodies(self, capture: Capture, activity_type: ActivityType) -> tuple[bool, bool]:
        """Whether the row keeps the bodies of request and answer."""
        request = response = True
        for skip in self._skips:
            if skip.activity_type not in (None, activity_type):
                continue
            if skip.host is not None and not skip.host(capture.host):
                continue
            if skip.path is not None and not skip.path(capture.target.partition("?")[0]):
                continue
            if skip.content_type is None:
                return False, False
            request = request and not skip.content_type(_media_type(capture.request_headers))
            response = response and not skip.content_type(_media_type(capture.response_headers))
        return request, response


def _compile(skip: SkipBody, place: int) -> _Skip:
    where = f"skip_body {place}"
    return _Skip(
        compile_patterns(skip.host or [], f"{where}: host"),
        compile_patterns(skip.path or [], f"{where}: path"),
        compile_patterns(skip.content_type or [], f"{where}: content_type"),
        skip.activity_type,
    )


def _media_type(headers: HeaderList) -> str:
    value = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return value.decode("latin-1").partition(";")[0].strip().lower()
