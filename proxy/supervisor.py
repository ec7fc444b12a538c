"""Starts keeper and workers, watches them, starts them again, and stops them in order.

It holds what outlives its children: the listening sockets, the link's socket, the counters. It
relays nothing, reads no capture and imports neither mitmproxy nor a web server.
"""

import contextlib
import logging
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.accounting import CounterBlock
from proxy.child_process import ChildProcess
from proxy.config import (
    Config,
    ConfigError,
    data_folder,
    listeners,
    reload,
    upstream_bundle,
)
from proxy.config.units import seconds
from proxy.control import BoundAddress, Failed, KeeperStart, Ready, Reload, Stop, WorkerStart
from proxy.keeper.vitals import SURE, UNSURE, Vitals
from proxy.listening import CannotListen, listen_unix, open_all
from proxy.losses import Losses
from proxy.private_log import configure_log, places
from proxy.signals import CollectedSignals
from proxy.watched_file import WatchedFile
from store.errors import StoreError

log = logging.getLogger("wiretrail.supervisor")

_TICK_SECONDS: Final = 0.2
# After the exchanges have ended: for a worker to hand over what it holds, and for the keeper to
# write it.
_DRAIN_SECONDS: Final = 15.0
_KEEPER_STOP_SECONDS: Final = 15.0
# Before anything was ready once; later a child is started again for ever.
_START_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Running:
    """What `run` tells once everything is ready."""

    api: BoundAddress
    listeners: tuple[BoundAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds until the supervisor acts."""

    start: float = 30.0
    """A keeper that was not ready for so long after its start counts as stalled."""
    stall: float = 30.0
    """A keeper without progress for so long is killed."""


def run(
    config: Config,
    on_ready: Callable[[Running], None] | None = None,
    patience: Patience | None = None,
) -> int:
    """Run the sidecar until SIGTERM or SIGINT; returns the exit code: 0 after a clean stop, 1
    when it could not start (the reason is on standard error)."""
    configure_log("supervisor")
    try:
        data_folder(config).ensure()
        supervisor = Supervisor(config, on_ready, patience or Patience())
    except (CannotListen, ConfigError, StoreError) as error:
        return _cannot_start(str(error))
    try:
        return supervisor.run()
    finally:
        supervisor.close()


class Supervisor:
    """Opens the sockets when it is made. `run` once, then `close`."""

    def __init__(
        self, config: Config, on_ready: Callable[[Running], None] | None, patience: Patience
    ) -> None:
        """Raises `CannotListen` or `ConfigError`."""
        self._config = config
        self._on_ready = on_ready
        self._patience = patience
        self._bundle = upstream_bundle(config)
        self._api, self._listeners = open_all(config)
        self._counters = CounterBlock.create()
        self._vitals = Vitals.create()
        self._runtime = Path(tempfile.mkdtemp(prefix="wiretrail-"))
        self._link = listen_unix(self._runtime / "link")
        self._run_started = time.time_ns() // 1_000_000
        self._keeper = ChildProcess("keeper", "proxy.keeper")
        self._workers = [
            ChildProcess(f"worker {index + 1}", "proxy.worker") for index in range(config.workers)
        ]
        self._losses = Losses(self._counters)
        self._first_keeper = True
        self._announced = False
        self._stopping_since: float | None = None
        self._keeper_told_at: float | None = None
        self._exit_code = 0
        self._signals: list[int] = []
        self._tty = os.isatty(0)
        self._config_file = WatchedFile(config.origin.file)
        self._last_tick = time.monotonic()

    def run(self) -> int:
        """Until told to stop; returns the exit code."""
        with CollectedSignals(self._signals) as wake, selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ, None)
            self._start_what_is_due(selector)
            while self._children_left():
                events = selector.select(_TICK_SECONDS)
                try:
                    for key, _ in events:
                        if key.data is None:
                            wake.recv(64)
                        else:
                            self._hear(key.data, selector)
                    self._tick(selector)
                except Exception as error:  # noqa: BLE001 - supervisor loop: it must outlive its errors
                    log.error("supervisor: %s", places(error))
        return self._exit_code

    def close(self) -> None:
        """Close the sockets and remove the runtime folder; no child is left."""
        for child in (self._keeper, *self._workers):
            child.kill()
        for one in (self._api, *self._listeners):
            one.socket.close()
        self._link.close()
        shutil.rmtree(self._runtime, ignore_errors=True)

    def _tick(self, selector: selectors.BaseSelector) -> None:
        for number in self._signals:
            self._on_signal(number)
        self._signals.clear()
        self._reap(selector)
        self._watch_keeper()
        self._losses.fold(self._keeper.ready)
        self._losses.report(self._keeper)
        if self._stopping_since is None:
            self._start_what_is_due(selector)
            if self._config_file.has_changed():
                self._reload()
            self._announce()
            return
        if any(worker.alive for worker in self._workers) and self._keeper.due:
            self._start_keeper(selector)  # without it the workers' last captures would be lost
        self._stop_in_order()

    # Children

    def _children_left(self) -> bool:
        if self._stopping_since is None:
            return True
        return self._keeper.alive or any(worker.alive for worker in self._workers)

    def _start_what_is_due(self, selector: selectors.BaseSelector) -> None:
        if self._keeper.due:
            self._start_keeper(selector)
        for worker in self._workers:
            if worker.due:
                self._start_worker(worker, selector)

    def _start_keeper(self, selector: selectors.BaseSelector) -> None:
        message = KeeperStart(
            config=self._config,
            link_fd=self._link.fileno(),
            counters_fd=self._counters.descriptor,
            vitals_fd=self._vitals.descriptor,
            api=self._api.address,
            listeners=tuple(one.address for one in self._listeners),
            runtime=str(self._runtime),
            run_started=self._run_started,
            first=self._first_keeper,
        )
        self._keeper.start(
            message,
            [message.link_fd, message.counters_fd, message.vitals_fd, self._api.address.fd],
        )
        self._register(self._keeper, selector)

    def _start_worker(self, worker: ChildProcess, selector: selectors.BaseSelector) -> None:
        worker.slot = self._counters.assign(
            {other.slot for other in self._workers if other.alive} | self._losses.slots
        )
        addresses = tuple(one.address for one in self._listeners)
        own = [(one.host, one.port) for one in (*addresses, self._api.address)]
        message = WorkerStart(
            config=self._config,
            link_path=str(self._runtime / "link"),
            counters_fd=self._counters.descriptor,
            slot=worker.slot,
            listeners=addresses,
            own_addresses=tuple(own),
            upstream_ca=None if self._bundle is None else str(self._bundle),
        )
        worker.start(message, [message.counters_fd, *(one.fd for one in addresses)])
        self._register(worker, selector)

    def _register(self, child: ChildProcess, selector: selectors.BaseSelector) -> None:
        assert child.control is not None
        selector.register(child.control.connection, selectors.EVENT_READ, child)

    def _hear(self, child: ChildProcess, selector: selectors.BaseSelector) -> None:
        messages = child.heard()
        if messages is None:
            assert child.control is not None
            selector.unregister(child.control.connection)
            return
        for message in messages:
            if isinstance(message, Ready):
                child.ready = True
                if child is self._keeper:
                    self._first_keeper = False
                    self._losses.keeper_is_ready()
            elif isinstance(message, Failed):
                self._exit_code = _cannot_start(message.message)
                self._stop()
                for worker in self._workers:
                    worker.kill()  # there is nothing yet that they could finish

    def _reap(self, selector: selectors.BaseSelector) -> None:
        for child in (self._keeper, *self._workers):
            if not child.has_ended or child.control is None:
                continue
            # What it said just before may be the reason.
            if child.control.connection in selector.get_map():
                self._hear(child, selector)
            if child.control.connection in selector.get_map():
                selector.unregister(child.control.connection)
            self._on_end(child, child.bury())

    def _on_end(self, child: ChildProcess, code: int) -> None:
        if code != 0 and not child.killed:
            log.warning("%s ended %s", child.name, _how(code))
        if child is self._keeper:
            # SIGKILL may be anybody's, the kernel's memory killer included.
            sure = child.killed or code not in (-signal.SIGKILL, -signal.SIGTERM)
            self._vitals.ended(SURE if sure else UNSURE)
        else:
            self._losses.ended(child.slot)
        if not self._announced and child.failures >= _START_TRIES and self._stopping_since is None:
            self._exit_code = _cannot_start(f"{child.name} does not start; its log is above")
            self._stop()

    # Watching

    def _watch_keeper(self) -> None:
        now = time.monotonic()
        slept, self._last_tick = now - self._last_tick, now
        if slept > 10 * _TICK_SECONDS or not self._keeper.alive or self._keeper.killed:
            return  # when we were stopped ourselves, its silence proves nothing
        silent = self._vitals.silent_for()
        never = silent == 0 and not self._keeper.ready
        if silent > self._patience.stall or (never and self._keeper.age > self._patience.start):
            log.error("the keeper has made no progress for %.0f s and is killed", silent)
            self._keeper.kill()

    def _announce(self) -> None:
        ready = all(worker.ready for worker in self._workers)
        self._vitals.workers_ready = ready
        if ready and self._keeper.ready and not self._announced:
            self._announced = True
            if self._on_ready is not None:
                listeners = tuple(one.address for one in self._listeners)
                self._on_ready(Running(self._api.address, listeners))

    # Signals and config

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP and not (self._tty and not os.isatty(0)):
            self._reload()
        elif self._stopping_since is None:
            self._stop()
        else:  # told twice: do not wait for running exchanges
            for worker in self._workers:
                worker.send(Stop(grace=0.0))

    def _reload(self) -> None:
        self._config_file.read()
        try:
            fresh = reload(self._config)
            listeners(fresh)
            bundle = upstream_bundle(fresh)
        except ConfigError as error:
            log.error("the config is not taken over: %s", "; ".join(map(str, error.problems)))
            return
        if _places_of(fresh) != _places_of(self._config):
            log.warning("listening addresses, data, store and workers change at the next start")
        self._config, self._bundle = fresh, bundle
        for child in (self._keeper, *self._workers):
            child.send(Reload(config=fresh, upstream_ca=None if bundle is None else str(bundle)))
        log.info("the config is taken over")

    # Stopping

    def _stop(self) -> None:
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            self._vitals.workers_ready = False
            for worker in self._workers:
                worker.send(Stop(grace=self._grace()))
            for one in self._listeners:
                # Who comes now is refused at once. Until the sockets are closed they would wait
                # for an answer that never comes.
                with contextlib.suppress(OSError):
                    one.socket.shutdown(socket.SHUT_RD)

    def _grace(self) -> float:
        return seconds(self._config.limits.shutdown_grace) or 0.0

    def _stop_in_order(self) -> None:
        """Workers first, then the keeper: it takes their last captures."""
        assert self._stopping_since is not None
        now = time.monotonic()
        busy = [worker for worker in self._workers if worker.alive]
        if busy and now - self._stopping_since > self._grace() + _DRAIN_SECONDS:
            log.error("%s did not end and is killed", ", ".join(worker.name for worker in busy))
            for worker in busy:
                worker.kill()
            self._exit_code = 1
        if busy or (self._losses.slots and self._keeper.ready):
            return
        if self._keeper_told_at is None:
            self._keeper_told_at = now
            self._keeper.send(Stop(grace=_KEEPER_STOP_SECONDS))
        elif now - self._keeper_told_at > _KEEPER_STOP_SECONDS:
            log.error("the keeper did not end and is killed")
            self._keeper.kill()
            self._exit_code = 1


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _places_of(config: Config) -> object:
    incoming = sorted({route.listen for route in config.incoming})
    return config.data, config.store, config.workers, config.listen.forward, incoming, config.api


def _cannot_start(message: str) -> int:
    for line in message.splitlines():
        sys.stderr.write(f"wiretrail: {line}\n")
    return 1
