"""What is wrong with a config is told by place, key and what was expected."""

from pathlib import Path

import msgspec
import pytest

from proxy.config import Config, ConfigError, load, reload, warnings

# Text of the file, and the one line that is expected, without the file's name.
MISTAKES = {
    "unknown table": ("[captur]\n", 'captur: unknown key; did you mean "capture"?'),
    "unknown key": (
        "[capture]\nbody_limt = 3\n",
        'capture.body_limt: unknown key; did you mean "body_limit"?',
    ),
    "age without a unit": (
        "[retention]\nkeep = 90\n",
        'retention.keep: expected a duration with its unit such as "90d", found 90',
    ),
    "unknown key that is like none": ("zzz = 1\n", "zzz: unknown key"),
    "unknown key in a table that repeats": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "http://a"\ndurabel = true\n',
        'incoming[0].durabel: unknown key; did you mean "durable"?',
    ),
    "unknown key in a table of another package": (
        '[[rule]]\nhots = "a"\n',
        'rule[0].hots: unknown key; did you mean "host"?',
    ),
    "what is no setting": ("[origin]\n", "origin: unknown key"),
    "missing key": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\n',
        'incoming[0]: the key "upstream" is missing',
    ),
    "text for a number": (
        'workers = "two"\n',
        "workers: expected a whole number, found text",
    ),
    "number out of bounds": ("workers = 0\n", "workers: expected a whole number >= 1, found 0"),
    "no UUID": (
        '[[organization]]\nname = "a"\nid = "7"\n',
        'organization[0].id: expected a UUID, found "7"',
    ),
    "URL for a host": (
        '[[integration]]\nname = "a"\nhosts = ["a.example", "https://b.example/v1"]\n',
        'integration[0].hosts[1]: expected a host such as "api.example.com", '
        'found "https://b.example/v1"',
    ),
    "URL for the only host": (
        '[[rule]]\nhost = "https://b.example"\nactivity_type = "other"\n',
        'rule[0].host: expected a host such as "api.example.com", found "https://b.example"',
    ),
    "number for text": (
        "[listen]\nforward = 8080\n",
        "listen.forward: expected text, found a whole number",
    ),
    "text for a switch": (
        '[capture]\nip_address = "no"\n',
        "capture.ip_address: expected true or false, found text",
    ),
    "table for text": (
        "[data]\n",
        "data: expected text, found a table",
    ),
    "one table where several stand": (
        '[incoming]\nlisten = "127.0.0.1:9"\n',
        "incoming: expected a list, found a table",
    ),
    "text in a list of text": (
        "[upstream]\nca = [3]\n",
        "upstream.ca[0]: expected text, found a whole number",
    ),
    "unknown word of a closed list": (
        '[[rule]]\nactivity_type = "api_cal"\n',
        "rule[0].activity_type: expected one of test_connection, sync_import, sync_export, "
        "sync_bidirectional, webhook_received, notification_email, notification_slack, "
        "notification_webhook, api_call, device_create, device_update, device_delete, other, "
        'found "api_cal"; did you mean "api_call"?',
    ),
    "list for a duration": (
        "[retention]\nkeep = []\n",
        'retention.keep: expected a duration such as "10s", found a list',
    ),
    "bad duration": (
        '[retention]\nkeep = "90 days"\n',
        'retention.keep: expected a duration such as "500ms", "10s", "24h", "90d" or "never", '
        'found "90 days"',
    ),
    "bad duration by name": (
        '[retention.organizations]\nacme = "x"\n',
        'retention.organizations.acme: expected a duration such as "500ms", "10s", "24h", "90d" '
        'or "never", found "x"',
    ),
    "endless where an end is due": (
        '[upstream]\nconnect_timeout = "never"\n',
        'upstream.connect_timeout: "never" is not allowed here; expected a duration such as "10s"',
    ),
    "bad size": (
        '[capture]\nbody_limit = "64 stones"\n',
        'capture.body_limit: expected a size such as 65536, "64KB" or "1MB", found "64 stones"',
    ),
    "bad address": (
        '[listen]\nforward = "8080"\n',
        'listen.forward: expected HOST:PORT such as "127.0.0.1:8080", found "8080"',
    ),
    "port that there is not": (
        '[api]\nlisten = "127.0.0.1:70000"\n',
        'api.listen: expected HOST:PORT such as "127.0.0.1:8080", found "127.0.0.1:70000"',
    ),
    "one address twice": (
        '[api]\nlisten = "127.0.0.1:8080"\n',
        "api.listen: 127.0.0.1:8080 is taken by listen.forward already",
    ),
    "webhooks on the forward proxy's address": (
        '[[incoming]]\nlisten = "127.0.0.1:8080"\nupstream = "http://a"\n',
        "incoming[0].listen: 127.0.0.1:8080 is taken by listen.forward already",
    ),
    "open proxy": (
        '[listen]\nforward = "0.0.0.0:8080"\n',
        "listen.forward: 0.0.0.0:8080 can be reached from other machines; expected "
        "[[listen.credential]] or listen.allowed_clients beside it",
    ),
    "open proxy by a name": (
        '[listen]\nforward = "wiretrail.internal:8080"\n',
        "listen.forward: wiretrail.internal:8080 can be reached from other machines; expected "
        "[[listen.credential]] or listen.allowed_clients beside it",
    ),
    "user without a password": (
        '[[listen.credential]]\nuser = "ci"\n',
        "listen.credential[0]: expected either password_file or password_digest",
    ),
    "password for a digest": (
        '[[listen.credential]]\nuser = "ci"\npassword_digest = "letmein"\n',
        "listen.credential[0].password_digest: expected what `wiretrail token digest` prints",
    ),
    "user with a colon": (
        '[[listen.credential]]\nuser = "a:b"\npassword_file = "x"\n',
        "listen.credential[0].user: expected a name without a colon",
    ),
    "rule that says nothing": (
        '[[rule]]\nhost = "erp.example.com"\n',
        "rule[0]: expected at least one of activity_type, integration, provider, organization",
    ),
    "bad network": (
        '[listen]\nallowed_clients = ["10.0.0.1/8"]\n',
        'listen.allowed_clients[0]: expected a network such as "10.0.0.0/8", found "10.0.0.1/8"',
    ),
    "bad hop": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "http://a"\ntrusted_hops = ["lb"]\n',
        'incoming[0].trusted_hops[0]: expected a network such as "10.0.0.0/8", found "lb"',
    ),
    "upstream that is no URL": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "localhost:3000"\n',
        'incoming[0].upstream: expected a URL such as "http://127.0.0.1:3000", '
        'found "localhost:3000"',
    ),
    "upstream with a query": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "http://a/?b=c"\n',
        "incoming[0].upstream: expected a URL without user, query and fragment",
    ),
    "path without a slash": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "http://a"\npath = "hooks"\n',
        'incoming[0].path: expected a path that begins with "/", found "hooks"',
    ),
    "one prefix twice": (
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "http://a"\npath = "/hooks"\n'
        '[[incoming]]\nlisten = "127.0.0.1:9"\nupstream = "http://b"\npath = "/hooks/"\n',
        'incoming[1].path: "/hooks/" on 127.0.0.1:9 is the path of incoming[0] already',
    ),
    "unknown organization of an integration": (
        '[[organization]]\nname = "acme"\n[[integration]]\nname = "crm"\norganization = "acmee"\n',
        'integration[0].organization: unknown organization "acmee"; did you mean "acme"?',
    ),
    "unknown organization of a listener": (
        '[listen]\norganization = "x"\n[[organization]]\nname = "acme"\n',
        'listen.organization: unknown organization "x"',
    ),
    "one organization twice": (
        '[[organization]]\nname = "acme"\n[[organization]]\nname = "acme"\n',
        'organization[1].name: "acme" is there twice',
    ),
    "one integration twice": (
        '[[integration]]\nname = "crm"\n[[integration]]\nname = "crm"\n',
        'integration[1].name: "crm" is there twice',
    ),
    "connect-to without a target": (
        '[upstream]\nconnect_to = ["a:443"]\n',
        "upstream.connect_to[0]: expected HOST:PORT=ADDRESS:PORT such as "
        '"api.example.com:443=127.0.0.1:8443", found "a:443"',
    ),
    "store of an unknown kind": (
        'store = "mysql://a/b"\n',
        'store: expected a URL such as "sqlite:////var/lib/wiretrail/activity.db"',
    ),
    "pattern that cannot be compiled": (
        '[[rule]]\nhost = "re:("\nactivity_type = "other"\n',
        "rule: rule 1: host: ['re:('] is no pattern: missing ): (?:()",
    ),
    "pattern of a secret that cannot be compiled": (
        '[[redaction.patterns]]\nname = "badge"\npattern = "(a"\n',
        'redaction.patterns[0].pattern: "badge": pattern cannot be compiled: missing ): (a; '
        "expected RE2 syntax, https://github.com/google/re2/wiki/Syntax",
    ),
    "pattern of an organization's secret that is not for RE2": (
        "[[redaction.organizations.acme.patterns]]\nname = 'b'\npattern = 'b'\n"
        "[[redaction.organizations.acme.patterns]]\nname = 'c'\npattern = '(?=a)b'\n",
        'redaction.organizations.acme.patterns[1].pattern: "c": pattern cannot be compiled: '
        "invalid perl operator: (?=; "
        "expected RE2 syntax, https://github.com/google/re2/wiki/Syntax",
    ),
    "name without letters": (
        '[redaction]\nnames = ["badge", "-"]\n',
        'redaction.names[1]: expected a name with letters or digits, found "-"',
    ),
    "path template without a place for the secret": (
        '[redaction]\npaths = ["a.example/{}", "a.example/b"]\n',
        "redaction.paths[1]: expected HOST/PATH with {} where the secret stands, "
        'found "a.example/b"',
    ),
    "unknown rule that is to be disabled": (
        '[redaction]\ndisabled_rules = ["gitub"]\nallow_disabled_rules = true\n',
        'redaction.disabled_rules[0]: there is no default rule "gitub"; did you mean github?',
    ),
    "rules that are disabled by accident": (
        '[redaction]\ndisabled_rules = ["github"]\n',
        "redaction: disabled_rules removes default rules and may keep secrets: "
        "set allow_disabled_rules = true as well to say that this is meant",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[name]
    file = tmp_path / "wiretrail.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: {expected}")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_text('workers = "x"\n[captur]\n[[rule]]\nhost = 3\n')
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    assert [problem.key for problem in caught.value.problems] == [
        "workers",
        "captur",
        "rule[0].host",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[listen\n", "is not TOML: Expected ']'"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"workers = 1\nworkers = 2\n", "is not TOML: Cannot overwrite a value (at line 2"),
    ],
)
def test_a_file_that_is_no_toml(content: bytes, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    assert str(caught.value).startswith(f"{file}: {expected}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml", environ={})
    assert str(caught.value) == f"{tmp_path}/none.toml: cannot be read: No such file or directory"


def test_flags_go_over_variables_over_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_text(
        'workers = 2\n[listen]\nforward = "127.0.0.1:1"\n[api]\nlisten = "127.0.0.1:2"\n'
        '[capture]\norganization = "file"\n'
    )
    environ = {"WIRETRAIL_LISTEN_FORWARD": "127.0.0.1:3", "WIRETRAIL_API_LISTEN": "127.0.0.1:4"}
    config = load(file, environ=environ, overrides={"api": {"listen": "127.0.0.1:5"}})
    assert config.workers == 2
    assert config.listen.forward == "127.0.0.1:3"
    assert config.api.listen == "127.0.0.1:5"
    assert config.capture.organization == "file"
    assert config.capture.body_limit == "64KB"


def test_lists_of_flags_stand_before_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_text(
        '[[incoming]]\nlisten = "127.0.0.1:1"\nupstream = "http://a"\n'
        '[upstream]\nconnect_to = ["a:1=b:2"]\n'
    )
    flag = {"listen": "127.0.0.1:2", "upstream": "http://b"}
    overrides = {"incoming": [flag], "upstream": {"connect_to": ["*:443=c:3"]}}
    config = load(file, environ={}, overrides=overrides)
    assert [route.upstream for route in config.incoming] == ["http://b", "http://a"]
    assert config.upstream.connect_to == ("*:443=c:3", "a:1=b:2")


def test_a_mistake_is_told_where_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_text('[[incoming]]\nlisten = "127.0.0.1:1"\nupstream = "nonsense"\n')
    flag = {"listen": "127.0.0.1:2", "upstream": "neither"}
    with pytest.raises(ConfigError) as caught:
        load(
            file,
            environ={"WIRETRAIL_CAPTURE_BODY_LIMIT": "big"},
            overrides={"incoming": [flag], "listen": {"forward": "x"}},
        )
    assert [(p.where, p.key) for p in caught.value.problems] == [
        ("WIRETRAIL_CAPTURE_BODY_LIMIT", ""),
        ("--listen", ""),
        ("--incoming", "incoming[0].upstream"),
        (str(file), "incoming[0].upstream"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("WIRETRAIL_WORKERS", "3", 3),
        ("WIRETRAIL_CAPTURE_IP_ADDRESS", "false", False),
        ("WIRETRAIL_CAPTURE_IP_ADDRESS", "0", False),
        ("WIRETRAIL_UPSTREAM_PASS_THROUGH", "a.example, b.example", ("a.example", "b.example")),
        ("WIRETRAIL_CAPTURE_BODY_LIMIT", "1MB", "1MB"),
        ("WIRETRAIL_CAPTURE_BODY_LIMIT", "4096", 4096),
        ("WIRETRAIL_DATA", "/srv/log", "/srv/log"),
        ("WIRETRAIL_CAPTURE_ORGANIZATION", "2026", "2026"),
    ],
)
def test_variables_have_the_setting_s_type(name: str, text: str, expected: object) -> None:
    config = load(environ={name: text})
    table, _, key = name.removeprefix("WIRETRAIL_").lower().partition("_")
    value = getattr(config, table) if not key else getattr(getattr(config, table), key)
    assert value == expected


def test_a_variable_of_the_wrong_type() -> None:
    with pytest.raises(
        ConfigError,
        match=r'^WIRETRAIL_CAPTURE_IP_ADDRESS: expected true or false, found "perhaps"$',
    ):
        load(environ={"WIRETRAIL_CAPTURE_IP_ADDRESS": "perhaps"})


def test_unknown_variables_are_warned_of_but_not_those_of_kubernetes() -> None:
    assert warnings(
        {
            "WIRETRAIL_CAPTURE_BODY_LIMTI": "1",
            "WIRETRAIL_SERVICE_HOST": "10.0.0.1",
            "WIRETRAIL_PORT_8090_TCP_ADDR": "10.0.0.1",
            "WIRETRAIL_CONFIG": "x",
            "OTHER": "1",
        }
    ) == [
        "WIRETRAIL_CAPTURE_BODY_LIMTI: unknown variable is ignored; "
        'did you mean "WIRETRAIL_CAPTURE_BODY_LIMIT"?'
    ]


def test_reload_reads_the_file_again_under_the_same_flags(tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_text('[capture]\norganization = "one"\n')
    first = load(file, environ={}, overrides={"workers": 2})
    file.write_text('workers = 5\n[capture]\norganization = "two"\n')
    second = reload(first, environ={})
    assert (second.capture.organization, second.workers) == ("two", 2)


def test_a_config_survives_the_way_to_another_process(tmp_path: Path) -> None:
    file = tmp_path / "wiretrail.toml"
    file.write_text(
        '[[organization]]\nname = "a"\nid = "3eddaf11-8099-59e2-a350-88c615f3cac4"\n'
        '[[rule]]\nhost = ["a", "b"]\nactivity_type = "api_call"\n'
        '[redaction]\nnames = ["pet"]\n'
    )
    config = load(file, environ={})
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config
