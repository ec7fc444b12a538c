"""The kept upstream connections of one client connection."""

from typing import Final

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events

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

    def put(self, link: UpstreamLink) -> list[commands.Command]:
        """Keep a link; the commands close one that has to go for it."""
        if link.exchanges == 1:
            link.keep_session()
        links = self._links
        replaced = links.pop(link.target.key, None)
        links[link.target.key] = link
        if replaced is None and len(links) > _KEPT:
            replaced = links.pop(next(iter(links)))
        return [replaced.close()] if replaced is not None else []

    def event(self, event: events.ConnectionEvent) -> list[commands.Command]:
        """A kept connection says something unasked: session tickets are fine, the rest ends
        it."""
        link = self._find(event.connection)
        if link is None:
            return []
        out: list[commands.Command] = []
        if link.tls is not None:
            out.extend(link.tls.handle_event(event))
            if not link.inbox and not link.ended:
                return out
        del self._links[link.target.key]
        out.append(link.close())
        return out

    def close(self) -> list[commands.CloseConnection]:
        """The commands that close every kept link."""
        links, self._links = list(self._links.values()), {}
        return [link.close() for link in links]

    def _find(self, connection: Connection) -> UpstreamLink | None:
        for link in self._links.values():
            if link.server is connection:
                return link
        return None
