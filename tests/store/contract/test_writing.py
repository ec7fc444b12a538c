"""What a writer promises: idempotent batches, one final row per exchange."""

import msgspec

from store.activity import Status
from store.filters import EVERYTHING
from store.identity import activity_id
from store.scope import SERVICE
from store.times import uuid_text
from tests.store.contract.conftest import NOW, Store
from tests.support.rows import row


async def listed(store: Store) -> list[tuple[str, str]]:
    page = await store.reader.page(SERVICE, EVERYTHING, cursor=None, limit=100)
    return [(activity.id, activity.status) for activity in page.items]


async def test_a_row_comes_back_as_it_was_written(store: Store) -> None:
    written = row(
        created_at=NOW,
        query="?page=2",
        error_message="none",
        user_id="u-1",
        ip_address="10.0.0.1",
        user_agent="curl/8",
        metadata='{"event":"push"}',
        trace_id="ab" * 16,
        provider_request_id="req_1",
        replay_of=activity_id(NOW - 5),
        redactions=2,
        redaction_places='[["request_headers.Accept","header"]]',
        request_truncated=True,
    )
    store.write(written)
    found = await store.reader.one(SERVICE, uuid_text(written.id))
    assert found.endpoint == "https://api.example.com/v1/things/7?page=2"
    assert found.path == "/v1/things/7"
    assert found.request_headers == {"Accept": "*/*"}
    assert bytes(found.request_body) == b'{"name": "request"}'
    assert bytes(found.response_body) == b'{"ok": true}'
    assert (found.request_truncated, found.response_truncated) == (True, False)
    assert found.response_time_ms == 12.5
    assert found.created_at == "2026-11-23T08:53:20.000Z"
    assert found.completed_at == "2026-11-23T08:53:20.012Z"
    assert found.metadata == {"event": "push"}
    assert found.redaction_places == [["request_headers.Accept", "header"]]
    assert found.replay_of == uuid_text(written.replay_of)
    for name in ("user_id", "ip_address", "user_agent", "trace_id", "provider_request_id"):
        assert getattr(found, name) == getattr(written, name)
    assert not found.bodies_withheld


async def test_a_repeated_batch_changes_nothing(store: Store) -> None:
    rows = [row(created_at=NOW + n) for n in range(3)]
    first = store.write(*rows)
    again = store.write(*rows)
    assert (first.inserted, first.repeated) == (3, 0)
    assert (again.inserted, again.repeated, again.last_seq) == (0, 3, first.last_seq)
    assert len(await listed(store)) == 3


async def test_a_started_row_is_completed_once(store: Store) -> None:
    started = row(created_at=NOW, status=Status.STARTED)
    final = row(created_at=NOW, id=started.id)
    assert store.write(started).inserted == 1
    done = store.write(final)
    assert (done.inserted, done.completed, done.last_seq) == (0, 1, 2)
    late = msgspec.structs.replace(final, status=Status.FAILED, response_status=500)
    assert store.write(late, started).repeated == 2
    assert await listed(store) == [(uuid_text(started.id), "success")]


async def test_start_and_end_in_one_batch_are_one_row(store: Store) -> None:
    started = row(created_at=NOW, status=Status.STARTED)
    result = store.write(started, row(created_at=NOW, id=started.id))
    assert (result.inserted, result.completed) == (1, 1)
    assert await listed(store) == [(uuid_text(started.id), "success")]


async def test_a_bare_start_does_not_wipe_a_durable_request(store: Store) -> None:
    durable = row(created_at=NOW, status=Status.STARTED, request_headers="{}", request_body='"b"')
    store.write(durable)
    store.write(row(created_at=NOW, id=durable.id, status=Status.STARTED))
    found = await store.reader.one(SERVICE, uuid_text(durable.id))
    assert bytes(found.request_body) == b'"b"'


async def test_ids_of_one_millisecond_that_are_nearly_equal_stay_apart(store: Store) -> None:
    first = activity_id(NOW)
    # They differ in the last bits only, whatever a backend makes its key of.
    ids = [first[:-1] + bytes([last]) for last in range(4)]
    rows = [row(created_at=NOW, id=identifier, path=f"/{n}") for n, identifier in enumerate(ids)]
    assert store.write(*rows[:2]).inserted == 2
    assert store.write(*rows).inserted == 2
    for n, identifier in enumerate(ids):
        found = await store.reader.one(SERVICE, uuid_text(identifier))
        assert found.path == f"/{n}"


async def test_interrupting_started_rows(store: Store) -> None:
    old = row(created_at=NOW - 5000, status=Status.STARTED)
    young = row(created_at=NOW, status=Status.STARTED)
    store.write(old, young, row(created_at=NOW - 6000))
    assert store.writer.interrupt_started(NOW) == 1
    found = await store.reader.one(SERVICE, uuid_text(old.id))
    assert (found.status, found.error_code) == ("error", "interrupted")
    assert found.seq == await store.reader.last_seq() == 4
    assert store.writer.interrupt_started(NOW) == 0


async def test_what_services_log_themselves_may_end_after_a_restart(store: Store) -> None:
    young, old = (
        row(created_at=NOW - age, status=Status.STARTED, metadata='{"listener":"log api"}')
        for age in (5000, 86_405_000)
    )
    store.write(old, young)
    assert store.writer.interrupt_started(NOW) == 1
    assert (await store.reader.one(SERVICE, uuid_text(young.id))).status == "started"
    assert (await store.reader.one(SERVICE, uuid_text(old.id))).status == "error"


async def test_ending_single_rows_that_have_started(store: Store) -> None:
    started, other = (row(created_at=NOW - n, status=Status.STARTED) for n in (1, 2))
    done = row(created_at=NOW)
    store.write(started, other, done)
    result = store.writer.end_started([started.id, done.id, bytes(16)])
    assert (result.completed, result.last_seq) == (1, 4)
    found = [await store.reader.one(SERVICE, uuid_text(r.id)) for r in (started, other, done)]
    assert [one.status for one in found] == ["error", "started", "success"]
    assert found[0].error_code == "not_recorded"
    assert store.writer.end_started([started.id]).completed == 0


async def test_the_newest_name_of_an_integration_is_shown(store: Store) -> None:
    before = row(created_at=NOW)
    store.write(before)
    store.write(row(created_at=NOW + 1, integration_id=before.integration_id, integration="new"))
    page = await store.reader.page(SERVICE, EVERYTHING, cursor=None, limit=10)
    assert {activity.integration for activity in page.items} == {"new"}


async def test_sequence_numbers_go_on_after_everything_was_deleted(store: Store) -> None:
    store.write(row(created_at=NOW))
    store.maintain(NOW + 400 * 86_400_000)
    assert await listed(store) == []
    assert await store.reader.last_seq() == 1
    assert store.write(row(created_at=NOW + 1)).last_seq == 2
