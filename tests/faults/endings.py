"""Every way in which an exchange can end: what upstream and client do, what the row must tell and
what the client must see. `<>` stands before a path where scheme and authority belong; each case
and way has a path of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple

from tests.faults.rough import Await, Drip, Leave, Reset, Signal
from tests.faults.shapes import CHUNKED, HEAD_END, OK, answer, chunks, request
from tests.faults.wire import Pause, Rest, Send, Step, Until

REVERSE: Final = frozenset(("reverse",))
FORWARD: Final = frozenset(("forward",))
TLS: Final = frozenset(("tls",))
PLAIN: Final = REVERSE | FORWARD
EVERYWHERE: Final = PLAIN | TLS
PROXIED: Final = FORWARD | TLS


class Upstream(Enum):
    """What stands where the request goes."""

    LISTENS = auto()
    REFUSES = auto()
    UNRESOLVABLE = auto()
    BACKLOG_FULL = auto()
    """Takes no connection, so that none is ever established."""
    OURSELVES = auto()
    """The API's own address."""
    NO_ROUTE = auto()


class Told(NamedTuple):
    """What the row tells."""

    status: str
    code: str | None = None
    answered: int | None = None
    """The upstream's status."""
    page: int | None = None
    """The status of the proxy's own answer."""


@dataclass(frozen=True)
class Ending:
    """One case. The client goes on reading after its steps, until the answer is complete."""

    told: Told | None
    """`None`: there was no exchange, so there is no row."""
    saw: str
    """As `rough.seen_by` words it."""
    server: tuple[Step, ...] = (HEAD_END, Send(OK), Rest())
    """The upstream closes behind its steps."""
    client: tuple[Step, ...] = (Send(request()),)
    ways: frozenset[str] = EVERYWHERE
    upstream: Upstream = Upstream.LISTENS
    certificate: str = "good"
    """Of an upstream with TLS; one that a webhook goes to has TLS when this is not `good`."""
    trusts: bool = True
    """The client trusts our authority."""
    tunnel: bool = True
    """The client asks for a tunnel and a TLS handshake first (where the way has them)."""
    secured: bool = True
    """After its tunnel stands the client begins TLS."""
    deadlines: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False
    """No path was understood: the row is known by its listener."""
    server_ends: bool = False
    """The exchange ends with the upstream's steps, the client is gone before."""


def page(code: str, status: int = 502, ended: str = "error") -> tuple[Told, str]:
    """The proxy answers instead of the upstream."""
    return Told(ended, code, None, status), f"{status} page"


def cut(code: str, ended: str = "error") -> tuple[Told, str]:
    """The answer has begun and does not end."""
    return Told(ended, code, 200), "200 cut"


def silent(code: str) -> tuple[Told, str]:
    """The client is gone, or is told nothing."""
    return Told("error", code), "nothing"


WHOLE: Final = (Told("success", None, 200), "200 whole")
WEBSOCKET: Final = Send(
    request(
        more=b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
)
LENGTH_HEAD: Final = answer(more=b"Content-Length: 9\r\n", body=None)
CHUNKED_HEAD: Final = answer(more=CHUNKED, body=None)
EVENTS_HEAD: Final = answer(more=b"Content-Type: text/event-stream\r\n" + CHUNKED, body=None)
CLOSE_HEAD: Final = b"HTTP/1.1 200 OK\r\n\r\n"
EVENT: Final = b"9\r\ndata: 1\n\n\r\n"
BEGUN_UPLOAD: Final = Send(request(b"POST", more=b"Content-Length: 9\r\n") + b"abc")
STREAMED_UPLOAD: Final = Send(request(b"POST", more=CHUNKED) + b"3\r\nabc\r\n")
SLOW: Final = {"answer_timeout": "1500ms", "idle_timeout": "1500ms"}
PATIENT: Final = {"answer_timeout": "20s", "idle_timeout": "20s"}


def sends(*data: bytes, then: Step | None = None) -> tuple[Step, ...]:
    """The upstream reads the request's head, sends, and closes or does `then`."""
    last = () if then is None else (then,)
    return (HEAD_END, *(Send(part) for part in data), *last)


def bad(request_bytes: bytes, **more: object) -> Ending:
    """A request that is answered 400, with a row."""
    return Ending(*page("malformed_request", 400), client=(Send(request_bytes),), **more)  # type: ignore[arg-type]


UPSTREAM_FAULTS: Final[dict[str, Ending]] = {
    "refuses": Ending(*page("connect_refused"), upstream=Upstream.REFUSES),
    "refuses an upload": Ending(
        *page("connect_refused"),
        upstream=Upstream.REFUSES,
        client=(Send(request(b"POST", body=b"abc")),),
    ),
    "refuses a WebSocket": Ending(
        *page("connect_refused"), upstream=Upstream.REFUSES, client=(WEBSOCKET,)
    ),
    "does not resolve": Ending(*page("dns"), upstream=Upstream.UNRESOLVABLE),
    "is never reached": Ending(
        *page("connect_timeout", 504, "timeout"),
        upstream=Upstream.BACKLOG_FULL,
        deadlines={"connect_timeout": "1500ms"},
    ),
    "closes at once": Ending(*page("reset"), server=(), ways=PLAIN),
    "resets at once": Ending(*page("reset"), server=(Reset(),), ways=PLAIN),
    "closes after the request": Ending(*page("reset"), server=(HEAD_END,)),
    "resets after the request": Ending(*page("reset"), server=(HEAD_END, Reset())),
    "closes in the head": Ending(*page("reset"), server=sends(b"HTTP/1.1 200 OK\r\nX-")),
    "resets in the head": Ending(
        *page("reset"), server=sends(b"HTTP/1.1 200 OK\r\nX-", then=Reset())
    ),
    "closes after 103": Ending(
        Told("error", "reset", None, 502),
        "502 page",
        server=sends(answer(b"103 Early Hints", body=None)),
    ),
    "a body shorter than its length": Ending(*cut("reset"), server=sends(LENGTH_HEAD + b"abc")),
    "a body longer than its length": Ending(*WHOLE, server=sends(OK + b"surplus", then=Rest())),
    "resets in a body": Ending(*cut("reset"), server=sends(LENGTH_HEAD + b"abc", then=Reset())),
    "closes in a chunk": Ending(*cut("reset"), server=sends(CHUNKED_HEAD + b"9\r\nabc")),
    "closes between chunks": Ending(*cut("reset"), server=sends(CHUNKED_HEAD + b"3\r\nabc\r\n")),
    "resets an event stream": Ending(
        *cut("reset"), server=sends(EVENTS_HEAD + EVENT, then=Reset())
    ),
    "closes an event stream": Ending(*cut("reset"), server=sends(EVENTS_HEAD + EVENT)),
    "a body that the close ends": Ending(*WHOLE, server=sends(CLOSE_HEAD + b"abc")),
    "resets a body that the close ends": Ending(
        *cut("reset"), server=(HEAD_END, Send(CLOSE_HEAD + b"abc"), Pause(0.2), Reset())
    ),
    "garbage": Ending(*page("protocol"), server=sends(b"SSH-2.0-x\r\n\r\n", then=Rest())),
    "an HTTP/2 frame": Ending(
        *page("protocol"), server=sends(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", then=Rest())
    ),
    "both framings": Ending(
        *page("protocol"),
        server=sends(answer(more=b"Content-Length: 2\r\n" + CHUNKED, body=None) + b"ok"),
    ),
    "two lengths": Ending(
        *page("protocol"), server=sends(answer(more=b"Content-Length: 3\r\n"), then=Rest())
    ),
    "a length that is none": Ending(
        *page("protocol"), server=sends(answer(more=b"Content-Length: x\r\n", body=None))
    ),
    "a bad chunk": Ending(
        *cut("protocol"),
        server=(HEAD_END, Send(CHUNKED_HEAD + b"3\r\nabc\r\n"), Pause(0.1), Send(b"zz\r\n")),
    ),
    "an endless head": Ending(
        *page("protocol"), server=sends(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, then=Rest())
    ),
    "a switch nobody asked for": Ending(
        *page("protocol"),
        server=sends(
            answer(b"101 Switching", b"Upgrade: x\r\nConnection: Upgrade\r\n", None), then=Rest()
        ),
    ),
    "an error of its own": Ending(
        Told("failed", None, 500), "500 whole", server=sends(answer(b"500 Oops"), then=Rest())
    ),
}

CERTIFICATES: Final[dict[str, Ending]] = {
    "certificate has expired": Ending(
        *page("tls_upstream"), certificate="expired", ways=TLS | REVERSE
    ),
    "certificate of another name": Ending(
        *page("tls_upstream"), certificate="other name", ways=TLS | REVERSE
    ),
    "certificate of an unknown authority": Ending(
        *page("tls_upstream"), certificate="unknown authority", ways=TLS | REVERSE
    ),
    "demands a client certificate": Ending(
        *page("tls_upstream"), certificate="client certificate", ways=TLS | REVERSE
    ),
    "speaks no TLS": Ending(
        *page("tls_upstream"),
        certificate="none",
        server=(Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), Rest()),
        ways=TLS | REVERSE,
    ),
    "closes in the handshake": Ending(
        *page("tls_upstream"), certificate="none", server=(), ways=TLS | REVERSE
    ),
    "resets in the handshake": Ending(
        *page("tls_upstream"), certificate="none", server=(Pause(0.1), Reset()), ways=TLS | REVERSE
    ),
    "says nothing in the handshake": Ending(
        *page("connect_timeout", 504, "timeout"),
        certificate="none",
        server=(Rest(),),
        deadlines={"connect_timeout": "1500ms"},
        ways=TLS | REVERSE,
    ),
}

DEADLINES: Final[dict[str, Ending]] = {
    "never answers": Ending(
        *page("upstream_timeout", 504, "timeout"), server=(Rest(),), deadlines=SLOW
    ),
    "never answers an upload": Ending(
        *page("upstream_timeout", 504, "timeout"),
        server=(Rest(),),
        client=(Send(request(b"POST", more=CHUNKED) + chunks(b"abc")),),
        deadlines=SLOW,
    ),
    "never answers a WebSocket": Ending(
        *page("upstream_timeout", 504, "timeout"),
        server=(Rest(),),
        client=(WEBSOCKET,),
        deadlines=SLOW,
    ),
    "stops in its head": Ending(
        *page("upstream_timeout", 504, "timeout"),
        server=sends(b"HTTP/1.1 200 OK\r\nX-", then=Rest()),
        deadlines=SLOW,
    ),
    "stops in its body": Ending(
        *cut("idle_timeout", "timeout"),
        server=sends(LENGTH_HEAD + b"abc", then=Rest()),
        deadlines=SLOW,
    ),
    "stops in its event stream": Ending(
        *cut("idle_timeout", "timeout"),
        server=sends(EVENTS_HEAD + EVENT, then=Rest()),
        deadlines=SLOW,
    ),
    "stops reading the upload": Ending(
        *page("upstream_timeout", 504, "timeout"),
        server=(Pause(8),),
        client=(Send(request(b"POST", more=b"Content-Length: 40000000\r\n")), Drip(1 << 20, 40)),
        deadlines=SLOW,
    ),
    "answers within the deadline": Ending(
        *WHOLE, server=(HEAD_END, Pause(0.7), Send(OK), Rest()), deadlines=PATIENT
    ),
    "a stream whose events come in time": Ending(
        *WHOLE,
        server=(*sends(EVENTS_HEAD), *(Pause(0.6), Send(EVENT)) * 3, Send(b"0\r\n\r\n"), Rest()),
        deadlines=SLOW,
    ),
    "the request's head stops": Ending(
        *page("client_timeout", 408, "timeout"), client=(Send(b"GET <>/ HTTP/1.1\r\nHo"),)
    ),
    "the request's body stops": Ending(
        *page("client_timeout", 408, "timeout"),
        server=(Rest(),),
        client=(BEGUN_UPLOAD,),
        deadlines=SLOW,
    ),
    "the handshake stops": Ending(
        Told("timeout", "client_timeout", None, 200),
        "nothing",
        client=(Send(b"\x16\x03\x01\x02\x00\x01\x00"),),
        secured=False,
        ways=TLS,
    ),
}

CLIENT_FAULTS: Final[dict[str, Ending]] = {
    "leaves without a word": Ending(None, "nothing", client=(Leave(),)),
    "leaves after CONNECT": Ending(None, "nothing", client=(Leave(),), secured=False, ways=TLS),
    "leaves in the head": Ending(
        *silent("client_closed"), client=(Send(b"GET <>/ HTTP/1.1\r\nHo"), Pause(0.05), Leave())
    ),
    "leaves in its body": Ending(
        *silent("client_closed"),
        client=(BEGUN_UPLOAD, Await(), Leave()),
        server=(Until(b"abc"), Signal(), Rest()),
    ),
    "resets in its body": Ending(
        *silent("client_closed"),
        client=(BEGUN_UPLOAD, Await(), Reset()),
        server=(Until(b"abc"), Signal(), Rest()),
    ),
    "leaves in its chunks": Ending(
        *silent("client_closed"),
        client=(STREAMED_UPLOAD, Await(), Leave()),
        server=(Until(b"abc"), Signal(), Rest()),
    ),
    # In the clear that may be a half-close: it is passed on, and a page goes back.
    "leaves while it waits": Ending(
        Told("error", "client_closed", None, 502),
        "nothing",
        client=(Send(request()), Await(), Leave()),
        server=(HEAD_END, Signal(), Rest()),
        ways=PLAIN,
    ),
    "leaves while it waits in TLS": Ending(
        *silent("client_closed"),
        client=(Send(request()), Await(), Leave()),
        server=(HEAD_END, Signal(), Rest()),
        ways=TLS,
    ),
    "resets while it waits": Ending(
        *silent("client_closed"),
        client=(Send(request()), Await(), Reset()),
        server=(HEAD_END, Signal(), Rest()),
    ),
    "reset, and the answer comes later": Ending(
        *silent("client_closed"),
        client=(Send(request()), Await(), Reset()),
        server=(HEAD_END, Signal(), Rest(), Send(OK)),
    ),
    "left, and a short answer comes later": Ending(
        Told("error", "client_closed", 200),
        "nothing",
        client=(Send(request()), Await(), Leave()),
        server=(HEAD_END, Signal(), Rest(), Send(OK)),
        ways=PLAIN,
    ),
    "left, and a long answer comes later": Ending(
        Told("error", "client_closed", 200),
        "nothing",
        client=(Send(request()), Await(), Leave()),
        server=(HEAD_END, Signal(), Rest(), Send(CHUNKED_HEAD), Drip(4096, 200, chunked=True)),
        ways=PLAIN,
        server_ends=True,
    ),
    "leaves in the answer": Ending(
        Told("error", "client_closed", 200),
        "200 cut",
        client=(Send(request()), Until(b"x" * 4096), Leave()),
        server=(HEAD_END, Send(CHUNKED_HEAD), Drip(4096, 400, chunked=True)),
    ),
    "resets in the answer": Ending(
        Told("error", "client_closed", 200),
        "200 cut",
        client=(Send(request()), Until(b"abc"), Reset()),
        server=sends(LENGTH_HEAD + b"abc", then=Rest()),
    ),
    "leaves an event stream": Ending(
        Told("error", "client_closed", 200),
        "200 cut",
        client=(Send(request()), Until(b"data"), Reset()),
        server=sends(EVENTS_HEAD + EVENT, then=Rest()),
    ),
    "leaves after the answer": Ending(*WHOLE, client=(Send(request()), Until(b"ok"), Leave())),
    "resets after the answer": Ending(*WHOLE, client=(Send(request()), Until(b"ok"), Reset())),
    "does not trust us": Ending(
        Told("error", "tls_client", None, 200), "no TLS", trusts=False, ways=TLS
    ),
    "leaves in the handshake": Ending(
        Told("error", "tls_client", None, 200),
        "nothing",
        client=(Send(b"\x16\x03\x01\x02\x00\x01\x00"), Pause(0.05), Leave()),
        secured=False,
        ways=TLS,
    ),
}

REQUESTS: Final[dict[str, Ending]] = {
    "garbage instead of a request": bad(b"\x00\x01\x02\r\n\r\n", anonymous=True),
    "no Host": bad(b"GET <>/ HTTP/1.1\r\n\r\n"),
    "two Hosts": bad(b"GET <>/ HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"),
    "both framings in a request": bad(
        request(b"POST", more=b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")
    ),
    "a header without a colon": bad(b"GET <>/ HTTP/1.1\r\nHost: h\r\nodd\r\n\r\n"),
    "a bare line feed": bad(b"GET <>/ HTTP/1.1\r\nHost: h\n\r\n"),
    "HTTP/2.0 in a request line": bad(b"GET <>/ HTTP/2.0\r\nHost: h\r\n\r\n", ways=TLS),
    "a bad chunk in an upload": Ending(
        *page("malformed_request", 400),
        client=(STREAMED_UPLOAD, Pause(0.1), Send(b"zz\r\n")),
        server=(Rest(),),
    ),
    "too large a head": Ending(
        *page("too_large", 431), client=(Send(request(more=b"X: " + b"a" * 200_000 + b"\r\n")),)
    ),
    "no route": Ending(*page("no_route", 404), upstream=Upstream.NO_ROUTE, ways=REVERSE),
    "our own address": Ending(*page("blocked", 403), upstream=Upstream.OURSELVES, ways=PROXIED),
    "neither TLS nor HTTP in a tunnel": Ending(
        Told("error", "blocked", None, 200),
        "nothing",
        client=(Send(b"\x00\x00\x00raw"),),
        secured=False,
        ways=TLS,
    ),
}

AT_STOP: Final[dict[str, Ending]] = {
    "ends within the grace": Ending(*WHOLE, server=(HEAD_END, Pause(0.9), Send(OK))),
    "is not answered before the stop": Ending(
        Told("error", "interrupted"), "nothing", server=(Rest(),)
    ),
    "streams at the stop": Ending(
        *cut("interrupted"), server=sends(EVENTS_HEAD + EVENT, then=Rest())
    ),
    "uploads at the stop": Ending(
        Told("error", "interrupted"), "nothing", client=(STREAMED_UPLOAD,), server=(Rest(),)
    ),
}
"""Begun before SIGTERM; the grace is 1.5 s."""

RUNNING: Final = UPSTREAM_FAULTS | CERTIFICATES | DEADLINES | CLIENT_FAULTS | REQUESTS
