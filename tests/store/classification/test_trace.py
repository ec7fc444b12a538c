import pytest

from store.classification.trace import provider_request_id, trace_id

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        (b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01", TRACE),
        (b"traceparent", f"cc-{TRACE}-b7ad6b7169203331-01-what-the-future-brings", TRACE),
        (b"traceparent", f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (b"traceparent", f"00-{TRACE.upper()}-b7ad6b7169203331-01", None),
        (b"traceparent", "nonsense", None),
        (b"b3", f"{TRACE}-e457b5a2e4d86bd1-1", TRACE),
        (b"x-b3-traceid", "463ac35c9f6413ad", "463ac35c9f6413ad"),
        (
            b"x-amzn-trace-id",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "5759e988bd862e3fe1be46a994272793",
        ),
        (b"other", TRACE, None),
    ],
)
def test_trace_ids(name: bytes, value: str, found: str | None) -> None:
    assert trace_id({name: value.encode()}) == found


def test_a_malformed_traceparent_is_not_made_up_for_by_another_header() -> None:
    assert trace_id({b"traceparent": b"x", b"b3": TRACE.encode()}) is None


def test_the_answer_names_a_call_and_the_request_a_delivery() -> None:
    request, answer = {b"x-github-delivery": b"d-1"}, {b"request-id": b"req_1"}
    assert provider_request_id(False, request, answer) == "req_1"
    assert provider_request_id(True, request, answer) == "d-1"
    assert provider_request_id(True, {}, answer) is None


def test_an_id_that_is_no_token_is_none() -> None:
    assert provider_request_id(False, {}, {b"x-request-id": b"a b"}) is None
    assert provider_request_id(False, {}, {b"x-request-id": b"x" * 201}) is None
