import pytest

from store.activity import ActivityType
from store.capture_options import CaptureOptions, CompiledOptions, SkipBody
from store.errors import RuleError
from tests.store.captures import outgoing

PNG, JSON = [(b"Content-Type", b"image/png; q=1")], [(b"content-type", b"application/json")]


@pytest.mark.parametrize(
    ("skip", "kept"),
    [
        (SkipBody(host="x.test"), (False, False)),
        (SkipBody(host="*.x.test"), (True, True)),
        (SkipBody(path="/a/*"), (False, False)),
        (SkipBody(path="/a/*", host="y.test"), (True, True)),
        (SkipBody(content_type="image/*"), (True, False)),
        (SkipBody(content_type="application/json"), (False, True)),
        (SkipBody(activity_type=ActivityType.API_CALL), (False, False)),
        (SkipBody(activity_type=ActivityType.OTHER), (True, True)),
    ],
)
def test_which_bodies_are_kept(skip: SkipBody, kept: tuple[bool, bool]) -> None:
    capture = outgoing("POST", "https://x.test/a/b?c=d", request_headers=JSON, response_headers=PNG)
    options = CompiledOptions(CaptureOptions(skip_body=(skip,)))
    assert options.keeps_bodies(capture, ActivityType.API_CALL) == kept


def test_a_capture_is_left_as_it_is_where_nothing_is_hidden() -> None:
    capture = outgoing(request_headers=[(b"User-Agent", b"x")])
    assert CompiledOptions(CaptureOptions()).without_client(capture) is capture
    hidden = CompiledOptions(CaptureOptions(user_agent=False)).without_client(capture)
    assert hidden.request_headers == []
    assert capture.request_headers == [(b"User-Agent", b"x")]


def test_a_bad_pattern_is_told_by_its_place() -> None:
    with pytest.raises(RuleError, match="skip_body 2: host"):
        CompiledOptions(CaptureOptions(skip_body=(SkipBody(), SkipBody(host="re:["))))
