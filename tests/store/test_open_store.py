from pathlib import Path

import pytest

from store.errors import StoreError
from store.filters import EVERYTHING
from store.open_store import open_reader, open_writer
from store.scope import SERVICE
from tests.support.rows import row


@pytest.mark.parametrize("form", ["path", "text", "sqlite:///{}"])
async def test_what_one_address_writes_another_reads(tmp_path: Path, form: str) -> None:
    path = tmp_path / "my store.db"
    address = path if form == "path" else str(path) if form == "text" else form.format(path)
    writer = open_writer(address)
    writer.write([row(created_at=1_795_424_000_000)])
    reader = open_reader(path)
    page = await reader.page(SERVICE, EVERYTHING, cursor=None, limit=5)
    assert len(page.items) == 1
    await reader.close()
    writer.close()


@pytest.mark.parametrize(
    "address", ["postgresql://host/db", "mysql://x", "sqlite://host/x", "sqlite:"]
)
def test_addresses_without_a_backend_are_refused(address: str) -> None:
    for opens in (open_reader, open_writer):
        with pytest.raises(StoreError, match="sqlite"):
            opens(address)
