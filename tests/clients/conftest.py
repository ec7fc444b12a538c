"""One sidecar and one partner for all clients."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.partner import Partner
from tests.support.sidecar import Sidecar

PARTNER_HOST = "api.partner.test"


@dataclass(frozen=True)
class Loopback:
    """A sidecar whose every TLS call ends at `partner`, and whose webhooks go to `service`."""

    sidecar: Sidecar
    partner: Partner
    service: Partner
    webhook_url: str


@pytest.fixture(scope="session")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    from tests.support.ports import free_port

    folder = tmp_path_factory.mktemp("clients")
    authority = Authority(folder)
    tls = authority.server_context(PARTNER_HOST)
    webhook_port = free_port()
    with Partner(tls=tls) as partner, Partner() as service:
        arguments = [
            f"--connect-to=*:443=127.0.0.1:{partner.port}",
            f"--upstream-ca={authority.file}",
            f"--incoming=127.0.0.1:{webhook_port}={service.url}",
        ]
        with Sidecar(folder / "data", *arguments) as sidecar:
            assert Path(sidecar.ca).exists()
            yield Loopback(sidecar, partner, service, f"http://127.0.0.1:{webhook_port}")
