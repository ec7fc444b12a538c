"""Listening sockets: opened once, and what is wrong is told with the flag that changes it."""

import socket

import pytest

from proxy.config import Config, load
from proxy.listening import CannotListen, open_all, open_api


def config(**overrides: object) -> Config:
    listen = {"listen": {"forward": "127.0.0.1:0"}, "api": {"listen": "127.0.0.1:0"}}
    return load(None, overrides=listen | overrides, environ={})


def test_sockets_come_in_the_order_of_the_listeners() -> None:
    incoming = [{"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:9"}]
    api, listeners = open_all(config(incoming=incoming))
    assert [one.address.direction for one in listeners] == ["outgoing", "incoming"]
    assert api.address.direction == "api"
    for one in (api, *listeners):
        assert one.address.port == one.socket.getsockname()[1] != 0
        with socket.create_connection((one.address.host, one.address.port)):
            pass
        one.socket.close()


def test_a_taken_address_closes_what_was_opened_before() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(CannotListen, match=r"another program listens.*--api"):
            open_all(config(api={"listen": taken}))


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CannotListen, match=r"no such address.*--api"):
        open_api(config(api={"listen": "192.0.2.1:0"}))


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(CannotListen, match=r"no-such-host\.invalid"):
        open_api(config(api={"listen": "no-such-host.invalid:0"}))


def test_a_second_instance_does_not_share_the_port() -> None:
    first = open_api(config())
    with pytest.raises(CannotListen):
        open_api(config(api={"listen": f"127.0.0.1:{first.address.port}"}))
    first.socket.close()
