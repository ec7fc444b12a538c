import pytest

from store.classification.conditions import compile_condition, form_field
from store.errors import RuleError
from tests.store.captures import outgoing


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("header If-Match", True),
        ("header If-None-Match", False),
        ("header X-Amz-Target=Sqs.*", True),
        ("header X-Amz-Target=Sns.*", False),
        ("form Action=Send*", True),
        ("form Action=Get*", False),
        ("form Version", True),
        ("query Action=Describe*", True),
        ("query Action=List", False),
    ],
)
def test_conditions(condition: str, fits: bool) -> None:
    capture = outgoing(
        "POST",
        "https://x.test/?Action=DescribeAll",
        request_headers=[(b"if-match", b"*"), (b"X-AMZ-TARGET", b"Sqs.Send")],
        request_body=b"Version=2010-12-01&Action=SendEmail&Source=a%40b.test",
    )
    assert compile_condition(condition, "providers: x")(capture) is fits


def test_a_missing_field_fits_no_pattern() -> None:
    assert not compile_condition("form Action=?*", "x")(outgoing())


def test_bodies_that_are_no_forms() -> None:
    assert form_field(b'{"Action": "x"}', "Action") == ""
    assert form_field(b"\xff\x00Action", "Action") == ""


def test_of_many_fields_the_first_are_looked_at() -> None:
    """A mail to hundreds has hundreds of fields, and is one; a flood of them costs nothing."""
    many = b"&Destination.member.1=a%40b.test" * 5000
    assert form_field(b"Action=Send%45mail" + many, "Action") == "SendEmail"
    assert form_field(many[1:] + b"&Action=SendEmail", "Action") == ""


def test_other_words_are_refused() -> None:
    with pytest.raises(RuleError, match="providers: x"):
        compile_condition("body Action=x", "providers: x")
