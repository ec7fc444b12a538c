"""Adds the activity log to a stock mitmproxy: `mitmdump -s addons/record.py`.

Records what mitmproxy relays, with its own way of relaying (buffered bodies, no deadlines); the
store, its redaction and every way of reading it are Wiretrail's. Options: `wiretrail_data`, the
data folder (default: where `wiretrail` looks), and `wiretrail_organization`.

Beside mitmproxy it needs the packages in `_NEEDED`, and says so where they are missing.
"""

import os
import sys

# mitmproxy puts this file's folder on the path; the folders import each other from one above.
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if sys.path[:1] != [_ROOT]:
    sys.path.insert(0, _ROOT)

from importlib.util import find_spec  # noqa: E402
from typing import Any, Final  # noqa: E402

_NEEDED: Final = {"msgspec": "msgspec", "re2": "google-re2", "zstandard": "zstandard"}
_missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
if _missing:
    raise ModuleNotFoundError(
        "addons/record.py needs more than mitmproxy brings; install it with: "
        f"{sys.executable} -m pip install {' '.join(_missing)}"
    )

from mitmproxy import ctx, exceptions, http  # noqa: E402
from mitmproxy.proxy.mode_specs import ReverseMode  # noqa: E402

from addons.context_headers import read_claims  # noqa: E402
from addons.exchange import Binding, Exchange, clock  # noqa: E402
from addons.flow_failure import failure_of  # noqa: E402
from addons.opening import readable_target  # noqa: E402
from addons.record_thread import RecordThread  # noqa: E402
from addons.settings import Limits  # noqa: E402
from addons.stream_count import counter_for  # noqa: E402
from addons.websocket_count import WebSocketCount  # noqa: E402
from store.activity import Direction  # noqa: E402
from store.capture import Claims, HeaderList  # noqa: E402
from store.data_folder import default_path, named_path  # noqa: E402
from store.errors import StoreError  # noqa: E402

_BODY_LIMIT: Final = 65536
_PREFIX: Final = b"x-wiretrail-"


class Record:
    """The addon."""

    def __init__(self) -> None:
        self._thread: RecordThread | None = None
        self._exchanges: dict[str, Exchange] = {}
        self._binding = Binding(None)

    def load(self, loader: Any) -> None:
        """Declare the options."""
        loader.add_option("wiretrail_data", str, "", "Data folder of the activity log.")
        loader.add_option(
            "wiretrail_organization", str, "", "Organization that the traffic belongs to."
        )

    def running(self) -> None:
        """Open the store."""
        self._binding = Binding(ctx.options.wiretrail_organization or None)
        chosen = ctx.options.wiretrail_data
        try:
            self._thread = RecordThread(named_path(chosen) if chosen else default_path())
        except StoreError as error:
            untyped: Any = exceptions.OptionsError
            raise untyped(str(error)) from None
        self._thread.start()

    def done(self) -> None:
        """Write what waits."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A head has come: open the exchange; context headers are for us alone."""
        request = flow.request
        fields: HeaderList = [(name, value) for name, value in request.headers.fields]
        context = [field for field in fields if field[0].lower().startswith(_PREFIX)]
        incoming = isinstance(flow.client_conn.proxy_mode, ReverseMode)
        claims: Claims | None = None
        if context:
            fields = [field for field in fields if field not in context]
            request.headers = http.Headers(fields)
            claims = None if incoming else read_claims(context)
        self._exchanges[flow.id] = Exchange(
            listener=flow.client_conn.proxy_mode.full_spec,
            direction=Direction.INCOMING if incoming else Direction.OUTGOING,
            binding=self._binding,
            body_limit=_BODY_LIMIT,
            started_at=clock(),
            client_address=flow.client_conn.peername[0],
            method=request.method,
            scheme=request.scheme,
            host=request.pretty_host,
            port=request.port,
            target=readable_target(request.data.path),
            http_version=request.http_version,
            headers=fields,
            claims=claims,
        )

    def response(self, flow: http.HTTPFlow) -> None:
        """The answer is complete."""
        exchange = self._exchanges.get(flow.id)
        answer = flow.response
        if exchange is None or answer is None:
            return
        exchange.take_request(flow.request.raw_content or b"")
        exchange.response_status = answer.status_code
        exchange.response_headers = [(name, value) for name, value in answer.headers.fields]
        if answer.trailers is not None:
            exchange.response_trailers = [(n, v) for n, v in answer.trailers.fields]
        exchange.counter = counter_for(answer.headers.get("content-type", "").encode())
        exchange.take_answer(answer.raw_content or b"")
        # It came whole: when its messages came is not known.
        exchange.message_times.clear()
        if flow.websocket is None:
            self._keep(flow)
        else:
            exchange.counter = WebSocketCount(Limits())

    def error(self, flow: http.HTTPFlow) -> None:
        """The flow ended without a complete answer."""
        exchange = self._exchanges.get(flow.id)
        if exchange is not None:
            exchange.take_request(flow.request.raw_content or b"")
            exchange.fail(*failure_of(flow))
            self._keep(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """One whole message."""
        exchange = self._exchanges.get(flow.id)
        if exchange is None or flow.websocket is None:
            return
        message = flow.websocket.messages[-1]
        if isinstance(exchange.counter, WebSocketCount):
            at = (clock() - exchange.started_at) * 1000.0
            exchange.counter.take(
                at,
                message.content,
                size=len(message.content),
                from_client=message.from_client,
                text=message.is_text,
            )

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """The WebSocket is closed."""
        exchange = self._exchanges.get(flow.id)
        if exchange is None:
            return
        if isinstance(exchange.counter, WebSocketCount) and flow.websocket is not None:
            exchange.counter.close(flow.websocket.close_code)
        self._keep(flow)

    def _keep(self, flow: http.HTTPFlow) -> None:
        exchange = self._exchanges.pop(flow.id)
        if self._thread is not None:
            self._thread.put(exchange.final(clock()))


addons = [Record()]
