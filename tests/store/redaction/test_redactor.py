"""The redactor's promises beyond the corpus: phases, marks, options, failing closed."""

import json
from uuid import UUID

import msgspec
import pytest

from store.activity import Direction
from store.capture import Capture, HeaderList, Phase, Stream, StreamMessage
from store.errors import RuleError
from store.identity import organization_id
from store.redaction.exchange import RedactedExchange
from store.redaction.options import OrganizationRedaction, RedactionOptions, UserPattern
from store.redaction.redactor import Redactor
from tests.store.redaction.corpus import row_text
from tests.store.redaction.fakes import PASSWORD, TOKEN, draw, word

KEY = b"redactor key, 32 bytes long....!"
ACME, BOLT = organization_id("acme"), organization_id("bolt")


def capture(
    body: str = "",
    *,
    headers: HeaderList | None = None,
    answer: str = "",
    target: str = "/x",
    phase: Phase = Phase.FINAL,
    error: str | None = None,
    stream: Stream | None = None,
    host: str = "h.test",
) -> Capture:
    return Capture(
        id=bytes(16),
        phase=phase,
        direction=Direction.OUTGOING,
        listener="test",
        method="POST",
        scheme="https",
        host=host,
        port=443,
        target=target,
        request_headers=headers or [],
        request_body=body.encode(),
        request_size=len(body.encode()),
        response_status=None if phase is not Phase.FINAL else 200,
        response_body=answer.encode(),
        response_size=len(answer.encode()),
        error_message=error,
        stream=stream,
        created_at=1,
    )


def redact(
    shown: Capture, options: RedactionOptions | None = None, organization: UUID = ACME
) -> RedactedExchange:
    return Redactor(KEY, options or RedactionOptions()).redact(shown, organization)


def test_started_rows_hold_host_and_path_only() -> None:
    shown = capture(
        '{"password": "x"}',
        headers=[(b"Authorization", b"Bearer abc123xyz")],
        phase=Phase.STARTED,
        target=f"/reset-password/{TOKEN}?a=1&token={TOKEN}",
        error="no",
    )
    redacted = redact(shown)
    assert redacted.path.startswith("/reset-password/[REDACTED:")
    assert redacted.host == "h.test"
    assert redacted.query == ""
    assert redacted.request_headers is redacted.request_body is redacted.response_headers is None
    assert redacted.error_message is redacted.user_agent is redacted.stream_messages is None


def test_started_rows_are_cut_by_what_headers_and_query_give_away() -> None:
    shown = capture(
        headers=[(b"Authorization", b"Bearer " + TOKEN.encode()), (b"User-Agent", b"svc/1.0")],
        phase=Phase.STARTED,
        host=f"{TOKEN.lower()}.h.test",
        target=f"/of/{TOKEN}/{PASSWORD}?password={PASSWORD}",
    )
    redacted = redact(shown)
    assert redacted.host.startswith("[REDACTED:")
    assert redacted.path.startswith("/of/[REDACTED:")
    assert PASSWORD not in redacted.path
    assert TOKEN not in redacted.scrub(f"bob-{TOKEN}")
    assert redacted.query == ""
    assert redacted.request_headers is redacted.user_agent is None
    assert (redacted.redactions, redacted.places) == (0, "[]")


def test_durable_request_is_redacted_from_itself_and_again_with_the_answer() -> None:
    body = json.dumps({"note": TOKEN})
    before = redact(capture(body, phase=Phase.REQUEST))
    assert before.request_body == body
    assert before.response_headers is None
    after = redact(capture(body, answer=json.dumps({"api_key": TOKEN})))
    assert TOKEN not in row_text(after)


def test_marks_tell_equality_within_one_organization_only() -> None:
    shown = capture(json.dumps({"password": PASSWORD, "token": PASSWORD, "secret": "another-1"}))
    redactor = Redactor(KEY, RedactionOptions())
    values = msgspec.json.decode(
        redactor.redact(shown, ACME).request_body or "", type=dict[str, str]
    )
    assert values["password"] == values["token"] != values["secret"]
    assert values["password"].startswith("[REDACTED:")
    assert len(values["password"]) == len("[REDACTED:12345678]")
    elsewhere = msgspec.json.decode(
        redactor.redact(shown, BOLT).request_body or "", type=dict[str, str]
    )
    assert elsewhere["password"] != values["password"]
    rotated = Redactor(KEY[::-1], RedactionOptions()).redact(shown, ACME)
    assert values["password"] not in (rotated.request_body or "")


def test_a_secret_that_lost_its_case_is_cut() -> None:
    secret = "FAKE" + "MixedCase0123456789"
    shown = capture(
        headers=[(b"Authorization", b"Bearer " + secret.encode())],
        host=f"{secret.lower()}.h.test",
    )
    redacted = redact(shown)
    assert redacted.host.startswith("[REDACTED:")
    assert redacted.host.endswith(".h.test")


def test_names_of_headers_are_looked_at_when_there_is_no_time() -> None:
    shape = "gh" + "p_" + "0123456789abcdefABCDEF0123456789abcd"
    shown = capture(
        headers=[(b"X-" + shape.encode(), b"1"), (b"Authorization", b"Bearer a1b2c3d4")]
    )
    headers = redact(shown, RedactionOptions(deadline_ms=0)).request_headers or ""
    assert shape not in headers
    assert msgspec.json.decode(headers) == {
        "[REDACTED]": "[REDACTED]",
        "Authorization": "[REDACTED]",
    }


def test_a_small_binary_part_of_a_text_is_described() -> None:
    head = 'Content-Disposition: form-data; name="{}"\r\n\r\n'
    parts = [head.format("room") + "kitchen " * 90, head.format("file") + "\0\1\2 some bytes"]
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    kind = (b"Content-Type", b"multipart/form-data; boundary=b")
    kept = redact(capture(body, headers=[kind])).request_body or ""
    assert "kitchen" in kept
    assert "some bytes" not in kept
    assert "[binary application/octet-stream, 14 bytes, sha256 " in kept


def test_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="redaction key of 5 bytes"):
        Redactor(b"short", RedactionOptions()).redact(capture(), ACME)


def test_places_are_paths_and_never_values() -> None:
    body = json.dumps(
        {"users": [{"name": "ada", "password": PASSWORD}], "a": {"b": {"token": TOKEN}}}
    )
    redacted = redact(
        capture(
            body, headers=[(b"Authorization", f"Bearer {TOKEN}".encode())], target=f"/x?key={TOKEN}"
        )
    )
    places = [
        place for place, _ in msgspec.json.decode(redacted.places, type=list[tuple[str, str]])
    ]
    assert places == [
        "query.key",
        "request.headers.Authorization",
        "request.body.users[].password",
        "request.body.a.b.token",
    ]
    assert redacted.redactions == len(redacted.cuts) == 4
    assert (
        redacted.cuts[0].fingerprint == redacted.cuts[1].fingerprint == redacted.cuts[3].fingerprint
    )


def test_clean_json_is_kept_to_the_byte() -> None:
    body = '{ "b" : 1.50,\n "a":[1e5, 12345678901234567890],"a":null }'
    assert redact(capture(body)).request_body == body


def test_scrub_knows_this_exchange() -> None:
    redacted = redact(capture(headers=[(b"X-Api-Key", TOKEN.encode())]))
    assert TOKEN not in redacted.scrub(f"metadata {TOKEN}")
    assert redacted.scrub("metadata plain") == "metadata plain"
    assert "hunter" not in redacted.scrub("password=hunter22")


def test_repeated_headers_are_folded_case_insensitively() -> None:
    headers = [(b"Via", b"1.1 a"), (b"via", b"1.1 b"), (b"X-One", b"1")]
    kept = redact(capture(headers=headers)).request_headers
    assert msgspec.json.decode(kept or "") == {"Via": ["1.1 a", "1.1 b"], "X-One": "1"}


def test_everyday_values_are_remembered_and_secrets_are_not() -> None:
    redactor = Redactor(KEY, RedactionOptions())
    secret = TOKEN
    agent = (b"User-Agent", b"meter/1.4")
    for _ in range(2):
        kept = redactor.redact(capture(headers=[agent]), ACME)
        assert "meter/1.4" in (kept.request_headers or "")
        # Seen beside a secret, and as one.
        odd = [agent, (b"X-Note", f"token={secret}".encode()), (b"Authorization", b"meter/1.4")]
        kept = redactor.redact(capture(headers=odd), ACME)
        assert secret not in row_text(kept)
        assert "meter/1.4" not in (kept.request_headers or "")


@pytest.mark.parametrize("pattern", ["^badge-[0-9]{4}$", "^badge-[0-9]{4}", "badge-[0-9]{4}$"])
def test_own_patterns_may_ask_for_the_beginning_and_end_of_a_value(pattern: str) -> None:
    own = UserPattern(name="badge", pattern=pattern)
    redactor = Redactor(KEY, RedactionOptions(patterns=(own,)))
    badge, other = (b"X-Note", b"badge-1234"), (b"X-Other", b"1")
    for fields in ([badge], [other, badge], [badge, other], [badge]):
        for target in ("/x", "/x?token=" + TOKEN):
            kept = redactor.redact(capture(headers=fields, target=target), ACME)
            assert "badge-1234" not in (kept.request_headers or "")


def test_trailers_are_redacted_with_the_headers() -> None:
    shown = capture("x")
    shown.request_trailers = [(b"X-Api-Key", TOKEN.encode()), (b"X-Sum", b"crc32:1")]
    kept = redact(shown).request_headers or ""
    assert TOKEN not in kept
    assert "crc32:1" in kept


def test_stream_messages_are_bodies() -> None:
    secret = json.dumps({"token": TOKEN, "n": "keep"}).encode()
    kept = [
        StreamMessage(at=1.5, from_client=True, text=True, content=secret, size=len(secret)),
        StreamMessage(
            at=2.5, from_client=False, text=True, content=b"password=" + PASSWORD.encode(), size=50
        ),
        StreamMessage(
            at=3.5, from_client=False, text=False, content=b"\0\1" + TOKEN.encode(), size=34
        ),
    ]
    redacted = redact(capture(stream=Stream(kind="websocket", count=3, kept=kept)))
    messages = msgspec.json.decode(redacted.stream_messages or "")
    assert [message["from"] for message in messages] == ["client", "server", "server"]
    assert messages[0]["data"]["n"] == "keep"
    assert messages[2]["data"]["size"] == 34
    assert TOKEN not in row_text(redacted)
    assert PASSWORD not in row_text(redacted)


def test_truncation_is_told() -> None:
    shown = capture('{"a": "b"}')
    shown.request_size = 5_000
    redacted = redact(shown)
    assert redacted.request_truncated
    assert not redacted.response_truncated
    assert isinstance(msgspec.json.decode(redacted.request_body or ""), str)


def test_a_websocket_is_truncated_only_where_messages_are_missing() -> None:
    kept = [
        StreamMessage(at=1.0, from_client=True, text=True, content=b"hello", size=5),
        StreamMessage(at=2.0, from_client=False, text=True, content=b"wor", size=5),
    ]
    shown = capture("", stream=Stream(kind="websocket", count=2, kept=kept))
    shown.request_size = shown.response_size = 5
    redacted = redact(shown)
    assert (redacted.request_truncated, redacted.response_truncated) == (False, True)


def test_user_names_patterns_and_paths_are_cut() -> None:
    options = RedactionOptions(
        names=("badge number",),
        patterns=(UserPattern("badge", r"\bBDG-(\d{6})\b"),),
        paths=("in.acme.test/drop/{}/x",),
    )
    body = json.dumps({"badgeNumber": "B-77aa", "note": "see BDG-493817 now", "n": "keep"})
    redacted = redact(capture(body, host="in.acme.test", target="/drop/abc/x"), options)
    text = row_text(redacted)
    assert "B-77aa" not in text
    assert "493817" not in text
    assert "BDG-" in text
    assert redacted.path.startswith("/drop/[REDACTED:")
    assert ("user:badge") in redacted.places


def test_organizations_add_their_own() -> None:
    own = {
        "acme": OrganizationRedaction(names=("employee",)),
        str(BOLT): OrganizationRedaction(patterns=(UserPattern("b", "BB[0-9]{4}"),)),
    }
    redactor = Redactor(KEY, RedactionOptions(organizations=own))
    body = capture(json.dumps({"employee": "emp-1a2b", "note": "BB1234"}))
    assert "emp-1a2b" not in row_text(redactor.redact(body, ACME))
    assert "BB1234" in row_text(redactor.redact(body, ACME))
    assert "emp-1a2b" in row_text(redactor.redact(body, BOLT))
    assert "BB1234" not in row_text(redactor.redact(body, BOLT))


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)b", "a{2000000}"])
def test_pattern_that_is_no_linear_one_is_refused(pattern: str) -> None:
    with pytest.raises(RuleError, match="pattern"):
        Redactor(KEY, RedactionOptions(patterns=(UserPattern("x", pattern),)))


def test_path_template_without_a_place_for_the_secret_is_refused() -> None:
    with pytest.raises(RuleError, match="HOST/PATH"):
        Redactor(KEY, RedactionOptions(paths=("acme.test/x",)))


def test_default_rules_are_removed_only_on_purpose(caplog: pytest.LogCaptureFixture) -> None:
    shape = word("gh", "p_") + draw(36)
    with pytest.raises(RuleError, match="allow_disabled_rules"):
        Redactor(KEY, RedactionOptions(disabled_rules=("github",)))
    with pytest.raises(RuleError, match='no default rule "gitub"'):
        Redactor(KEY, RedactionOptions(disabled_rules=("gitub",), allow_disabled_rules=True))
    options = RedactionOptions(disabled_rules=("github", "password"), allow_disabled_rules=True)
    kept = row_text(
        redact(capture(json.dumps({"note": shape, "password": "plain-text-9"})), options)
    )
    assert shape in kept
    assert "plain-text-9" in kept
    assert "rules are disabled: github, password" in caplog.text


def test_ibans_and_emails_are_cut_on_request() -> None:
    body = json.dumps(
        {
            "note": "pay DE89 3704 0044 0532 0130 00 to ada@example.test",
            "n": "DE00 1234 5678 9012 3456 00",
        }
    )
    assert "ada@example.test" in row_text(redact(capture(body)))
    cut = row_text(redact(capture(body), RedactionOptions(ibans=True, emails=True)))
    assert "0044" not in cut
    assert "ada@example.test" not in cut
    assert "DE00 1234" in cut


def test_texts_in_texts_end_somewhere() -> None:
    text = json.dumps({"password": PASSWORD})
    for _ in range(14):
        text = json.dumps({"b": text}) if len(text) < 100_000 else text
    assert PASSWORD not in row_text(redact(capture(text)))
    deep = '{"password":' * 3_000 + '"' + PASSWORD + '"' + "}" * 3_000
    assert PASSWORD not in row_text(redact(capture(deep)))


def test_very_many_secrets_are_kept_as_digest() -> None:
    body = json.dumps([{"password": f"p4ss-{number}x"} for number in range(12_000)])
    kept = redact(capture(body), RedactionOptions(deadline_ms=60_000)).request_body or ""
    assert set(msgspec.json.decode(kept)) == {"binary", "size", "hashed", "sha256"}


def test_taint_of_a_number_leaves_json_valid() -> None:
    body = json.dumps({"password": "493817265", "count": 493817265, "ids": [493817265]})
    kept = redact(capture(body)).request_body or ""
    assert "493817265" not in kept
    msgspec.json.decode(kept)
