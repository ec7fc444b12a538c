"""Rows as the recorder would make them, and a store with some."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from store.activity import ActivityRow, ActivityType, Direction, Status
from store.data_folder import DataFolder
from store.identity import activity_id, integration_id, organization_id
from store.open_store import open_writer


def row(
    organization: str = "acme",
    integration: str = "slack",
    *,
    created_at: int,
    status: Status = Status.SUCCESS,
    **values: Any,
) -> ActivityRow:
    """A row of a POST to api.example.com that was answered 200; `values` replace columns."""
    owner = organization_id(organization)
    ended = status is not Status.STARTED
    default: dict[str, Any] = {
        "id": activity_id(created_at),
        "organization_id": owner.bytes,
        "organization": organization,
        "integration_id": integration_id(owner, integration).bytes,
        "integration": integration,
        "provider": integration,
        "direction": Direction.OUTGOING,
        "activity_type": ActivityType.API_CALL,
        "method": "POST",
        "origin": "https://api.example.com",
        "host": "api.example.com",
        "path": "/v1/things/7",
        "path_template": "/v1/things/{id}",
        "request_headers": '{"Accept": "*/*"}' if ended else None,
        "request_body": '{"name": "request"}' if ended else None,
        "request_size": 19,
        "response_status": 200 if ended else None,
        "response_headers": '{"Content-Type": "application/json"}' if ended else None,
        "response_body": '{"ok": true}' if ended else None,
        "response_size": 12,
        "response_time_ms": 12.5 if ended else None,
        "status": status,
        "created_at": created_at,
        "completed_at": created_at + 12 if ended else None,
    }
    return ActivityRow(**(default | values))


def fill(data: Path, rows: Iterable[ActivityRow]) -> None:
    """Write rows into the store of a data folder."""
    folder = DataFolder(data).ensure()
    writer = open_writer(folder.activity_db)
    try:
        writer.write(list(rows))
    finally:
        writer.close()
