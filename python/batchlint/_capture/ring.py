"""The file that large payloads go through: two slots, written here, read and acknowledged by batchlint."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Set

from .channel import Channel

SLOTS = 2
SLOT_BYTES = 64 << 20
SMALLEST = 64 << 10
# Bytes per second at which memory is taken that was never written: the kernel clears it page by page.
_FRESH = 1.5e9


class Ring:
    """`SLOTS` slots of `SLOT_BYTES` in a sparse file: memory is taken where batches were written, not
    before.
    """

    def __init__(self, lowest: int = 512) -> None:
        """`lowest`: the descriptor is this number or a greater one. Raises OSError where no such file can be
        made.
        """
        self._unlink = None  # type: Optional[str]
        self.fd = memory_file("batchlint-ring", lowest)
        if self.fd is not None:
            self.path = "/proc/%d/fd/%d" % (os.getpid(), self.fd)
        else:
            import tempfile

            self.fd, self.path = tempfile.mkstemp(prefix="batchlint-")
            self._unlink = self.path
        os.ftruncate(self.fd, SLOTS * SLOT_BYTES)
        self._map = None  # type: Any
        self._taken = False
        self._written = set()  # type: Set[int]  # slots that have their memory

    slots, slot_bytes = SLOTS, SLOT_BYTES

    def announcement(self) -> Dict[str, Any]:
        return {"path": self.path, "slots": SLOTS, "slot_bytes": SLOT_BYTES}

    def claim(self, channel: Channel, count: int) -> Optional[int]:
        """A free slot for `count` bytes, after waiting for one where all are busy; None where they go in
        band.
        """
        if not SMALLEST <= count <= SLOT_BYTES:
            return None
        channel.poll()
        if not channel.ring:
            return None
        if not self._taken:
            self._taken = True
            channel.free.update(range(SLOTS))
            self.remove()  # it is open on both sides now
        if self._written and channel.free and not self._written & channel.free:
            # Memory that is new costs more than to wait a little for what is about to be free.
            channel.wait_for_command(count / _FRESH)
        if not channel.wait_for_slot():
            return None
        slot = min(self._written & channel.free or channel.free)
        channel.free.remove(slot)
        self._written.add(slot)
        return slot

    def buffer(self) -> Any:
        """The whole file, mapped."""
        if self._map is None:
            import mmap

            self._map = mmap.mmap(self.fd, SLOTS * SLOT_BYTES)
        return self._map

    def remove(self) -> None:
        """Take the file from the disk where it stands there."""
        if self._unlink is not None:
            try:
                os.unlink(self._unlink)
            except OSError:
                pass
            self._unlink = None


def memory_file(name: str, lowest: int) -> Optional[int]:
    """A descriptor, `lowest` or above, of a file without a name on disk; None where there are none."""
    if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        low = os.memfd_create(name)
    except OSError:
        return None
    if low >= lowest:
        return low
    try:
        import fcntl

        high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, lowest)
    except (ImportError, OSError, ValueError):
        return low
    os.close(low)
    return high
