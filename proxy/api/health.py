"""Endpoints for those who run Wiretrail: alive, ready, metrics, and what it is."""

import msgspec
from starlette.responses import Response

from proxy.api.endpoint import PREFIX, Call, Endpoint
from proxy.api.metrics import ApiMetrics
from proxy.api.problem import ProblemError
from proxy.api.services import About
from store.accounting import Accounting
from store.times import Instant


class Liveness(msgspec.Struct, frozen=True):
    """The state of this installation in one word."""

    status: str
    """`ok` or `ready`."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What this installation is and does."""

    about: About
    accounting: Accounting
    last_seq: int
    """The newest `seq`; a live stream that starts `after` it misses nothing."""
    now: Instant
    """The server's clock."""


async def healthz(call: Call) -> Liveness:
    """Answers while the process lives."""
    return Liveness("ok")


async def readyz(call: Call) -> Liveness:
    """Answers 200 once traffic is recorded and the store can be read, else 503."""
    if not call.services.ready():
        raise ProblemError(503, "not ready yet", headers={"Retry-After": "1"})
    return Liveness("ready")


async def overview(call: Call) -> Overview:
    """Version, listening addresses, retention, and the accounting of exchanges."""
    services = call.services
    return Overview(
        about=services.about,
        accounting=services.accounting(),
        last_seq=await services.reader.last_seq(),
        now=Instant(services.clock()),
    )


def endpoints(metrics: ApiMetrics) -> tuple[Endpoint, ...]:
    """The endpoints; `metrics` is what `/metrics` shows."""

    async def show_metrics(call: Call) -> Response:
        """Counters in Prometheus' text format. `seen = stored + dropped + in flight` holds
        within one answer. Holds no names of organizations, integrations or hosts."""
        text, content_type = metrics.text(call.request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type})

    return (
        Endpoint("GET", "/healthz", healthz, "Alive?", "operation", public=True, answer=Liveness),
        Endpoint(
            "GET",
            "/readyz",
            readyz,
            "Ready?",
            "operation",
            public=True,
            answer=Liveness,
            problems=(503,),
        ),
        Endpoint(
            "GET",
            "/metrics",
            show_metrics,
            "Metrics",
            "operation",
            public=True,
            media=("text/plain",),
        ),
        Endpoint(
            "GET", f"{PREFIX}/overview", overview, "This installation", "operation", answer=Overview
        ),
    )
