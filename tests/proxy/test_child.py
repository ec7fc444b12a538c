"""The control connection between the supervisor and a child, and what a child does first."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.child import ChildEnd
from proxy.config import load
from proxy.control import Failed, ParentEnd, Ready, Reload, Stop
from tests.support.sidecar import ROOT

type Ends = tuple[ParentEnd, ChildEnd]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    ours, theirs = socket.socketpair()
    parent, child = ParentEnd(ours), ChildEnd(theirs.detach())
    yield parent, child
    await child.close()
    parent.close()


def reload_message(organizations: int) -> Reload:
    named = [{"name": f"organization {index}"} for index in range(organizations)]
    return Reload(
        config=load(None, overrides={"organization": named}, environ={}), upstream_ca=None
    )


async def test_the_first_message_leaves_the_next_ones_alone(ends: Ends) -> None:
    parent, child = ends
    assert parent.send(reload_message(1))
    assert parent.send(Stop(grace=3.0))
    first = child.first()
    assert isinstance(first, Reload)
    assert first.config.organization[0].name == "organization 0"
    assert await child.next() == Stop(grace=3.0)


async def test_a_large_config_arrives_whole(ends: Ends) -> None:
    parent, child = ends
    parent.send(Stop(grace=1.0))
    assert child.first() == Stop(grace=1.0)
    message = reload_message(1000)
    parent.send(message)
    assert await child.next() == message


async def test_a_child_is_heard_before_and_after_its_loop_runs(ends: Ends) -> None:
    parent, child = ends
    child.say(Ready())
    assert parent.receive() == [Ready()]
    assert parent.receive() == []
    parent.send(Stop(grace=0.0))
    await child.next()
    child.say(Failed("no"))
    assert parent.receive() == [Failed("no")]


async def test_the_end_of_the_supervisor_is_told(ends: Ends) -> None:
    parent, child = ends
    parent.close()
    assert await child.next() is None


async def test_no_supervisor_no_first_message(ends: Ends) -> None:
    parent, child = ends
    parent.close()
    assert child.first() is None


def test_a_child_that_is_gone_cannot_be_told() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    parent = ParentEnd(ours)
    assert not parent.send(Stop(grace=0.0))
    assert parent.receive() is None
    parent.close()


LOOKUPS = """
import asyncio, os, socket
from proxy.child import loop_factory

async def main():
    loop = asyncio.get_running_loop()
    for number in range(16):
        loop.create_task(loop.getaddrinfo(f"silent{number}.example", 80))
    await asyncio.sleep(0.1)
    async with asyncio.timeout(8):
        await loop.getaddrinfo("localhost", 80)
    os._exit(0)  # without waiting for the lookups

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
    silent.bind(("127.0.0.2", 53))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())
"""


def test_names_whose_servers_are_silent_do_not_hold_up_the_others(tmp_path: Path) -> None:
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.2\n")
    bind = f"mount --bind {resolver} /etc/resolv.conf"
    if subprocess.run(["unshare", "-m", "sh", "-c", bind], capture_output=True).returncode:
        pytest.skip("no mount of its own can be made here")
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{bind} && exec "$0" -c "$1"', sys.executable, LOOKUPS],
        cwd=ROOT,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
