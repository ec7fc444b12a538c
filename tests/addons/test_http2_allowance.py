"""Requests that come together with their resets: how they are seen, and how many there may be."""

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated

from addons import http2_allowance
from addons.http2_allowance import (
    AT_ONCE,
    CALM_DOWN,
    Allowance,
    begins_with_too_many,
    begun_and_reset,
)

HEAD = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")]


def client() -> H2Connection:
    made = H2Connection(H2Configuration(client_side=True))
    made.initiate_connection()
    return made


def requests(h2: H2Connection, count: int, *, reset: int) -> bytes:
    """So many requests, of which the last ones are reset."""
    streams = []
    for number in range(count):
        stream = h2.get_next_available_stream_id()
        h2.send_headers(stream, HEAD)
        h2.send_data(stream, b"x" * number)
        streams.append(stream)
    for stream in streams[count - reset :]:
        h2.reset_stream(stream)
    return h2.data_to_send()


@pytest.fixture
def used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all share is used up."""
    monkeypatch.setattr(http2_allowance._shared, "_left", 0.0)
    monkeypatch.setattr(http2_allowance, "_REFILL", 0)


def test_what_is_begun_and_what_is_reset() -> None:
    data = requests(client(), 5, reset=2)
    assert begun_and_reset(data, 24, 0) == ({1, 3, 5, 7, 9}, {7, 9})


def test_resets_of_earlier_streams_are_none() -> None:
    h2 = client()
    requests(h2, 2, reset=0)
    h2.reset_stream(1)
    h2.reset_stream(3)
    h2.send_headers(5, HEAD)
    h2.reset_stream(5)
    assert begun_and_reset(h2.data_to_send(), 0, 3) == ({5}, {5})


def test_only_whole_frames_count() -> None:
    data = requests(client(), 1, reset=1)
    for size in range(len(data)):
        _, stillborn = begun_and_reset(data[:size], 24, 0)
        assert not stillborn
    assert begun_and_reset(data, 24, 0) == ({1}, {1})


def test_no_more_are_looked_for_than_are_too_many() -> None:
    data = requests(client(), 3 * AT_ONCE, reset=0)
    h2 = client()
    for _ in range(3 * AT_ONCE):
        stream = h2.get_next_available_stream_id()
        h2.send_headers(stream, HEAD)
        h2.reset_stream(stream)
    begun, stillborn = begun_and_reset(h2.data_to_send(), 24, 0)
    assert len(begun) == len(stillborn) == AT_ONCE + 1
    assert len(begun_and_reset(data, 24, 0)[0]) == 3 * AT_ONCE


@pytest.mark.usefixtures("used_up")
def test_proper_requests_earn_as_many() -> None:
    allowance = Allowance()
    assert allowance.take(30, 0)
    assert allowance.take(0, 20)
    assert allowance.take(0, 10)
    assert not allowance.take(0, 1)


@pytest.mark.usefixtures("used_up")
def test_no_more_are_earned_than_are_allowed_at_once() -> None:
    allowance = Allowance()
    assert allowance.take(1000, 0)
    assert not allowance.take(0, AT_ONCE + 1)
    assert allowance.take(0, AT_ONCE)
    assert not allowance.take(0, 1)


@pytest.mark.usefixtures("used_up")
def test_requests_of_the_same_read_earn_nothing_for_it() -> None:
    assert not Allowance().take(10, 1)


def test_what_is_shared_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(http2_allowance.time, "monotonic", lambda: now)
    shared = http2_allowance._Shared()
    assert shared.take(500)
    assert not shared.take(1)
    now += 0.1
    assert shared.take(50)
    assert not shared.take(1)
    now += 1000
    assert shared.take(500)
    assert not shared.take(1)


def test_beginning_with_some_is_fine() -> None:
    assert not begins_with_too_many(requests(client(), 50, reset=50))
    assert not begins_with_too_many(requests(client(), 50, reset=0))
    assert not begins_with_too_many(client().data_to_send()[:20])


@pytest.mark.usefixtures("used_up")
def test_beginning_with_one_is_too_many_when_all_are_used_up() -> None:
    assert begins_with_too_many(requests(client(), 1, reset=1))
    assert not begins_with_too_many(requests(client(), 1, reset=0))


def test_the_words_to_who_is_thrown_out_are_http2() -> None:
    h2 = client()
    events = h2.receive_data(CALM_DOWN)
    [ended] = [event for event in events if isinstance(event, ConnectionTerminated)]
    assert (ended.error_code, ended.last_stream_id) == (11, 0)
    assert ended.additional_data == b"too many frames that carry nothing"
