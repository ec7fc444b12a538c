"""The kept upstream connections of one client connection."""

from typing import Final

from mitmproxy.connection import Connection

from addons.routing import Target
from addons.upstream_link import UpstreamLink

_KEPT: Final = 8


class LinkPool:
    """One idle link for each target; they belong to one client connection, so that answers
    can never reach another client."""

    __slots__ = ("_links",)

    def __init__(self) -> None:
        self._links: dict[tuple[str, int, bool], UpstreamLink] = {}

    def take(self, target: Target) -> UpstreamLink | None:
        """An open link to the target, no longer in the pool."""
        return self._links.pop(target.key, None)

    def put(self, link: UpstreamLink) -> UpstreamLink | None:
        """Keep a link; returns one that has to be closed for it."""
        links = self._links
        replaced = links.pop(link.target.key, None)
        links[link.target.key] = link
        if replaced is None and len(links) > _KEPT:
            replaced = links.pop(next(iter(links)))
        return replaced

    def remove(self, connection: Connection) -> UpstreamLink | None:
        """The kept link of a connection, no longer in the pool."""
        for key, link in self._links.items():
            if link.server is connection:
                return self._links.pop(key)
        return None

    def empty(self) -> list[UpstreamLink]:
        """All links, no longer in the pool."""
        links, self._links = list(self._links.values()), {}
        return links
