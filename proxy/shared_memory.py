"""Memory that parent and children share: an array of 64-bit counters behind a descriptor.

It has no name in the file system, so nothing is left behind whoever is killed, and a child gets
it by inheriting the descriptor.
"""

import mmap
import os
import tempfile
from typing import Final

WORD: Final = 8


def create(words: int) -> int:
    """A descriptor of zeroed memory for `words` unsigned 64-bit numbers, not inherited unless
    passed on."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("wiretrail", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, words * WORD)
    return descriptor


def attach(descriptor: int) -> memoryview:
    """The memory as unsigned 64-bit words; writes are seen by every process that attached it.
    Storing one word is a single store of eight aligned bytes, so no reader sees half of it."""
    size = os.fstat(descriptor).st_size
    return memoryview(mmap.mmap(descriptor, size)).cast("Q")
