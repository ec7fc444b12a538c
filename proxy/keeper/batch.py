"""A batch: frames of the link read into captures, and what became of each worked out into
acknowledgements."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from proxy.link.inbox import Received
from proxy.link.messages import UNNUMBERED, Gap, Unrecorded, decode_message, is_message
from proxy.link.receiver import WorkerConnection
from store.activity import ErrorCode
from store.capture import Capture, FrameError, Phase, decode_capture

log = logging.getLogger("wiretrail.keeper")

type Frame = Received[WorkerConnection]


class _Outcome(NamedTuple):
    """What a frame is about, to tell its worker what became of it."""

    frame: Frame
    exchange: bytes | None = None
    final: bool = False
    reason: str | None = None
    """Why it is dropped whatever the store says."""


class Batch:
    """Captures of one transaction, at most one for each exchange: a later phase takes the place
    of an earlier one."""

    def __init__(self, frames: Iterable[Frame], now: int) -> None:
        """`now` (Unix milliseconds) is when exchanges of dead workers end."""
        self.captures: dict[bytes, Capture] = {}
        self.rejected: dict[bytes, str] = {}
        """Captures that leave no row, with the reason; filled while the batch is written."""
        self.refusals: Counter[bytes] = Counter()
        """How often the store refused single captures while it took others."""
        self._now = now
        self._gaps: list[tuple[Frame, Gap]] = []
        self._unrecorded: list[bytes] = []
        self._outcomes: list[_Outcome] = []
        self._ended: list[WorkerConnection] = []
        for frame in frames:
            if frame.number == UNNUMBERED:
                self._end(frame.origin)
            else:
                self._read(frame)

    def new_gaps(self) -> list[Gap]:
        """Gaps that no earlier keeper has recorded."""
        return [gap for frame, gap in self._gaps if frame.number > _settled(frame.origin)]

    def drops(self, now: int) -> list[Gap]:
        """The gaps that the rejected captures leave."""
        return [
            Gap(reason, count, now, now)
            for reason, count in Counter(self.rejected.values()).items()
        ]

    def unrecorded(self) -> list[bytes]:
        """Exchanges that have ended and will have no final capture: if a row tells that they have
        started, it needs an end."""
        ended = [
            identifier
            for identifier in self.rejected
            if (capture := self.captures.get(identifier)) and capture.phase is Phase.FINAL
        ]
        return ended + self._unrecorded

    def acknowledge(self) -> None:
        """Count and acknowledge all frames. Only after the commit."""
        by_origin: defaultdict[WorkerConnection, list[_Outcome]] = defaultdict(list)
        for outcome in self._outcomes:
            by_origin[outcome.frame.origin].append(outcome)
        for origin, outcomes in by_origin.items():
            _acknowledge(origin, outcomes, self.rejected)
        for origin in self._ended:
            if origin.counters is not None:
                origin.counters.drained()

    def _read(self, frame: Frame) -> None:
        try:
            if is_message(frame.payload):
                message = decode_message(frame.payload)
                if isinstance(message, Gap):
                    self._gaps.append((frame, message))
                elif isinstance(message, Unrecorded):
                    self._unrecorded.append(message.exchange)
                    frame.origin.started.pop(message.exchange, None)
                self._outcomes.append(_Outcome(frame))
                return
            capture = decode_capture(frame.payload)
        except FrameError as error:
            log.error("a frame was dropped: %s", error)
            self._outcomes.append(_Outcome(frame, final=True, reason="rejected"))
            return
        final = capture.phase is Phase.FINAL
        self._outcomes.append(_Outcome(frame, capture.id, final))
        before = self.captures.get(capture.id)
        if before is None or before.phase <= capture.phase:
            self.captures[capture.id] = capture
        if final:
            frame.origin.started.pop(capture.id, None)
        else:
            frame.origin.started[capture.id] = capture

    def _end(self, origin: WorkerConnection) -> None:
        """A worker's connection has ended: what it told as started will have no other end."""
        for identifier, capture in origin.started.items():
            self.captures[identifier] = msgspec.structs.replace(
                capture,
                phase=Phase.FINAL,
                error_code=ErrorCode.INTERRUPTED,
                error_message="the worker that relayed this exchange ended",
                completed_at=self._now,
            )
        origin.started.clear()
        self._ended.append(origin)


def _settled(origin: WorkerConnection) -> int:
    return 0 if origin.counters is None else origin.counters.number


def _acknowledge(
    origin: WorkerConnection, outcomes: list[_Outcome], rejected: Mapping[bytes, str]
) -> None:
    settled = _settled(origin)
    dropped: dict[int, str] = {}
    stored = lost = 0
    for frame, exchange, final, reason in outcomes:
        if reason is None and rejected and exchange is not None:
            reason = rejected.get(exchange)
        if reason is not None:
            dropped[frame.number] = reason
        if final and frame.number > settled:
            stored += reason is None
            lost += reason is not None
    number = outcomes[-1].frame.number
    if number > settled and origin.counters is not None:
        origin.counters.settle(number, stored, lost)
    origin.settled(number, dropped)
