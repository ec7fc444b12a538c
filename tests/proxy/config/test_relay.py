"""What the relay is told."""

from pathlib import Path

import pytest

from addons.settings import Deadlines, password_digest
from proxy.config import (
    Address,
    ConfigError,
    classification_rules,
    data_folder,
    listeners,
    load,
    relay_settings,
    upstream_bundle,
)
from proxy.trust import system_certificates
from store.activity import Direction
from tests.support.certificates import Authority


def config_of(tmp_path: Path, text: str):
    file = tmp_path / "wiretrail.toml"
    file.write_text(f'data = "{tmp_path / "data"}"\n' + text)
    return load(file, environ={})


def test_defaults(tmp_path: Path) -> None:
    config = config_of(tmp_path, "")
    (forward,) = listeners(config)
    assert forward.address == Address("127.0.0.1", 8080)
    assert forward.listener.direction is Direction.OUTGOING
    assert forward.listener.allow_private
    settings = relay_settings(config)
    assert (settings.body_limit, settings.durable_limit) == (65536, 1 << 20)
    assert settings.outgoing_deadlines == Deadlines()
    assert settings.own_addresses == (("127.0.0.1", 8080), ("127.0.0.1", 8090))
    assert settings.ca_dir == tmp_path / "data" / "ca"
    assert upstream_bundle(config) is None


def test_routes_of_one_address_share_a_listener(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        '[listen]\nforward = "off"\n'
        '[[incoming]]\nlisten = "127.0.0.1:9000"\nupstream = "http://a"\n'
        'trusted_hops = ["10.0.0.0/8"]\n'
        '[[incoming]]\nlisten = "127.0.0.1:9000"\npath = "/stripe"\nupstream = "http://b/base"\n'
        'organization = "acme"\nintegration = "billing"\ndurable = true\nanswer_timeout = "5s"\n'
        '[[incoming]]\nlisten = "127.0.0.1:9001"\nupstream = "http://c"\nidle_timeout = "never"\n',
    )
    first, second = listeners(config)
    assert [route.prefix for route in first.listener.routes] == ["/", "/stripe"]
    assert first.listener.trusted_hops == ("10.0.0.0/8",)
    plain, stripe = first.listener.routes
    assert plain.deadlines == Deadlines(answer_head=60.0, idle=300.0)
    assert stripe.deadlines == Deadlines(answer_head=5.0, idle=300.0)
    assert (stripe.organization, stripe.integration, stripe.durable) == ("acme", "billing", True)
    assert second.listener.routes[0].deadlines == Deadlines(answer_head=60.0, idle=None)


def test_a_proxy_for_others_has_users_and_no_private_addresses(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("correct horse\n")
    digest = password_digest(b"battery", "salt")
    config = config_of(
        tmp_path,
        '[listen]\nforward = "0.0.0.0:3128"\n'
        f'[[listen.credential]]\nuser = "one"\npassword_file = "{secret}"\norganization = "acme"\n'
        f'[[listen.credential]]\nuser = "two"\npassword_digest = "{digest}"\n',
    )
    (forward,) = listeners(config)
    one, two = forward.listener.credentials
    assert one.matches(b"one", b"correct horse")
    assert not one.matches(b"one", b"battery")
    assert one.organization == "acme"
    assert two.matches(b"two", b"battery")
    assert not forward.listener.allow_private


def test_a_password_file_that_is_not_there(tmp_path: Path) -> None:
    config = config_of(
        tmp_path, f'[[listen.credential]]\nuser = "one"\npassword_file = "{tmp_path}/none"\n'
    )
    with pytest.raises(ConfigError) as caught:
        listeners(config)
    assert str(caught.value) == (
        f"{tmp_path}/wiretrail.toml: listen.credential[0].password_file: "
        f"{tmp_path}/none cannot be read: No such file or directory"
    )


def test_upstream_settings(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        '[upstream]\nconnect_to = ["API.example.com:443=127.0.0.1:8443", "*:*=[::1]:1"]\n'
        'connect_timeout = "2s"\npass_through = ["pinned.example"]\nh2_hosts = ["*.h2.example"]\n'
        '[[upstream.host]]\nhost = "slow.example"\nanswer_timeout = "10m"\n'
        '[limits]\nhead_bytes = "16KB"\nrequest_head_timeout = 3\n',
    )
    settings = relay_settings(config, own_addresses=[Address("127.0.0.1", 4)])
    assert [(c.host, c.port, c.address, c.address_port) for c in settings.connect_to] == [
        ("api.example.com", 443, "127.0.0.1", 8443),
        ("*", 0, "::1", 1),
    ]
    assert settings.outgoing_deadlines == Deadlines(connect=2.0, request_head=3.0)
    (slow,) = settings.host_deadlines
    assert slow.deadlines == Deadlines(request_head=3.0, answer_head=600.0)
    assert settings.limits.head_bytes == 16384
    assert settings.own_addresses == (("127.0.0.1", 4),)


def test_the_bundle_holds_the_system_s_certificates_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    config = config_of(tmp_path, f'[upstream]\nca = ["{authority.file}"]\n')
    data_folder(config).ensure()
    bundle = upstream_bundle(config)
    assert bundle is not None
    content = bundle.read_bytes()
    assert authority.file.read_bytes().strip() in content
    assert system_certificates()[0] in content
    assert content.count(b"BEGIN CERTIFICATE") == len(system_certificates()) + 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read: No such file or directory"),
        ("x", "holds no PEM certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds a damaged certificate (number 1)",
        ),
    ],
)
def test_a_bundle_of_no_use(tmp_path: Path, content: str | None, expected: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    config = config_of(tmp_path, f'[upstream]\nca = ["{file}"]\n')
    with pytest.raises(ConfigError) as caught:
        upstream_bundle(config)
    assert str(caught.value) == f"{tmp_path}/wiretrail.toml: upstream.ca[0]: {file} {expected}"


def test_rules_reach_the_classifier(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        '[capture]\norganization = "home"\n[[organization]]\nname = "acme"\n'
        '[[integration]]\nname = "crm"\norganization = "acme"\nhosts = ["crm.example"]\n'
        '[[rule]]\npath = "/health"\nactivity_type = "test_connection"\n',
    )
    rules = classification_rules(config)
    assert rules.default_organization == "home"
    assert [one.name for one in rules.organizations] == ["acme"]
    assert [one.name for one in rules.integrations] == ["crm"]
    assert [one.activity_type for one in rules.rules] == ["test_connection"]
