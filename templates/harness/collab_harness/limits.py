"""Bounds on what a submission may use, watched from outside because not every kernel limit can be set everywhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except OSError:
                continue
    return total


class Watch(threading.Thread):
    """Looks at a process tree a few times a second and calls `exceeded` once with what went over its limit."""

    def __init__(self, pid: int, folder: Path, limits: Limits, exceeded: Callable[[str], None], every_s: float = 0.25) -> None:
        super().__init__(daemon=True)
        self._pid, self._folder, self._limits = pid, folder, limits
        self._exceeded, self._every_s = exceeded, every_s
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self._every_s):
            problem = self._problem()
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
        if folder_bytes(self._folder) > self._limits.disk_bytes:
            return f"more than {self._limits.disk_bytes >> 20} MiB on disk"
        return None
