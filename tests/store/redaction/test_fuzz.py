"""A short run of the fuzz that knows the formats; `fuzz.py` runs it for as long as asked."""

from hypothesis import HealthCheck, given, settings

from tests.store.redaction.fuzz import check, planted


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(planted())
def test_a_secret_in_any_format_inside_any_other_is_gone(
    example: tuple[str, str, str, str],
) -> None:
    check(*example)
