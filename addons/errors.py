"""Errors of the relay. Their texts never quote what a peer sent.

RelayError
├── MalformedRequest   the client's fault: the request cannot be relayed as HTTP/1.1
├── MalformedAnswer    the upstream's fault: its answer cannot be understood
│   └── AnswerInHttp2  it comes in frames of HTTP/2
├── Refusal            we answer instead of an upstream, on purpose
└── DialError          no connection to the upstream
"""

from store.activity import ErrorCode


class RelayError(Exception):
    """Base of the family."""


class MalformedRequest(RelayError):
    """The request cannot be relayed as HTTP/1.1. `status` is what the client gets."""

    def __init__(
        self, message: str, status: int = 400, code: ErrorCode = ErrorCode.MALFORMED_REQUEST
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class MalformedAnswer(RelayError):
    """The upstream's answer cannot be understood as HTTP/1.1."""


class AnswerInHttp2(MalformedAnswer):
    """The upstream answered in frames of HTTP/2."""


class Refusal(RelayError):
    """We answer `status` ourselves; `code` goes into the capture."""

    def __init__(
        self, message: str, status: int, code: ErrorCode, headers: tuple[bytes, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers
        """Extra header lines of our answer, each with its line end."""


class DialError(RelayError):
    """No connection to the upstream, and why."""

    def __init__(self, message: str, code: ErrorCode) -> None:
        super().__init__(message)
        self.code = code


class DialFailure(str):
    """What mitmproxy's layers are told of a connection that failed, with its code."""

    __slots__ = ("code",)
    code: ErrorCode

    def __new__(cls, error: DialError) -> "DialFailure":
        made = super().__new__(cls, str(error))
        made.code = error.code
        return made
