"""A store with a search index in which everything is small: slots of two rows, and no rows are
looked at before the index is."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from store.activity import ActivityRow
from store.filters import parse_filter
from store.options import StoreOptions
from store.scope import SERVICE, Scope
from store.sqlite.reader import SqliteReader
from store.sqlite.search import looking, planes, searching
from store.sqlite.search.indexer import SearchIndexer
from store.sqlite.search.search_file import search_path
from store.sqlite.writer import SqliteWriter

NOW = 1_795_424_000_000
INDEXED = StoreOptions(search=True)


class World:
    """A store with its writer and reader."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._monkeypatch = monkeypatch
        self.writer = SqliteWriter(path, INDEXED)
        self.reader = SqliteReader(path)
        self.now = NOW

    @property
    def file(self) -> Path:
        return search_path(self.path)

    def write(self, *rows: ActivityRow) -> None:
        self.writer.write(rows)

    def reopen(self, options: StoreOptions = INDEXED) -> None:
        self.writer.close()
        self.writer = SqliteWriter(self.path, options)

    def index(self, most: int = 100_000) -> int:
        """Index all there is, or for some steps; returns how many it took."""
        for step in range(most):
            if not self.writer.index(self.now):
                return step
        return most

    def maintain(self) -> None:
        while self.writer.maintain(self.now):
            pass

    @property
    def indexer(self) -> SearchIndexer:
        assert self.writer._search is not None
        return self.writer._search

    async def find(self, query: str, scope: Scope = SERVICE, limit: int = 1000) -> list[str]:
        """The ids of what is found, in pages."""
        where = parse_filter({"q": [query]}, self.now)
        found: list[str] = []
        cursor = None
        while True:
            page = await self.reader.page(scope, where, cursor=cursor, limit=limit)
            found += [activity.id for activity in page.items]
            if page.next is None:
                return found
            cursor = page.next

    async def scan(self, query: str, scope: Scope = SERVICE) -> list[str]:
        """The same without the index."""
        with self._monkeypatch.context() as patch:
            patch.setattr(searching, "open_for_searching", lambda path: None)
            return await self.find(query, scope)

    async def same(self, *queries: str, scope: Scope = SERVICE) -> list[list[str]]:
        """What is found with the index, which must be what is found without."""
        answers = []
        for query in queries:
            scanned = await self.scan(query, scope)
            for limit in (1000, 40):
                found = await self.find(query, scope, limit)
                assert found == scanned, query
            answers.append(found)
        return answers

    async def without_scanning(self, queries: Sequence[str]) -> list[int]:
        """How many rows each query finds out of the index alone."""
        with self._monkeypatch.context() as patch:
            patch.setattr(looking, "stretches", _refused)
            return [len(await self.find(query)) for query in queries]


async def _refused(
    connection: object, narrowing: object, low: int, high: int
) -> AsyncIterator[None]:
    assert low >= high, "rows are scanned"
    return
    yield


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(looking, "_GLANCED", 0)
    monkeypatch.setattr(planes, "_MOST_ROWS", 2)
    opened = World(tmp_path / "activity.db", monkeypatch)
    yield opened
    await opened.reader.close()
    opened.writer.close()
