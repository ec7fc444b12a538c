"""Identifiers: UUIDv7 that ascend and never repeat, not even behind a fork."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID

from store.identity import activity_id, created_at_of

ROOT = Path(__file__).parents[2]
_NOW = 1_770_000_000_123


def test_ids_are_version_7_and_bear_their_time() -> None:
    made = UUID(bytes=activity_id(_NOW))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert created_at_of(made.bytes) == _NOW


def test_ids_of_one_millisecond_ascend_until_the_counter_is_full() -> None:
    activity_id(_NOW + 1)
    made = [activity_id(_NOW + 2) for _ in range(3_000)]
    assert len(set(made)) == len(made)
    # The counter starts in the lower quarter: 12 bits, of which 8 are random.
    assert made == sorted(made)


_FORKS = f"""
import os
from store.identity import activity_id
ours = [activity_id({_NOW})[8:] for _ in range(10)]
child = os.fork()
made = [activity_id({_NOW})[8:] for _ in range(500)]
os.write(1, b"".join(made))
if child:
    os.waitpid(child, 0)
"""


def test_ids_differ_behind_a_fork() -> None:
    # In a process of its own: a test run may have threads, and those do not fork.
    command = [sys.executable, "-c", _FORKS]
    data = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30).stdout
    assert len({data[at : at + 8] for at in range(0, len(data), 8)}) == 1000
