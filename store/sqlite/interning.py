"""Interning: long values that repeat are stored once and referred to by small numbers."""

import sqlite3
from typing import Final

from store.activity import ActivityRow
from store.sqlite.fresh import Fresh

_MOST_CACHED: Final = 20_000


class Names:
    """Numbers of organizations, integrations, endpoints and clients, with a cache of them.

    The cache is only as good as the transactions it was filled in: `forget` after a rollback.
    Entries are touched once per UTC day, so that those no longer in use can be pruned.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._day = -1
        self.forget()

    def forget(self) -> None:
        """Drop the cache; what it knew may have been rolled back."""
        self._organizations: dict[tuple[bytes, str], int] = {}
        self._integrations: dict[tuple[bytes, bytes, str], tuple[int, int]] = {}
        self._endpoints: dict[tuple[int, str, str, str, str | None, str], int] = {}
        self._clients: dict[tuple[str | None, str | None], int] = {}
        self._fresh: dict[str, Fresh] = {}

    def begin(self, day: int) -> None:
        """Call at the start of each transaction with the number of the UTC day."""
        size = len(self._endpoints) + len(self._clients) + len(self._integrations)
        if day != self._day or size > _MOST_CACHED:
            self.forget()
            self._day = day
        if not self._fresh:
            # Inside the transaction, so that no entry of a rollback counts as an old one.
            tables = ("endpoints", "clients")
            self._fresh = {table: Fresh(self._database, table) for table in tables}

    def integration(self, row: ActivityRow) -> tuple[int, int]:
        """The numbers of a row's organization and integration."""
        key = (row.organization_id, row.integration_id, row.integration)
        found = self._integrations.get(key)
        if found is None:
            organization = self._organization(row)
            found = self._integrations[key] = (
                organization,
                self._number(
                    "INSERT INTO integrations (organization, id, name) VALUES (?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET name = excluded.name RETURNING number",
                    (organization, row.integration_id, row.integration),
                ),
            )
        return found

    def endpoint(self, integration: int, row: ActivityRow) -> int:
        """The number of a row's method, origin and path template."""
        key = (integration, row.path_template, row.method, row.origin, row.provider, row.host)
        found = self._endpoints.get(key)
        if found is None:
            found = self._endpoints[key] = self._number(
                "INSERT INTO endpoints"
                " (integration, template, method, origin, provider, host, used)"
                " VALUES (?, ?, ?, ?, coalesce(?, ''), ?, ?)"
                " ON CONFLICT DO UPDATE SET used = excluded.used RETURNING number",
                (*key, self._day),
            )
        self._fresh["endpoints"].use(found)
        return found

    def client(self, row: ActivityRow) -> int:
        """The number of a row's user agent and client address."""
        key = (row.user_agent, row.ip_address)
        found = self._clients.get(key)
        if found is None:
            found = self._clients[key] = self._number(
                "INSERT INTO clients (user_agent, ip_address, used)"
                " VALUES (coalesce(?, ''), coalesce(?, ''), ?)"
                " ON CONFLICT DO UPDATE SET used = excluded.used RETURNING number",
                (*key, self._day),
            )
        self._fresh["clients"].use(found)
        return found

    def leave(self, endpoint: int, client: int) -> bool:
        """A row no longer refers to these; true when one of them is gone because of it."""
        gone = [
            self._fresh[table].leave(number)
            for table, number in (("endpoints", endpoint), ("clients", client))
        ]
        if gone[0]:
            self._endpoints = {k: n for k, n in self._endpoints.items() if n != endpoint}
        if gone[1]:
            self._clients = {k: n for k, n in self._clients.items() if n != client}
        return any(gone)

    def _organization(self, row: ActivityRow) -> int:
        key = (row.organization_id, row.organization)
        found = self._organizations.get(key)
        if found is None:
            found = self._organizations[key] = self._number(
                "INSERT INTO organizations (id, name) VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET name = excluded.name RETURNING number",
                key,
            )
        return found

    def _number(self, statement: str, values: tuple[object, ...]) -> int:
        (number,) = self._database.execute(statement, values).fetchone()
        return int(number)
