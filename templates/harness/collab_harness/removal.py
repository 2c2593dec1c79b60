"""Remove what a submission left, however it is made: folders nested by the thousand, or closed to their own user."""

from __future__ import annotations

import itertools
import os
import stat
from contextlib import suppress
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder whose programs have ended. What cannot be removed stays; nothing is raised and no link is followed.

    Each folder inside is first moved beside the outermost one, so that no path grows long and nothing recurses.
    """
    numbers = itertools.count()
    waiting = [folder]
    while waiting:
        with suppress(OSError):
            waiting += _empty(waiting.pop(), folder, numbers)


def remove_owned(folder: Path, uid: int) -> None:
    """Remove what one user left in a folder that others use too, as /dev/shm is. Its programs have ended."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid != uid:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    remove(Path(entry.path))
                else:
                    os.unlink(entry.path)


def _empty(one: Path, outermost: Path, numbers: itertools.count[int]) -> list[Path]:
    """Folders that were inside, at their new places."""
    moved: list[Path] = []
    if not stat.S_ISDIR(one.lstat().st_mode):
        return moved
    one.chmod(0o700)
    with os.scandir(one) as entries:
        inside = list(entries)
    for entry in inside:
        with suppress(OSError):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            beside = outermost.with_name(f"{outermost.name}.{next(numbers)}")
            os.rename(entry.path, beside)
            moved.append(beside)
    one.rmdir()
    return moved
