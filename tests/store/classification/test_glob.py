import pytest

from store.classification.glob import compile_patterns
from store.errors import RuleError


@pytest.mark.parametrize(
    ("patterns", "text", "fits"),
    [
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.EXAMPLE.com", "a.example.COM", True),
        ("a.example.com", "aXexample.com", False),
        ("/v?/x", "/v1/x", True),
        (["POST", "PUT"], "PUT", True),
        (["POST", "PUT"], "GET", False),
        (r"re:/users/\d+", "/users/42", True),
        (r"re:/users/\d+", "/users/42/x", False),
        (["re:a|b", "c"], "c", True),
        ("/a[b]", "/a[b]", True),
    ],
)
def test_whole_texts_are_matched(patterns: str | list[str], text: str, fits: bool) -> None:
    matcher = compile_patterns(patterns, "rule 1: host")
    assert matcher is not None
    assert matcher(text) is fits


def test_no_pattern_is_no_matcher() -> None:
    assert compile_patterns([], "rule 1: host") is None


@pytest.mark.parametrize("expression", ["re:(", r"re:(a)\1", "re:(?=a)"])
def test_what_re2_cannot_run_is_refused_with_its_place(expression: str) -> None:
    with pytest.raises(RuleError, match="rule 7: path"):
        compile_patterns(expression, "rule 7: path")


def test_no_pattern_backtracks() -> None:
    matcher = compile_patterns("re:(a+)+b", "rule 1: path")
    assert matcher is not None
    # A backtracking engine would not come back from this within years.
    assert not matcher("a" * 100_000)
