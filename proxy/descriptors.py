"""File descriptors for the connections that a worker may hold: a client's and an upstream's for
each, and some for itself."""

import logging
import resource
from typing import Final

log = logging.getLogger("wiretrail.worker")

_OWN: Final = 256
_EACH: Final = 2


def connections_within(wanted: int, *, asked: bool) -> int:
    """How many of the wanted connections the limit of open files allows, once the soft limit is
    raised as far as they need and the hard limit lets it. A warning tells when it is fewer than
    somebody `asked` for; of the default, as many as fit are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * _EACH + _OWN
    limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            soft = limit
        except (OSError, ValueError):
            log.debug("the limit of open files cannot be raised")
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    fits = max(1, (soft - _OWN) // _EACH)
    log.log(
        logging.WARNING if asked else logging.DEBUG,
        "limits.connections is %d, but %d open files (ulimit -n) are enough for %d: that is"
        " the limit",
        wanted,
        soft,
        fits,
    )
    return fits
