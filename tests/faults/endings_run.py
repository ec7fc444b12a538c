"""Runs all endings through one sidecar and tells what client and store saw of each."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.faults.endings import AT_STOP, RUNNING, Ending, Told, Upstream
from tests.faults.rough import RoughPlayer, complete, seen_by
from tests.faults.wire import Send, Step
from tests.support.certificates import Authority
from tests.support.connections import closed_connections
from tests.support.partner import Partner
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

WAYS: Final = ("reverse", "forward", "tls")
_AT_ONCE: Final = 16
_POLL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 15.0


@dataclass
class Case:
    """One ending on one way, and what became of it."""

    name: str
    ending: Ending
    way: str
    mark: str
    """Stands in the path and in the host's name of this case alone."""
    signal: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    before: str = ""
    """Scheme and authority that a client writes."""
    saw: str = ""
    ended_at: float = 0.0
    told: list[Told] = field(default_factory=list)
    """Its final rows."""
    seconds: float | None = None
    """From the exchange's end until the API showed its row."""

    @property
    def secure(self) -> bool:
        """Whether the upstream is to speak TLS."""
        return self.way == "tls" or self.ending.certificate != "good"

    @property
    def host(self) -> str:
        unresolvable = self.ending.upstream is Upstream.UNRESOLVABLE
        return f"{self.mark}.{'invalid' if unresolvable else 'test'}"

    def owns(self, row: Mapping[str, Any], listener: str) -> bool:
        """Whether a row is about this case."""
        endpoint: str = row["endpoint"]
        if self.ending.anonymous and self.way != "tls":
            return endpoint.removesuffix("/") == listener
        return self.mark in endpoint


def cases() -> list[Case]:
    """Every ending on every way that it has."""
    all_of_them = {**RUNNING, **AT_STOP}
    return [
        Case(name, ending, way, f"e{number:03}{way[0]}")
        for number, (name, ending) in enumerate(all_of_them.items())
        for way in WAYS
        if way in ending.ways
    ]


@dataclass
class Outcome:
    """All cases, and what concerns them together."""

    cases: list[Case]
    unfinished: int
    """Rows that are still `started` when the sidecar has stopped."""
    unowned: list[str]
    """Endpoints of rows of no case."""
    counted: dict[str, Any]
    """The accounting before the stop."""
    exit_code: int
    log: str


def run(folder: Path) -> Outcome:
    """Play every case, each on a connection of its own."""
    return asyncio.run(_Run(folder).run(cases()))


class _Run:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = Authority(_made(folder / "partners"))
        self._other = Authority(_made(folder / "other"), "Another CA")
        self._incoming = free_port()
        self._servers: list[asyncio.Server] = []
        self._served: list[asyncio.StreamWriter] = []
        self._sockets: list[socket.socket] = []
        self._partners_in_threads: list[Partner] = []
        self._sidecar = Sidecar(folder / "data", f"--config={folder / 'wiretrail.toml'}")
        self._trusting: ssl.SSLContext | None = None

    async def run(self, all_cases: list[Case]) -> Outcome:
        running = [case for case in all_cases if case.name in RUNNING]
        at_stop = [case for case in all_cases if case.name in AT_STOP]
        async with self._partners(all_cases):
            self._write_config(all_cases)
            await asyncio.to_thread(self._sidecar.start)
            try:
                self._trusting = ssl.create_default_context(cafile=str(self._sidecar.ca))
                await self._play_all(running)
                counted = await self._settled()
                begun = [asyncio.create_task(self._play(case)) for case in at_stop]
                await asyncio.sleep(0.7)
            finally:
                code = await asyncio.to_thread(self._sidecar.stop)
            await asyncio.gather(*begun)
        rows = self._sidecar.rows()
        unowned = self._assign(all_cases, rows)
        unfinished = sum(row["status"] == "started" for row in rows)
        return Outcome(all_cases, unfinished, unowned, counted, code, self._sidecar.log.read_text())

    # Upstreams

    @asynccontextmanager
    async def _partners(self, all_cases: list[Case]) -> AsyncIterator[None]:
        for case in all_cases:
            await self._open(case)
        try:
            yield
        finally:
            for server in self._servers:
                server.close()
            for writer in self._served:
                writer.transport.abort()  # closing in good order waits for the peer
            for one in self._sockets:
                one.close()
            for partner in self._partners_in_threads:
                await asyncio.to_thread(partner.stop)
        assert (left := await closed_connections()) == [], left

    async def _open(self, case: Case) -> None:
        kind = case.ending.upstream
        if kind is Upstream.OURSELVES:
            case.port = self._sidecar.api_port
        elif kind is Upstream.BACKLOG_FULL:
            case.port = self._full_backlog()
        elif kind is not Upstream.LISTENS:
            case.port = free_port()
        elif case.ending.certificate == "client certificate":
            # asyncio's servers end a handshake without the alert that tells why.
            partner = Partner(tls=self._context(case))
            self._partners_in_threads.append(partner)
            case.port = partner.port
        else:
            server = await asyncio.start_server(
                lambda reader, writer: self._serve(case, reader, writer),
                "127.0.0.1",
                0,
                ssl=self._context(case) if case.secure else None,
            )
            self._servers.append(server)
            case.port = server.sockets[0].getsockname()[1]
        host = "127.0.0.1" if kind is Upstream.OURSELVES else case.host
        shown = case.port if kind in (Upstream.OURSELVES, Upstream.UNRESOLVABLE) else 8000
        case.before = f"http://{host}:{shown}"

    def _full_backlog(self) -> int:
        """A port whose queue of connections is full: what asks for one more gets no answer."""
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        self._sockets.append(listening)
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
            self._sockets.append(filler)
        return int(listening.getsockname()[1])

    def _context(self, case: Case) -> ssl.SSLContext | None:
        certificate = case.ending.certificate
        if certificate == "none":
            return None
        if certificate == "unknown authority":
            return self._other.server_context(case.host)
        if certificate == "other name":
            return self._authority.server_context("other.test")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self._authority.leaf(case.host, days=-1 if certificate == "expired" else 2)
        )
        if certificate == "client certificate":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self._authority.file)
        return context

    async def _serve(
        self, case: Case, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._served.append(writer)
        with suppress(OSError):
            await RoughPlayer(reader, writer, case.signal).play(case.ending.server)
        if case.ending.server_ends:
            case.ended_at = time.time()
        writer.close()

    # The sidecar

    def _write_config(self, all_cases: list[Case]) -> None:
        routes, hosts, dials = [], [], []
        for case in all_cases:
            deadlines = "".join(
                f"{name} = {json.dumps(value)}\n" for name, value in case.ending.deadlines.items()
            )
            upstream = f"{'https' if case.secure else 'http'}://{case.host}:8000"
            if case.way == "reverse" and case.ending.upstream is not Upstream.NO_ROUTE:
                routes.append(
                    f'[[incoming]]\nlisten = "127.0.0.1:{self._incoming}"\n'
                    f'path = "/{case.mark}"\nupstream = "{upstream}"\n{deadlines}'
                )
            elif deadlines:
                hosts.append(f'[[upstream.host]]\nhost = "{case.host}"\n{deadlines}')
            if case.ending.upstream is not Upstream.UNRESOLVABLE:
                dials.append(f"{case.host}:8000=127.0.0.1:{case.port}")
        (self._folder / "wiretrail.toml").write_text(
            f"[upstream]\nca = [{json.dumps(str(self._authority.file))}]\n"
            f"connect_to = {json.dumps(dials)}\n"
            '[limits]\nrequest_head_timeout = "2s"\nshutdown_grace = "1500ms"\n'
            + "".join(routes + hosts)
        )

    def _listener(self, way: str) -> str:
        port = self._incoming if way == "reverse" else self._sidecar.forward_port
        return f"http://127.0.0.1:{port}"

    async def _settled(self) -> dict[str, Any]:
        """The accounting once nothing is in flight."""
        for _ in range(100):
            found = (await asyncio.to_thread(self._sidecar.get, "/api/v1/overview"))["accounting"]
            if not found["in_flight"]:
                break
            await asyncio.sleep(0.05)
        return dict(found)

    # Clients

    async def _play_all(self, running: list[Case]) -> None:
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(case: Case) -> None:
            # Those that wait for a deadline cost nothing meanwhile.
            async with limit if not case.ending.deadlines else nullcontext():
                await self._play(case)

        watching = asyncio.create_task(self._watch(running))
        await asyncio.gather(*map(one, running))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await watching

    async def _play(self, case: Case) -> None:
        port = self._incoming if case.way == "reverse" else self._sidecar.forward_port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                if case.way == "tls" and not await self._secure(case, reader, writer):
                    case.saw = "no TLS"
                    return
                case.saw = await self._talk(case, RoughPlayer(reader, writer, case.signal))
        except TimeoutError:
            case.saw = "waits"
        finally:
            if not case.ended_at or not case.ending.server_ends:
                case.ended_at = time.time()
            writer.transport.abort()

    async def _secure(
        self, case: Case, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Ask for a tunnel and begin TLS in it; false when there is none."""
        authority = case.before.removeprefix("http://")
        writer.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        if not case.ending.secured:
            return True
        context = self._trusting if case.ending.trusts else ssl.create_default_context()
        assert context is not None
        try:
            await writer.start_tls(context, server_hostname=authority.partition(":")[0])
        except ssl.SSLError:
            return False
        return True

    async def _talk(self, case: Case, client: RoughPlayer) -> str:
        with suppress(ConnectionError):
            await client.play(list(_addressed(case)))
        while not client.left and not complete(client):
            if not await client.more():
                break
        return seen_by(client)

    # Rows

    async def _watch(self, running: list[Case]) -> None:
        """Poll the API until every case that leaves a row has one."""
        waiting = [case for case in running if case.ending.told is not None]
        while waiting:
            page = await asyncio.to_thread(self._sidecar.get, "/api/v1/activities?limit=200")
            now = time.time()
            final = [row for row in page["items"] if row["status"] != "started"]
            for case in list(waiting):
                if any(case.owns(row, self._listener(case.way)) for row in final):
                    # A row may be there before its client has noticed the end.
                    case.seconds = max(0.0, now - case.ended_at) if case.ended_at else 0.0
                    waiting.remove(case)
            await asyncio.sleep(_POLL_SECONDS)

    def _assign(self, all_cases: list[Case], rows: list[dict[str, Any]]) -> list[str]:
        """Give each final row to its case; the endpoints of those that nobody owns."""
        unowned = []
        for row in rows:
            owners = [case for case in all_cases if case.owns(row, self._listener(case.way))]
            metadata = json.loads(row["metadata"] or "{}")
            told = Told(
                row["status"],
                row["error_code"],
                row["response_status"],
                metadata.get("proxy_status"),
            )
            for case in owners:
                case.told.append(told)
            if not owners:
                unowned.append(row["endpoint"])
        return unowned


def _addressed(case: Case) -> Iterator[Step]:
    before = case.before if case.way == "forward" else ""
    place = f"{before}/{case.mark}".encode()
    for step in case.ending.client:
        yield (
            replace(step, data=step.data.replace(b"<>", place)) if isinstance(step, Send) else step
        )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
