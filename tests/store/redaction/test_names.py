"""Names of fields: their word pieces, and what they say."""

import pytest

from store.redaction.names import Kind, Names, pieces_of
from store.redaction.options import RedactionOptions
from store.redaction.rules import build_rules

RULES = build_rules(RedactionOptions())
NAMES = Names(RULES.names)


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("dbPassword", "db password"),
        ("DBPassword", "db password"),
        ("DB_PASSWORD", "db password"),
        ("X-Api-Key", "x api key"),
        ("client[secret]", "client secret"),
        ("api%5Fkey", "api key"),
        ("p\\u0061ssword", "password"),
        ("OAuth2Token", "o auth 2 token"),
        ("sessionID", "session id"),
        ("user.email", "user email"),
        ("пароль", "пароль"),
        ("", ""),
        ("---", ""),
    ],
)
def test_pieces(name: str, pieces: str) -> None:
    assert " ".join(pieces_of(name.encode())) == pieces


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", Kind.NUMERIC),
        ("Db-Password", Kind.NUMERIC),
        ("pin", Kind.NUMERIC),
        ("otp", Kind.NUMERIC),
        ("apiKey", Kind.SECRET),
        ("dbtoken", Kind.SECRET),
        ("X-Hub-Signature-256", Kind.SECRET),
        ("tokenForUser", Kind.SECRET),
        ("secret_id", Kind.JUDGED),
        ("key", Kind.JUDGED),
        ("tokens", Kind.JUDGED),
        ("auth", Kind.LIKELY),
        ("sshpass", Kind.LIKELY),
        ("password_vault_x", Kind.LIKELY),
        ("author", Kind.PLAIN),
        ("monkey", Kind.PLAIN),
        ("tokenizer", Kind.PLAIN),
        ("secretary", Kind.PLAIN),
        ("token_type", Kind.PLAIN),
        ("passwordRequired", Kind.PLAIN),
        ("nextPageToken", Kind.PLAIN),
        ("public_key", Kind.PLAIN),
        ("compass", Kind.PLAIN),
        ("idempotency_key", Kind.PLAIN),
        ("", Kind.PLAIN),
    ],
)
def test_kinds(name: str, kind: Kind) -> None:
    assert NAMES.kind(name.encode()) is kind


@pytest.mark.parametrize("list_name", ["glued", "pieces", "phrases", "loose", "numeric"])
def test_prefilter_finds_every_name_that_is_secret(list_name: str) -> None:
    """The cheap look at raw bytes must never let a name pass that the rules know."""
    for phrase in getattr(RULES.names, list_name):
        words = phrase.split()
        spellings = {
            "_".join(words),
            "-".join(words),
            "".join(words),
            "".join(w.capitalize() for w in words),
        }
        spellings |= {
            "my_" + "_".join(words),
            "my" + "".join(w.capitalize() for w in words),
            "_".join(words).upper(),
        }
        for spelling in spellings:
            if NAMES.kind(spelling.encode()) >= Kind.LIKELY:
                assert RULES.suspicion.found(f'{{"{spelling}":"x"}}'.encode()), spelling


def test_memory_of_names_is_bounded() -> None:
    names = Names(RULES.names)
    for number in range(45_000):
        names.kind(b"n%d" % number)
    assert len(names._known) <= 20_000
