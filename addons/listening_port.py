"""A listening socket's name for its entrance, which a reload replaces."""

from addons.entrance import Entrance


class ListeningPort:
    """Connections look up `entrance` at each exchange, so that new settings reach kept ones."""

    __slots__ = ("entrance",)

    def __init__(self, entrance: Entrance) -> None:
        self.entrance = entrance
