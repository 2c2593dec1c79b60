"""Bounds on what a submission may use, watched from outside because not every kernel limit can be set everywhere."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from collab_harness.staging import MAX_DEPTH

# Half of what a path may have (limits.h, PATH_MAX): whatever is below can still be looked at.
_MAX_PATH = 2048

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Limits:
    memory_bytes: int = 2 << 30
    processes: int = 256
    disk_bytes: int = 1 << 30
    file_bytes: int = 1 << 30
    open_files: int = 1024
    output_bytes: int = 4 << 20
    address_space_bytes: int = 0

    def rlimits(self) -> dict[str, int]:
        """For setrlimit(2). RLIMIT_NPROC counts per user, so the caller adds it when the user is a fresh one."""
        values = {"CORE": 0, "FSIZE": self.file_bytes, "NOFILE": self.open_files}
        return values | ({"AS": self.address_space_bytes} if self.address_space_bytes else {})


def descendants(pid: int) -> list[int]:
    """A process and everything below it, as far as /proc tells."""
    found, queue = [pid], [pid]
    while queue:
        parent = queue.pop()
        children = _children(parent)
        found.extend(children)
        queue.extend(children)
        if len(found) > 5000:
            break
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            children += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        pass
    return children


def resident_bytes(pids: list[int]) -> int:
    """Resident memory of several processes together; shared pages count once per process."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except (OSError, IndexError):
            continue
    return total


class TooDeep(Exception):
    """Folders so deep that what is in them cannot be counted."""


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile counts nothing. Raises TooDeep."""
    total = 0
    waiting = [(str(folder), 0)]
    while waiting:
        path, depth = waiting.pop()
        if depth > MAX_DEPTH or len(os.fsencode(path)) > _MAX_PATH:
            raise TooDeep
        with suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, depth + 1))
    return total


def nameless_bytes(pids: list[int]) -> int:
    """Bytes of files that are open and lie in no folder: removed ones, and those that are memory alone (memfd_create)."""
    found: dict[tuple[int, int], int] = {}
    for pid in pids:
        with suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    status = os.stat(f"/proc/{pid}/fd/{fd}")
                    if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                        found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(found.values())


class Watch(threading.Thread):
    """Looks at a process tree a few times a second and calls `exceeded` once with what went over its limit."""

    def __init__(self, pid: int, folder: Path, limits: Limits, exceeded: Callable[[str], None], every_s: float = 0.25) -> None:
        super().__init__(daemon=True)
        self._pid, self._folder, self._limits = pid, folder, limits
        self._exceeded, self._every_s = exceeded, every_s
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                problem = self._problem()
            except TooDeep:
                problem = f"folders nested deeper than {MAX_DEPTH}, or names too long to be looked into"
            if problem:
                self._exceeded(problem)
                return

    def stop(self) -> None:
        self._ended.set()

    def _problem(self) -> str | None:
        pids = descendants(self._pid)
        if len(pids) > self._limits.processes:
            return f"more than {self._limits.processes} processes"
        if resident_bytes(pids) > self._limits.memory_bytes:
            return f"more than {self._limits.memory_bytes >> 20} MiB of memory"
        if folder_bytes(self._folder) + nameless_bytes(pids) > self._limits.disk_bytes:
            return f"more than {self._limits.disk_bytes >> 20} MiB on disk"
        return None
