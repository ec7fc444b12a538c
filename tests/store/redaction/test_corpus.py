"""The corpus: every case through the redactor, nothing leaks and nothing wanted is lost."""

import pytest

from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from tests.store.redaction import (
    cases_bodies,
    cases_encodings,
    cases_fourth_review,
    cases_headers,
    cases_languages,
    cases_messages,
    cases_neighbours,
    cases_placements,
    cases_precision,
    cases_red_team,
    cases_review,
    cases_second_review,
    cases_shapes,
    cases_siblings,
    cases_text,
    cases_third_review,
    cases_transport,
    cases_urls,
)
from tests.store.redaction.corpus import ORGANIZATION, Case, capture_of, leaks, losses

CASES = [
    case
    for module in (
        cases_headers,
        cases_urls,
        cases_bodies,
        cases_text,
        cases_shapes,
        cases_encodings,
        cases_precision,
        cases_review,
        cases_red_team,
        cases_second_review,
        cases_third_review,
        cases_fourth_review,
        cases_siblings,
        cases_neighbours,
        cases_messages,
        cases_placements,
        cases_languages,
        cases_transport,
    )
    for case in module.cases()
]
REDACTOR = Redactor(b"corpus key, 32 bytes long......!", RedactionOptions())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_leaks_and_nothing_wanted_is_lost(case: Case) -> None:
    redacted = REDACTOR.redact(capture_of(case), ORGANIZATION)
    assert leaks(case, redacted) == [], case.why
    assert losses(case, redacted) == [], case.why


def test_corpus_is_large_and_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 400
    assert all(case.why for case in CASES)
    assert sum(not case.gone for case in CASES) >= 80
