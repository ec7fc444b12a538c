import pytest

from store.errors import FilterError
from store.filters import PARAMETERS, ActivityFilter, Condition, parse_filter, parse_time

NOW = 1_700_000_000_000


def parse(**params: str | list[str]) -> ActivityFilter:
    listed = {k: [v] if isinstance(v, str) else v for k, v in params.items()}
    return parse_filter(listed, NOW)


def test_no_parameters_ask_for_everything() -> None:
    assert parse() == ActivityFilter()


def test_repeated_values_are_any_of_and_normalised() -> None:
    found = parse(status=["FAILED", "error", "failed"], method="post", host="API.Slack.com")
    assert found.conditions == (
        Condition("status", ("failed", "error")),
        Condition("method", ("POST",)),
        Condition("host", ("api.slack.com",)),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15m", NOW - 15 * 60_000),
        ("24h", NOW - 86_400_000),
        ("7d", NOW - 7 * 86_400_000),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20.250+01:00", NOW + 250),
        ("2023-11-14", 1_699_920_000_000),
        ("999999999w", 0),
    ],
)
def test_times(text: str, expected: int) -> None:
    assert parse_time("since", text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "15", "15 m", "2023-13-01", "2023-11-14T22:13"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_time("since", text, NOW)
    assert caught.value.field == "since"


def test_users_are_names_or_uuids_and_metadata_is_kept_as_written() -> None:
    found = parse(user_id=["BOB", "0190163D-8694-739B-AEA5-966C26F8AD91"], q="metadata:job:1:7")
    assert found.conditions == (
        Condition("user_id", ("BOB", "0190163d-8694-739b-aea5-966c26f8ad91")),
        Condition("metadata", ("job:1:7",)),
    )


def test_q_reads_words_keys_and_negations() -> None:
    found = parse(q='boom -"not this" status:failed status:error -method:get host:"a.b" max_ms:9')
    assert found == ActivityFilter(
        conditions=(
            Condition("status", ("failed", "error")),
            Condition("method", ("GET",), negated=True),
            Condition("host", ("a.b",)),
        ),
        max_ms=9.0,
        words=("boom",),
        without=("not this",),
    )


@pytest.mark.parametrize("word", ["https://api.x.io/v1", "12:30", "urn:isbn", "a-b", '"x:y z'])
def test_q_keeps_words_that_only_look_like_keys(word: str) -> None:
    assert parse(q=word).words == (word.strip('"'),)


def test_q_and_parameters_narrow_each_other() -> None:
    found = parse(status="failed", q="status:error since:1h", since="2h")
    assert found.conditions == (Condition("status", ("failed",)), Condition("status", ("error",)))
    assert found.since == NOW - 3_600_000


@pytest.mark.parametrize(
    ("params", "field", "hint"),
    [
        ({"stauts": "failed"}, "stauts", "did you mean status?"),
        ({"status": "faild"}, "status", "did you mean failed?"),
        ({"q": "stauts:failed"}, "q", "did you mean status?"),
        ({"q": "status:"}, "q", "no value"),
        ({"q": "-since:1h"}, "q", "negated"),
        ({"response_status": "6xx"}, "response_status", "class"),
        ({"response_status": "٤٠٤"}, "response_status", "class"),
        ({"organization_id": "acme"}, "organization_id", "UUID"),
        ({"min_ms": "nan"}, "min_ms", "milliseconds"),
        ({"min_ms": "5", "max_ms": "4"}, "max_ms", "below"),
        ({"since": "1h", "until": "2h"}, "until", "not after"),
        ({"host": ""}, "host", "empty"),
        ({"metadata": ":bob"}, "metadata", "KEY:VALUE"),
        ({"q": "metadata::bob"}, "metadata", "KEY:VALUE"),
        ({"q": "x" * 3000}, "q", "limit"),
        ({"since": ["1h", "2h"]}, "since", "once"),
        ({"host": ["a"] * 101}, "host", "limit"),
    ],
)
def test_errors_name_parameter_and_remedy(
    params: dict[str, str | list[str]], field: str, hint: str
) -> None:
    with pytest.raises(FilterError) as caught:
        parse(**params)
    assert caught.value.field == field
    assert hint in str(caught.value)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_every_parameter_is_understood(name: str) -> None:
    sample = {
        "organization_id": "0190163d-8694-739b-aea5-966c26f8ad91",
        "integration_id": "0190163d-8694-739b-aea5-966c26f8ad91",
        "direction": "incoming",
        "status": "error",
        "activity_type": "api_call",
        "response_status": "5xx",
        "since": "1h",
        "until": "1h",
        "min_ms": "1",
        "max_ms": "1",
    }
    assert parse(**{name: sample.get(name, "something")}) != ActivityFilter()


@pytest.mark.parametrize("name", ["q", "host", "path", "user_id", "since"])
def test_a_nul_character_is_refused(name: str) -> None:
    with pytest.raises(FilterError, match=f"{name}.*NUL"):
        parse_filter({name: ["a\0b"]}, now=0)


def test_a_word_that_begins_like_the_search_itself_is_a_word() -> None:
    assert parse(q="q:zz").words == ("q:zz",)
