import stat
import threading
from pathlib import Path
from uuid import UUID

import pytest

from store.data_folder import DataFolder
from store.identity import organization_id
from store.tokens import (
    ALL_RIGHTS,
    CODE_MS,
    SESSION_MS,
    Kind,
    Right,
    TokenError,
    TokenStore,
    admin_token,
)

NOW = 1_800_000_000_000


@pytest.fixture
def tokens(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens.json")


def test_a_token_gives_its_rights_and_scope(tokens: TokenStore) -> None:
    token, text = tokens.create("viewer", [Right.READ], ["acme"], now=NOW)
    grant = tokens.check(text, now=NOW)
    assert grant is not None
    assert grant.token_id == token.id
    assert grant.rights == {Right.READ}
    assert grant.scope.organizations == {organization_id("acme")}
    assert not grant.scope.bodies


def test_a_service_token_crosses_organizations_and_bodies_are_a_right(tokens: TokenStore) -> None:
    _, text = tokens.create("service", [Right.READ, Right.BODIES], None, now=NOW)
    grant = tokens.check(text, now=NOW)
    assert grant is not None
    assert grant.scope.organizations is None
    assert grant.scope.bodies


def test_a_configured_organization_id_counts(tmp_path: Path) -> None:
    own = UUID("12345678-1234-4234-8234-123456789abc")
    tokens = TokenStore(tmp_path / "t.json", resolve={"acme": own}.__getitem__)
    _, text = tokens.create("t", [Right.READ], ["acme"], now=NOW)
    grant = tokens.check(text, now=NOW)
    assert grant is not None
    assert grant.organization_ids == {own}


def test_no_text_is_on_disk(tokens: TokenStore, tmp_path: Path) -> None:
    _, text = tokens.create("t", [Right.READ], None, now=NOW)
    code = tokens.create_code(now=NOW)
    opened = tokens.open_session(text, now=NOW)
    assert opened is not None
    for secret in (text, code, opened[1]):
        random_part = secret.rpartition("_")[2]
        for file in tmp_path.iterdir():
            assert random_part.encode() not in file.read_bytes()


def test_files_are_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data").ensure()
    TokenStore(folder.tokens).create("t", [Right.READ], None, now=NOW)
    admin_token(folder)
    for file in (folder.tokens, folder.admin_token):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), str.upper])
def test_a_wrong_token_is_nobody(tokens: TokenStore, change) -> None:
    _, text = tokens.create("t", [Right.READ], None, now=NOW)
    assert tokens.check(change(text), now=NOW) is None


@pytest.mark.parametrize("text", ["", "wiretrail_", "wiretrail__", "x" * 100_000, "\ud800", "é"])
def test_nonsense_is_nobody(tokens: TokenStore, text: str) -> None:
    assert tokens.check(text, now=NOW) is None


def test_a_token_ends_on_time(tokens: TokenStore) -> None:
    _, text = tokens.create("t", [Right.READ], None, now=NOW, expires_at=NOW + 10)
    assert tokens.check(text, now=NOW + 9) is not None
    assert tokens.check(text, now=NOW + 10) is None
    assert tokens.tokens(now=NOW + 10) == []


def test_another_process_sees_changes(tokens: TokenStore, tmp_path: Path) -> None:
    other = TokenStore(tmp_path / "tokens.json")
    token, text = tokens.create("t", [Right.READ], None, now=NOW)
    assert other.check(text, now=NOW) is not None
    assert tokens.revoke(token.id)
    assert other.check(text, now=NOW) is None
    assert not other.revoke(token.id)


def test_concurrent_creation_loses_nothing(tmp_path: Path) -> None:
    def create() -> None:
        own = TokenStore(tmp_path / "tokens.json")
        for _ in range(10):
            own.create("t", [Right.READ], None, now=NOW)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(TokenStore(tmp_path / "tokens.json").tokens(now=NOW)) == 40
    # Drafts are gone.
    assert {file.name for file in tmp_path.iterdir()} == {"tokens.json", "tokens.json.lock"}


def test_the_list_shows_neither_digests_nor_sessions(tokens: TokenStore) -> None:
    token, text = tokens.create("t", [Right.READ], ["a"], now=NOW)
    tokens.open_session(text, now=NOW)
    tokens.create_code(now=NOW)
    (shown,) = tokens.tokens(now=NOW)
    assert (shown.id, shown.digest) == (token.id, "")


@pytest.mark.parametrize(
    ("name", "rights", "organizations", "expires_at", "field"),
    [
        ("", [Right.READ], None, None, "name"),
        ("a\nb", [Right.READ], None, None, "name"),
        ("n" * 201, [Right.READ], None, None, "name"),
        ("n", [], None, None, "rights"),
        ("n", [Right.READ], [], None, "organizations"),
        ("n", [Right.READ], [""], None, "organizations"),
        ("n", [Right.READ], None, NOW, "expires_at"),
    ],
)
def test_what_a_token_cannot_be(
    tokens: TokenStore, name: str, rights, organizations, expires_at, field: str
) -> None:
    with pytest.raises(TokenError, match=f"^{field}"):
        tokens.create(name, rights, organizations, now=NOW, expires_at=expires_at)


class TestAdmin:
    def test_it_is_made_once_and_may_do_everything(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path / "data").ensure()
        text = admin_token(folder)
        assert admin_token(folder) == text
        grant = TokenStore(folder.tokens, folder.admin_token).check(text, now=NOW)
        assert grant is not None
        assert grant.rights == ALL_RIGHTS
        assert grant.scope.organizations is None

    def test_without_its_file_nobody_is_admin(self, tmp_path: Path) -> None:
        tokens = TokenStore(tmp_path / "tokens.json", tmp_path / "admin-token")
        assert tokens.check("", now=NOW) is None
        (tmp_path / "admin-token").write_text("")
        assert tokens.check("", now=NOW) is None

    def test_a_new_file_replaces_the_old_token(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path / "data").ensure()
        tokens = TokenStore(folder.tokens, folder.admin_token)
        old = admin_token(folder)
        assert tokens.check(old, now=NOW) is not None
        folder.admin_token.unlink()
        new = admin_token(folder)
        assert tokens.check(old, now=NOW) is None
        assert tokens.check(new, now=NOW) is not None


class TestSessions:
    def test_a_session_has_its_tokens_rights(self, tokens: TokenStore) -> None:
        _, text = tokens.create("t", [Right.READ], ["acme"], now=NOW)
        opened = tokens.open_session(text, now=NOW)
        assert opened is not None
        grant = tokens.check_session(opened[1], now=NOW)
        assert grant is not None
        assert grant.rights == {Right.READ}
        assert grant.organization_ids == {organization_id("acme")}
        assert grant.kind is Kind.SESSION

    def test_kinds_do_not_stand_in_for_each_other(self, tokens: TokenStore) -> None:
        _, text = tokens.create("t", [Right.READ], None, now=NOW)
        code = tokens.create_code(now=NOW)
        opened = tokens.open_session(text, now=NOW)
        assert opened is not None
        session = opened[1]
        assert tokens.check(session, now=NOW) is None
        assert tokens.check(code, now=NOW) is None
        assert tokens.check_session(text, now=NOW) is None
        assert tokens.check_session(code, now=NOW) is None
        assert tokens.open_session(session, now=NOW) is None

    def test_it_ends_with_its_token(self, tokens: TokenStore) -> None:
        token, text = tokens.create("t", [Right.READ], None, now=NOW)
        opened = tokens.open_session(text, now=NOW)
        assert opened is not None
        tokens.revoke(token.id)
        assert tokens.check_session(opened[1], now=NOW) is None

    def test_it_does_not_outlive_its_token_or_half_a_day(self, tokens: TokenStore) -> None:
        _, short = tokens.create("t", [Right.READ], None, now=NOW, expires_at=NOW + 1000)
        _, lasting = tokens.create("t", [Right.READ], None, now=NOW)
        for text, ends in ((short, NOW + 1000), (lasting, NOW + SESSION_MS)):
            opened = tokens.open_session(text, now=NOW)
            assert opened is not None
            assert opened[0].expires_at == ends
            assert tokens.check_session(opened[1], now=ends) is None

    def test_signing_out_leaves_the_token(self, tokens: TokenStore) -> None:
        _, text = tokens.create("t", [Right.READ], None, now=NOW)
        opened = tokens.open_session(text, now=NOW)
        assert opened is not None
        assert tokens.revoke(opened[0].token_id)
        assert tokens.check_session(opened[1], now=NOW) is None
        assert tokens.check(text, now=NOW) is not None

    def test_a_code_signs_in_once(self, tokens: TokenStore) -> None:
        code = tokens.create_code(now=NOW)
        opened = tokens.open_session(code, now=NOW + 1)
        assert opened is not None
        assert opened[0].rights == ALL_RIGHTS
        assert tokens.open_session(code, now=NOW + 2) is None
        # The session does not depend on the spent code.
        assert tokens.check_session(opened[1], now=NOW + 2) is not None

    def test_a_code_is_good_for_a_while(self, tokens: TokenStore) -> None:
        code = tokens.create_code(now=NOW)
        assert tokens.open_session(code, now=NOW + CODE_MS) is None

    def test_two_at_once_cannot_spend_one_code(self, tmp_path: Path) -> None:
        code = TokenStore(tmp_path / "tokens.json").create_code(now=NOW)
        barrier = threading.Barrier(4)
        won: list[object] = []

        def spend() -> None:
            own = TokenStore(tmp_path / "tokens.json")
            barrier.wait()
            if opened := own.open_session(code, now=NOW):
                won.append(opened)

        threads = [threading.Thread(target=spend) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1


class TestCovers:
    def test_rights_and_organizations_must_be_among_ones_own(self, tokens: TokenStore) -> None:
        _, text = tokens.create("t", [Right.READ, Right.ADMIN], ["a", "b"], now=NOW)
        grant = tokens.check(text, now=NOW)
        assert grant is not None
        ids = tokens.organization_ids
        assert grant.covers([Right.READ], ids(["a"]))
        assert not grant.covers([Right.READ], ids(["a", "c"]))
        assert not grant.covers([Right.READ], None)
        assert not grant.covers([Right.BODIES], ids(["a"]))

    def test_a_service_grant_covers_every_organization(self, tokens: TokenStore) -> None:
        _, text = tokens.create("t", [Right.READ], None, now=NOW)
        grant = tokens.check(text, now=NOW)
        assert grant is not None
        assert grant.covers([Right.READ], None)
        assert grant.covers([Right.READ], tokens.organization_ids(["z"]))


def test_a_damaged_file_is_told_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"tokens": [{"id": 7}]}')
    with pytest.raises(TokenError, match=r"tokens\.json is no file of tokens"):
        TokenStore(path).tokens(now=NOW)
