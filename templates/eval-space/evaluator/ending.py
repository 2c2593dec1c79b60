"""End whatever a run has started, also what lost its parent, changed its session or forks as fast as it is found."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

ENDING_S = 10.0
# What forks and ends without pause is not seen every time.
QUIET_LOOKS = 3


def end_all() -> bool:
    """Whether nothing is left that runs below this process, to which orphans fall (`guard` in __main__).

    As process 1 of a container it asks the kernel to end every other process at once; no fork comes in between (kill(2),
    -1). Elsewhere, where others live, it ends what it finds, and what is not found in time is left: the answer is no.
    """
    end = time.monotonic() + ENDING_S
    quiet = 0
    while quiet < QUIET_LOOKS and time.monotonic() < end:
        left = _descendants(os.getpid())
        quiet = 0 if left else quiet + 1
        if left and os.getpid() == 1:
            _kill(-1)
        for pid in left:
            _kill(pid)
        time.sleep(0.02)
    return quiet == QUIET_LOOKS


def reap() -> None:
    """Orphans that ended are let go. Not while a program of this process is still waited for elsewhere."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _descendants(root: int) -> set[int]:
    """Those that still run."""
    parents: dict[int, int] = {}
    ended: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        pid = int(entry.parent.name)
        parents[pid] = int(parent)
        ended |= {pid} if state in "ZX" else set()
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found - ended
