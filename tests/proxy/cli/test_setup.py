"""ca, env, token, check, doctor, prune and redact, as processes."""

import hashlib
import json
import shlex
import shutil
import socket
import sqlite3
import ssl
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from addons.settings import Credential
from proxy.cli.client_variables import ADDING, REPLACING
from store.data_folder import DataFolder
from store.options import StoreOptions
from store.sqlite.writer import SqliteWriter
from store.tokens import Right, TokenStore
from tests.proxy.cli.conftest import Served, environment, wiretrail
from tests.support.rows import fill, row

DAY_MS = 86_400_000


def test_ca_is_made_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    path = wiretrail("ca", "--data", str(data)).out.strip()
    assert path == str(data / "ca" / "wiretrail-ca.pem")
    pem = wiretrail("ca", "--print", "--data", str(data)).out
    assert pem.strip() == Path(path).read_text().strip()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    shown = wiretrail("ca", "--fingerprint", "--data", str(data)).out.strip()
    assert shown.removeprefix("sha256 ").replace(":", "") == digest
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "ca" / "mitmproxy-ca.pem").stat().st_mode & 0o777 == 0o600


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed for a client is used from another folder."""
    monkeypatch.chdir(tmp_path)
    flags = ["--data", "data", "--listen", "127.0.0.1:3128", "--shell", "json"]
    named = (
        wiretrail("ca", "--data", "data").out.strip(),
        wiretrail("ca", WIRETRAIL_DATA="data").out.strip(),
        json.loads(wiretrail("env", *flags).out)["NODE_EXTRA_CA_CERTS"],
    )
    assert set(named) == {str(tmp_path / "data" / "ca" / "wiretrail-ca.pem")}


def test_ca_in_a_place_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    result = wiretrail("ca", "--data", str(tmp_path / "data"))
    assert (result.code, result.err) == (1, f"wiretrail ca: {tmp_path}/data is not a folder\n")


def test_env_for_a_shell(tmp_path: Path) -> None:
    """A real shell reads it, whatever the data folder is called."""
    data = tmp_path / 'it\'s a "folder" $HOME'
    result = wiretrail("env", "--data", str(data), "--listen", "127.0.0.1:3128", SHELL="/bin/bash")
    assert result.code == 0, result.err
    shown = subprocess.run(
        ["sh", "-c", result.out + "\nenv -0"], capture_output=True, check=True, env=environment()
    )
    found = dict(line.split("=", 1) for line in shown.stdout.decode().split("\0") if "=" in line)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        assert found[name] == "http://127.0.0.1:3128"
    assert found["NO_PROXY"] == found["no_proxy"] == "localhost,127.0.0.1,::1"
    assert found["NODE_USE_ENV_PROXY"] == "1"
    certificate = str(data / "ca" / "wiretrail-ca.pem")
    assert {found[name] for name in ADDING} == {certificate}
    (bundle,) = {found[name] for name in REPLACING}
    content = Path(bundle).read_text()
    assert Path(certificate).read_text().strip() in content
    assert content.count("BEGIN CERTIFICATE") > 50, "the system's are in there, too"
    ssl.create_default_context(cafile=bundle)


def test_env_forms(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path / "data"), "--listen", "127.0.0.1:3128"]
    as_json = json.loads(wiretrail("env", "--shell", "json", *flags).out)
    fish = wiretrail("env", "--shell", "fish", *flags).out
    powershell = wiretrail("env", "--shell", "powershell", *flags).out
    for name, value in as_json.items():
        assert f"set -gx {name} '{value}'" in fish
        assert f"$env:{name} = '{value}'" in powershell
    unset = wiretrail("env", "--shell", "sh", "--unset", *flags).out.splitlines()
    assert unset == [f"unset {name}" for name in as_json]


def test_env_keeps_what_is_called_directly_already(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path / "d"), "--listen", "127.0.0.1:1", "--shell", "json"]
    inherited = json.loads(wiretrail("env", *flags, NO_PROXY="db.internal, localhost").out)
    assert inherited["NO_PROXY"] == "localhost,127.0.0.1,::1,db.internal"
    chosen = json.loads(wiretrail("env", *flags, "--no-proxy", "", NO_PROXY="db.internal").out)
    assert chosen["no_proxy"] == ""


def test_env_with_a_user(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/w\n")
    flags = ["--data", str(tmp_path / "d"), "--listen", "[::1]:1", "--shell", "json"]
    result = wiretrail("env", *flags, "--user", "ci", "--password-file", str(tmp_path / "password"))
    assert json.loads(result.out)["https_proxy"] == "http://ci:p%40ss%2Fw@[::1]:1"
    result = wiretrail("env", *flags, "--user", "ci")
    assert (result.code, result.err) == (
        2,
        "wiretrail env: --user and --password-file belong together\n",
    )


def test_env_keeps_the_certificates_of_a_company(tmp_path: Path) -> None:
    """A bundle that the environment names already stays trusted."""
    other = tmp_path / "other"
    wiretrail("ca", "--data", str(other))
    company = other / "ca" / "wiretrail-ca.pem"
    flags = ["--data", str(tmp_path / "d"), "--listen", "127.0.0.1:1", "--shell", "json"]
    found = json.loads(wiretrail("env", *flags, SSL_CERT_FILE=str(company)).out)
    assert company.read_text().strip() in Path(found["SSL_CERT_FILE"]).read_text()


@pytest.mark.skipif(shutil.which("keytool") is None, reason="no Java here")
def test_the_hint_for_java_works(tmp_path: Path) -> None:
    """Its commands make a trust store that holds our certificate."""
    store = tmp_path / "cacerts"
    result = wiretrail("env", "--data", str(tmp_path / "d"), "--listen", "127.0.0.1:1")
    command = next(line for line in result.out.splitlines() if "keytool" in line)
    words = shlex.split(command.lstrip("# "))
    words[words.index("-keystore") + 1] = str(store)
    subprocess.run(words, check=True, capture_output=True)
    listing = ["keytool", "-list", "-alias", "wiretrail", "-keystore", str(store)]
    done = subprocess.run([*listing, "-storepass", "changeit"], capture_output=True, text=True)
    assert "trustedCertEntry" in done.stdout


@pytest.fixture(params=["local", "server"])
def tokens_of(request: pytest.FixtureRequest, seeded: Path, served: Served) -> tuple[str, ...]:
    return ("--data", str(seeded)) if request.param == "local" else served.flags


def test_tokens_are_made_listed_and_revoked(
    tokens_of: tuple[str, ...], seeded: Path, served: Served, tmp_path: Path
) -> None:
    made = wiretrail(
        "token", "create", "dashboards", "--right", "read", "--organization", "globex",
        "--expires", "7d", *tokens_of,
    )  # fmt: skip
    assert made.code == 0, made.err
    text = made.out.strip()
    grant = TokenStore(seeded / "tokens.json").check(text, now=time.time_ns() // 1_000_000)
    assert grant is not None
    assert (grant.rights, grant.organizations) == ({Right.READ}, ("globex",))
    (tmp_path / "token").write_text(text)
    flags = ["--server", served.url, "--token-file", str(tmp_path / "token")]
    listed = json.loads(wiretrail("list", "--json", *flags).out)
    assert [item["organization"] for item in listed["items"]] == ["globex"]
    shown = wiretrail("show", *flags)
    assert "this token does not show headers and bodies" in shown.out

    (line,) = json.loads(wiretrail("token", "list", "--json", *tokens_of).out)
    assert (line["name"], line["organizations"]) == ("dashboards", ["globex"])
    table = wiretrail("token", "list", *tokens_of).out
    assert line["id"] in table
    assert text not in table
    assert wiretrail("token", "revoke", line["id"], *tokens_of).code == 0
    assert "answered 401" in wiretrail("list", *flags).err
    again = wiretrail("token", "revoke", line["id"], *tokens_of)
    assert (again.code, again.err) == (1, f"wiretrail token: there is no token {line['id']}\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["create", "x", "--expires", "2020-01-01"], "--expires: expected a time to come"),
        (["create", "x", "--expires", "soon"], "--expires: 'soon' is no time"),
        (["create", "x", "--right", "root"], "argument --right: invalid choice: 'root'"),
        (["crate", "x"], "argument ACTION: invalid choice: 'crate'"),
        ([], "the following arguments are required: ACTION"),
    ],
)
def test_tokens_that_cannot_be_made(tmp_path: Path, arguments: list[str], expected: str) -> None:
    data = ["--data", str(tmp_path / "d")] if "x" in arguments and "create" in arguments else []
    result = wiretrail("token", *arguments, *data)
    assert result.code == 2
    assert expected in result.err
    assert len(result.err.splitlines()) == 1


def test_a_digest_is_what_a_credential_checks() -> None:
    digest = wiretrail("token", "digest", stdin="correct horse\n").out.strip()
    credential = Credential(user="ci", password_digest=digest)
    assert credential.matches(b"ci", b"correct horse")
    assert not credential.matches(b"ci", b"wrong")
    assert wiretrail("token", "digest", stdin="\n").code == 2


def test_check_a_sound_file(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text('[[organization]]\nname = "a"\n[[organization]]\nname = "b"\n')
    result = wiretrail("check", str(file))
    assert (result.code, result.out) == (
        0,
        f"{file} is sound: forward 127.0.0.1:8080, API 127.0.0.1:8090, 2 organizations\n",
    )
    assert json.loads(wiretrail("check", "--json", str(file)).out) == {"ok": True, "problems": []}


def test_check_a_file_with_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text("wokers = 1\n[capture]\nbody_limit = false\n")
    result = wiretrail("check", str(file))
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        f'{file}: wokers: unknown key; did you mean "workers"?',
        f'{file}: capture.body_limit: expected a size such as "64KB", found true or false',
    ]
    problems = json.loads(wiretrail("check", "--json", str(file)).out)["problems"]
    assert problems[0]["key"] == "wokers"


def test_check_looks_into_the_files_that_are_named(tmp_path: Path) -> None:
    file, empty = tmp_path / "w.toml", tmp_path / "empty"
    empty.touch()
    file.write_text(
        f'[upstream]\nca = ["{empty}", "{tmp_path}/none"]\n'
        f'[[listen.credential]]\nuser = "a"\npassword_file = "{empty}"\n'
    )
    assert wiretrail("check", str(file)).err.splitlines() == [
        f"{file}: listen.credential[0].password_file: {empty} is empty",
        f"{file}: upstream.ca[0]: {empty} holds no PEM certificate",
        f"{file}: upstream.ca[1]: {tmp_path}/none cannot be read: No such file or directory",
    ]


def test_check_shows_every_setting() -> None:
    out = wiretrail("check", "--settings").out
    assert "incoming[].durable" in out
    assert wiretrail("check", "--settings", "--markdown").out.startswith("| setting | type |")
    assert wiretrail("check").err == "wiretrail check: expected FILE, or --settings\n"


def test_check_warns_of_variables_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "w.toml").touch()
    result = wiretrail("check", str(tmp_path / "w.toml"), WIRETRAIL_WROKERS="2")
    assert result.code == 0
    assert 'did you mean "WIRETRAIL_WORKERS"?' in result.err


def doctor(*arguments: str, **env: str) -> tuple[int, dict[str, str]]:
    result = wiretrail("doctor", "--json", *arguments, **env)
    found = json.loads(result.out)
    return result.code, {one["subject"]: f"{one['state']} {one['text']}" for one in found}


def test_doctor_before_the_first_start(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path / "d"), "--listen", "127.0.0.1:0", "--api", "127.0.0.1:0"]
    code, found = doctor(*flags)
    assert code == 0
    assert found["sidecar"] == "warn is not running"
    assert found["store"].startswith("warn")
    assert found["port"] == "ok 127.0.0.1:0 is free"
    assert found["SQLite"].startswith("ok 3.")


def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "d"
    wiretrail("ca", "--data", str(data))
    (data / "activity.db").write_bytes(b"this is no database, whatever it is" * 100)
    (data / "ca" / "wiretrail-ca.pem").write_text("nor is this a certificate")
    data.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, found = doctor(
            "--data", str(data), "--listen", f"127.0.0.1:{port}", "--api", "127.0.0.1:0"
        )
    assert code == 1
    assert found["store"].startswith("FAIL")
    assert found["CA"].startswith("FAIL")
    assert "open to others (mode 755)" in found["data folder"]
    table = wiretrail("doctor", "--data", str(data), "--listen", f"127.0.0.1:{port}")
    assert "FAIL  store:" in table.out


def test_doctor_tells_mistakes_of_the_config(tmp_path: Path) -> None:
    code, found = doctor("--data", str(tmp_path), "--listen", "nonsense")
    assert code == 1
    assert found["config"].startswith("FAIL --listen: expected HOST:PORT")


def test_doctor_on_a_sound_store(seeded: Path) -> None:
    _, found = doctor("--data", str(seeded), "--listen", "127.0.0.1:0", "--api", "127.0.0.1:0")
    assert "is sound" in found["store"]
    assert found["newest activity"].startswith("ok 20")


@pytest.fixture
def aged(tmp_path: Path) -> Path:
    """A data folder with rows of 1, 40 and 100 days, of two organizations."""
    now = time.time_ns() // 1_000_000
    ages = [("acme", 1), ("acme", 40), ("globex", 40), ("acme", 100)]
    rows = [row(name, created_at=now - d * DAY_MS, path=f"/{name}/{d}") for name, d in ages]
    fill(tmp_path / "data", rows)
    return tmp_path / "data"


def paths(data: Path) -> list[str]:
    listed = json.loads(wiretrail("list", "--json", "--data", str(data)).out)
    return [item["path"] for item in listed["items"]]


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ([], ["/acme/1", "/globex/40", "/acme/40"]),
        (["--older-than", "30d"], ["/acme/1"]),
        (["--older-than", "30d", "--organization", "acme"], ["/acme/1", "/globex/40"]),
    ],
)
def test_prune(aged: Path, flags: list[str], left: list[str]) -> None:
    result = wiretrail("prune", "--json", "--data", str(aged), *flags)
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told["bytes_before"] > 0
    assert (told["rows_deleted"], told["bodies_dropped"]) == (4 - len(left), 0)
    assert sorted(paths(aged)) == sorted(left)


def test_prune_takes_what_is_gone_out_of_the_search_index(aged: Path) -> None:
    path = DataFolder(aged).activity_db
    writer = SqliteWriter(path, StoreOptions(keep=None, search=True))
    while writer.index(time.time_ns() // 1_000_000):
        pass
    writer.close()
    file = path.with_name("activity-search.db")

    def kept() -> int:
        with closing(sqlite3.connect(file)) as database:
            return sum(len(keys) // 8 for (keys,) in database.execute("SELECT keys FROM slots"))

    assert kept() == 4
    on = {"WIRETRAIL_SEARCH_INDEX": "true"}
    # Every moment there is a little more to forget of what is 30 days old; it ends all the same.
    bodies = wiretrail("prune", "--data", str(aged), "--bodies-older-than", "30d", **on)
    assert (bodies.code, kept()) == (0, 3)
    assert wiretrail("prune", "--data", str(aged), "--older-than", "30d", **on).code == 0
    assert kept() == 1
    assert wiretrail("prune", "--data", str(aged)).code == 0
    assert not file.exists(), "it is off"


def test_prune_bodies_alone(aged: Path) -> None:
    result = wiretrail("prune", "--data", str(aged), "--bodies-older-than", "30d")
    assert result.code == 0
    assert result.out.startswith("1 row deleted, headers and bodies of 2 dropped: ")
    exported = wiretrail("export", "--data", str(aged)).out.splitlines()
    bodies = {one["path"]: one["request_body"] for one in map(json.loads, exported)}
    assert bodies["/acme/1"] == {"name": "request"}
    assert bodies["/acme/40"] is None


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        (["--organization", "acme"], 2, "--organization needs --older-than AGE"),
        (["--older-than", "old"], 2, "--older-than: expected a duration such as"),
        (["--older-than", "never"], 2, "--older-than: expected an age such as 30d"),
        (
            ["--older-than", "1d", "--organization", "acem"],
            2,
            '--organization: nothing is recorded for "acem"; did you mean acme?',
        ),
    ],
)
def test_prune_what_cannot_be_understood(
    aged: Path, flags: list[str], code: int, expected: str
) -> None:
    result = wiretrail("prune", "--data", str(aged), *flags)
    assert result.code == code
    assert result.err.startswith(f"wiretrail prune: {expected}")


def test_redact_explains_a_body(tmp_path: Path) -> None:
    planted = "hunter" + "2-" + "correct-horse"
    result = wiretrail(
        "redact", "--explain", "--data", str(tmp_path),
        stdin=json.dumps({"password": planted, "author": "Ada"}),
    )  # fmt: skip
    assert result.code == 0, result.err
    assert planted not in result.out + result.err
    assert '"author": "Ada"' in result.out
    assert "[REDACTED" in result.out
    assert "password" in result.out.split("MARK")[1]


def test_redact_explains_a_request_as_it_goes_over_the_wire(tmp_path: Path) -> None:
    planted = "planted" + "0" * 20
    request = (
        f"POST /v1/things?api_key={planted} HTTP/1.1\r\nHost: api.example.com\r\n"
        f"Authorization: Bearer {planted}\r\nContent-Type: application/json\r\n\r\n"
        '{"ok": true}'
    )
    result = wiretrail("redact", "--explain", "--json", "--data", str(tmp_path), stdin=request)
    assert planted not in result.out + result.err
    found = json.loads(result.out)
    assert found["url"].startswith("https://api.example.com/v1/things?api_key=[REDACTED")
    assert found["request_headers"]["Authorization"].startswith("Bearer [REDACTED")
    assert found["request_body"] == {"ok": True}
    assert found["redactions"] == len(found["cuts"]) == 2
    assert len({cut["fingerprint"] for cut in found["cuts"]}) == 1


def test_redact_explains_an_answer(tmp_path: Path) -> None:
    planted = "planted" + "0" * 20
    answer = (
        f"HTTP/1.1 200 OK\nSet-Cookie: sid={planted}; Path=/\nContent-Type: text/plain\n\nhello"
    )
    result = wiretrail("redact", "--explain", "--json", "--data", str(tmp_path), stdin=answer)
    found = json.loads(result.out)
    assert planted not in result.out
    assert found["response_body"] == "hello"
    assert found["request_headers"] == {}


def test_redact_with_nothing_to_cut(tmp_path: Path) -> None:
    result = wiretrail("redact", "--explain", "--data", str(tmp_path), stdin='{"a": 1}')
    assert result.out.endswith("Nothing is cut.\n")


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        (["--explain", "-H", "no colon"], 2, '-H: expected "Name: value"'),
        (["--explain", "--url", "nonsense"], 2, "--url: expected a URL"),
        (["--explain", "/nowhere/at/all"], 1, "/nowhere/at/all cannot be read"),
        ([], 2, "one of the arguments --explain --replay is required"),
    ],
)
def test_redact_what_cannot_be_understood(
    tmp_path: Path, flags: list[str], code: int, expected: str
) -> None:
    result = wiretrail("redact", *flags, "--data", str(tmp_path), stdin="{}")
    assert result.code == code
    assert result.err.startswith(f"wiretrail redact: {expected}")


def test_redact_replays_on_stored_rows(tmp_path: Path) -> None:
    planted = "planted" + "0" * 20
    now = time.time_ns() // 1_000_000
    body = json.dumps({"password": planted})
    fill(tmp_path / "d", [row(created_at=now, request_body=body), row(created_at=now - 1)])
    result = wiretrail("redact", "--replay", "--data", str(tmp_path / "d"))
    assert result.code == 0, result.err
    assert result.out.startswith("1 of 2 rows changed (rules of version ")
    assert planted not in wiretrail("export", "--data", str(tmp_path / "d")).out
    again = wiretrail("redact", "--replay", "--all", "--json", "--data", str(tmp_path / "d"))
    assert json.loads(again.out)["changed"] == 0
    nowhere = wiretrail("redact", "--replay", "--data", str(tmp_path / "none"))
    assert nowhere.err.startswith("wiretrail redact: there is no activity log at")
