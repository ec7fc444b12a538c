"""The prefilter finds everything that the rules cut, with patterns that are cheap together."""

import random
import re

import pytest

from store.redaction.engine import AnyOf, Linear
from store.redaction.options import RedactionOptions, UserPattern
from store.redaction.prefilter import RUN, apart, literal_end, weakened
from store.redaction.rules import build_rules
from tests.bench.captures import partners

RULES = build_rules(RedactionOptions())
ALPHABET = b"abcdefABCDEF0189XYZxyz"


@pytest.mark.parametrize(
    ("pattern", "weaker"),
    [
        (r"ghp_[A-Za-z0-9]{36}", rf"ghp_[A-Za-z0-9]{{{RUN}}}"),
        (r"\bpat_[a-z]{20,}\.[0-9]{40}", rf"\bpat_[a-z]{{{RUN}}}"),
        (r"[0-9a-f]{32}-us[0-9]{1,2}\b", r"[0-9a-f]-us[0-9]{1,2}\b"),
        (r"\b00[A-Z]{39}\b|key_x", r"key_x"),
        (r"\bSK[0-9a-f]{31,}\b", r"\bSK[0-9a-f]{31,}\b"),
        (r"\b[MNO][a-z_]{22,27}\.[a-z]{6}\.[a-z]{25,}", rf"[a-z_]\.[a-z]{{6}}\.[a-z]{{{RUN}}}"),
        (r"\b[0-9]{8,11}:AA[a-z]{28,}", rf"[0-9]:AA[a-z]{{{RUN}}}"),
        (r"\b[a-z]{6}_[a-z]{26,32}_mmk\b", r"[a-z]_mmk\b"),
        (r"\b[0-9]{15,16}\|[a-z]{27}\b", r"[0-9]\|[a-z]{27}\b"),
        (
            r"\b(?:sdk|api)-[a-z]{8}-[a-z]{4}-[a-z]{12}",
            rf"\b(?:sdk|api)-[a-z]{{8}}-[a-z]{{4}}-[a-z]{{{RUN}}}",
        ),
        (r"xoxb-[a-z]{8,}", r"xoxb-[a-z]{8,}"),
        (r"(?:live|test)_key_[a-z]{20}|a[]|]{2}", rf"(?:live|test)_key_[a-z]{{{RUN}}}|a[]|]{{2}}"),
    ],
)
def test_patterns_end_in_their_first_long_run(pattern: str, weaker: str) -> None:
    assert weakened(pattern) == weaker


def test_a_long_run_behind_digits_only_is_asked_apart() -> None:
    run = r"\b00[A-Z]{39}\b"
    assert apart(f"SSWS [a-z]{{40}}|{run}") == [(run, b"00")]
    assert apart(r"\bSK[0-9a-f]{31,}\b|[0-9]{20}x|0[1-9]{4}") == []


@pytest.mark.parametrize(
    ("pattern", "end"),
    [
        (r"(?:^|[^A-Z])(?:[A-Z]{86}==)", b"=="),
        (r"[A-Z]{86}==", b"=="),
        (r"[A-Z]{5}==", b""),
        (r"[A-Z]{86}=?", b""),
        (r"[A-Z]{86}==|x", b""),
        (r"ghp_[A-Z]{86}", b""),
    ],
)
def test_the_end_of_a_run_is_known(pattern: str, end: bytes) -> None:
    assert literal_end(pattern) == end


def test_every_shape_is_found_by_the_prefilter() -> None:
    """Whatever text a shape matches, the weaker patterns match within it."""
    chance = random.Random(1)
    made = 0
    for shape in RULES.shapes:
        for text in _samples(shape.rule, chance):
            if next(shape.pattern.spans(text), None) is not None:
                made += 1
                assert RULES.any_shape.found(text), (shape.rule, text)
                assert RULES.suspicion.found(text), (shape.rule, text)
                assert min(RULES.suspicion.starts(text)) < len(text)
    assert made > 500


def _samples(rule: str, chance: random.Random) -> list[bytes]:
    """Texts made of the rule's own characters: runs of one class behind its literals."""
    from store.redaction.rules import shipped

    pattern = shipped()["shapes"][rule.removeprefix("shape:")]
    found = []
    for alternative in re.split(r"\|(?![^(]*\))", pattern):
        for _ in range(8):
            text = re.sub(
                r"\[([^\]]+)\](?:\{(\d+)[^}]*\}|[+*])?",
                lambda match: "".join(
                    chance.choice(_members(match[1])) for _ in range(int(match[2] or 1))
                ),
                alternative.replace(r"\b", ""),
            )
            text = re.sub(r"\(\?:([^|)]*)[^)]*\)", r"\1", text)
            found.append(b" " + re.sub(r"\\(.)", r"\1", text).encode() + b" ")
    return found


def _members(inside: str) -> str:
    known = {"A-Za-z0-9": "aB3xY7kQ", "0-9a-f": "0a9f3c", "A-Z0-9": "A9ZK2", "0-9": "0123456789"}
    return next((some for name, some in known.items() if inside.startswith(name)), inside[0])


def test_everyday_bodies_are_let_through() -> None:
    """What the prefilter finds takes ten times as long; nothing everyday may look like a secret."""
    bodies = {body for one in partners() for body in (one.request_body, one.response_body)}
    found = [body for body in bodies if RULES.suspicion.found(body)]
    assert len(found) < len(bodies) / 20


def test_own_patterns_are_found_as_they_are() -> None:
    own = UserPattern(name="own", pattern=r"badge-[0-9]{30}")
    rules = build_rules(RedactionOptions(patterns=(own,)))
    assert rules.any_shape.found(b"badge-" + b"1" * 30)
    assert not rules.any_shape.found(b"badge-" + b"x" * 30)


def test_places_of_all_patterns_come_in_order() -> None:
    both = AnyOf(Linear("b+"), Linear("[ab]c"), Linear("x=", needs=b"=="))
    assert list(both.starts(b"bb ac bc x=")) == [0, 3, 6]
    assert list(both.starts(b"x==")) == [0]
    assert not both.found(b"x=")
