"""One immutable copy of a submission: what is judged is what was hashed."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from collab_harness.faults import SubmissionFault


# Deeper ones end in paths that are too long to be opened.
MAX_DEPTH = 64


@dataclass(frozen=True)
class Entry:
    """A regular file below a folder: its path with `/`, and where it lies."""

    name: str
    path: Path


def regular_files(folder: Path, max_files: int = 10_000, max_bytes: int = 5 << 30) -> list[Entry]:
    """Every regular file, sorted by the bytes of its path. Links, devices and pipes are a fault of the submission."""
    found: list[Entry] = []
    total = folders = 0
    waiting = [folder]
    while waiting:
        for path in _inside(waiting.pop()):
            status = path.lstat()
            relative = path.relative_to(folder).as_posix()
            if stat.S_ISDIR(status.st_mode):
                folders += 1
                waiting.append(path)
                if relative.count("/") >= MAX_DEPTH:
                    raise SubmissionFault(f"folders nested deeper than {MAX_DEPTH}")
            elif not stat.S_ISREG(status.st_mode):
                raise SubmissionFault(f"{relative}: only plain files are allowed, no links, pipes or devices")
            elif not relative.isprintable():
                raise SubmissionFault(f"{relative}: only plain names are allowed, no line ends or other invisible characters")
            else:
                total += status.st_size
                found.append(Entry(relative, path))
            if len(found) + folders > max_files or total > max_bytes:
                raise SubmissionFault(f"more than {max_files} files or {max_bytes} bytes")
    return sorted(found, key=lambda entry: os.fsencode(entry.name))


def _inside(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries]


def sha256_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def content_sha256(folder: Path) -> str:
    """Identity of a submission: sha256 of one line `{sha256}  {path}\\n` per file, sorted by path bytes."""
    lines = b"".join(
        f"{sha256_file(entry.path)}  ".encode() + os.fsencode(entry.name) + b"\n" for entry in regular_files(folder)
    )
    return hashlib.sha256(lines).hexdigest()


def stage(source: Path, target: Path) -> str:
    """Copy a submission, readable by every user and writable by none. Returns its content sha256."""
    target.mkdir(mode=0o755)
    for entry in regular_files(source):
        copy = target / entry.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry.path, copy, follow_symlinks=False)
        copy.chmod(0o555 if os.access(entry.path, os.X_OK) else 0o444)
    for root, folders, _ in os.walk(target):
        for name in folders:
            Path(root, name).chmod(0o755)
    return content_sha256(target)
