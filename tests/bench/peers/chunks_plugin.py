"""A plugin for proxy.py that records the chunks of answers, one JSON value a line."""

import json
import os
from typing import Any

from proxy.http.proxy import HttpProxyBasePlugin  # type: ignore[import-not-found]

_out = open(os.environ["PEER_FILE"], "a", buffering=1 << 16)  # noqa: SIM115


class ChunksPlugin(HttpProxyBasePlugin):  # type: ignore[misc]
    """Keeps what upstreams send."""

    def handle_upstream_chunk(self, chunk: memoryview) -> Any:
        """A piece of an answer."""
        _out.write(json.dumps({"chunk": bytes(chunk).decode("latin-1")}) + "\n")
        return chunk

    def on_upstream_connection_close(self) -> None:
        """The connection has ended."""
        _out.flush()
