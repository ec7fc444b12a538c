"""Clients that know nothing of Wiretrail trust it and go through it, by their variables alone."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.cli.conftest import wiretrail
from tests.proxy.cli.test_recording import rows
from tests.support.certificates import Authority
from tests.support.partner import Partner

URL = "https://api.example.com/v1/things"
CLIENTS = {
    "curl": ["curl", "--silent", "--show-error", "--fail", "--output", "/dev/null", URL],
    "urllib": [sys.executable, "-c", f"import urllib.request as u; u.urlopen('{URL}').read()"],
    "requests": [sys.executable, "-c", f"import requests as r; r.get('{URL}').raise_for_status()"],
    "httpx": [sys.executable, "-c", f"import httpx as h; h.get('{URL}').raise_for_status()"],
    "git": ["git", "-c", "http.followRedirects=false", "ls-remote", f"{URL}.git"],
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A config under which the partner's name leads to a stub with an authority of its own."""
    folder = tmp_path_factory.mktemp("clients")
    authority = Authority(folder)
    with Partner(tls=authority.server_context("api.example.com")) as partner:
        file = folder / "wiretrail.toml"
        file.write_text(
            f'[upstream]\nca = ["{authority.file}"]\n'
            f'connect_to = ["api.example.com:443=127.0.0.1:{partner.port}"]\n'
        )
        yield file


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_recorded(client: str, config: Path, tmp_path: Path) -> None:
    command = CLIENTS[client]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    data = tmp_path / "data"
    result = wiretrail("run", "--data", str(data), "--config", str(config), "--", *command)
    first = rows(data, 1)[-1]
    assert first["endpoint"].startswith(URL)
    assert first["response_status"] == 200
    assert result.code == 0, result.err
