"""Names of tests are the same in every process that collects them, or xdist refuses to run."""

import pytest


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes that are no text are not part of a name: gzip, say, writes the time into them."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None
