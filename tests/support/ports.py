"""Free ports for servers that a test starts a moment later."""

import itertools
import os
import socket

# Below the range from which Linux takes the ports of outgoing connections (32768 and above), so
# that no client's connection takes one between the look here and the start of the server.
_FIRST = 11_000
_SLICE = 5_000
_SLICES = 4


def _candidates() -> "itertools.cycle[int]":
    # Test runs side by side: workers of one run have a slice each, runs differ by process id.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = _FIRST + int(worker) % _SLICES * _SLICE
    at = os.getpid() * 97 % _SLICE
    return itertools.cycle((*range(first + at, first + _SLICE), *range(first, first + at)))


_next = _candidates()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens. The same process never gets one twice
    before thousands of others."""
    for port in itertools.islice(_next, _SLICE):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"no free port between {_FIRST} and {_FIRST + _SLICE * _SLICES}")
