"""One run of the harness, in a process of its own, as a job runs it."""

from __future__ import annotations

import base64
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluator import layers
from evaluator.api import Run
from evaluator.buckets import Buckets
from evaluator.ending import end_all, reap
from evaluator.web import Refused, Unavailable

EVIDENCE_BYTES = 1 << 20
LOG_LINES, LINE_CHARS = 1000, 200
# What a harness may know of where it runs. No other variable gets to it.
OF_THE_MACHINE = ("ACCELERATOR", "JOB_IMAGE", "CUDA_HOME", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Stopped(Exception):
    """Whoever waits for the run does not want it any more."""


class OutOfTime(Exception):
    """The time limit of the run has passed."""


@dataclass(frozen=True)
class Clock:
    """The time a run has, and whether it is still wanted."""

    deadline: float
    stop: threading.Event

    def check(self) -> None:
        """@raises Stopped, OutOfTime"""
        if self.stop.is_set():
            raise Stopped
        if time.monotonic() > self.deadline:
            raise OutOfTime


@dataclass
class Ended:
    exit_code: int | None = None
    timed_out: bool = False
    message: str = ""
    seconds: float = 0.0
    logs: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        said = {} if self.exit_code is None else {"exit_code": self.exit_code}
        rest = {"timed_out": self.timed_out, "message": self.message[:2000], "seconds": self.seconds}
        return {**said, **rest, "logs": self.logs, "files": self.files}


def perform(run: Run, buckets: Buckets, stop: threading.Event, needs_layer: bool = False) -> Ended:
    """Fetches what the run needs, runs it, gathers what it left. @raises Stopped, Unavailable, Refused (401, 403)"""
    began = time.monotonic()
    clock = Clock(began + run.timeout_s, stop)
    work = Path(tempfile.mkdtemp(prefix="run-"))
    temporary = _passable()
    try:
        places = _mount(run, buckets, work, clock)
        problem = layers.missing(places["/harness"]) if needs_layer else None
        if problem:
            raise Unavailable(problem)
        ended = _execute(_command(run.command, places), work, temporary, clock)
        ended.files, left_out = evidence(places.get("/state", work))
        ended.logs += [f"[evaluator] left out: {name}" for name in left_out]
    except OutOfTime:
        ended = Ended(timed_out=True, message="fetching took all of the time")
    except Refused as error:
        if error.status in (401, 403):  # our own token: nothing a submission could have done
            raise
        ended = Ended(message=f"could not be fetched: {error}")
    finally:
        _remove(work)
        _remove(temporary)
    ended.seconds = round(time.monotonic() - began, 3)
    return ended


def _mount(run: Run, buckets: Buckets, work: Path, clock: Clock) -> dict[str, Path]:
    places: dict[str, Path] = {}
    for volume in run.volumes:
        place = work / volume.mount_path.strip("/").replace("/", "_")
        if volume.read_only:
            buckets.fetch(volume.source, volume.path, place, clock.check)
        else:
            place.mkdir()
        places[volume.mount_path] = place
    return places


def _command(command: list[str], places: dict[str, Path]) -> list[str]:
    def here(word: str) -> str:
        for mount_path, place in places.items():
            if word == mount_path or word.startswith(f"{mount_path}/"):
                return f"{place}{word[len(mount_path) :]}"
        return word

    program, *words = command
    return [sys.executable if program == "python3" else program, *map(here, words)]


def _passable() -> Path:
    """For what the harness keeps while it runs: another user, the submission's, can pass through. A run that is ended by
    force clears nothing away itself."""
    folder = Path(tempfile.mkdtemp(prefix="run-temporary-"))
    folder.chmod(0o711)
    return folder


def _execute(command: list[str], work: Path, temporary: Path, clock: Clock) -> Ended:
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(work),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    env |= {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
    process = subprocess.Popen(
        command, cwd=work, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    lines: deque[str] = deque(maxlen=LOG_LINES)
    reader = threading.Thread(target=_collect, args=(process, lines), daemon=True)
    reader.start()
    code = None
    try:
        while code is None:
            clock.check()
            code = _wait(process, 0.2)
    except OutOfTime:
        pass
    finally:
        _end(process)
        reader.join(timeout=5)
        if process.stdout and not reader.is_alive():
            process.stdout.close()
    return Ended(exit_code=code, timed_out=code is None, logs=list(lines))


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _collect(process: subprocess.Popen[bytes], lines: deque[str]) -> None:
    assert process.stdout is not None
    while line := process.stdout.readline(4096):
        lines.append(line.decode("utf-8", "replace").rstrip("\n")[:LINE_CHARS])


def _end(process: subprocess.Popen[bytes]) -> None:
    """The harness, and whatever was started by it and lost its parent since: all that runs below this process."""
    end_all()
    if process.poll() is None:  # where there is no /proc
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    reap()


def evidence(state: Path) -> tuple[dict[str, str], list[str]]:
    """Plain files of the state folder as base64, summary.json first, at most a mebibyte in all; and those left out."""
    try:
        # Opened once, and not through a link: a run could have put anything in its place.
        folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return {}, []
    try:
        return _evidence(folder)
    finally:
        os.close(folder)


def _evidence(folder: int) -> tuple[dict[str, str], list[str]]:
    names = sorted(os.listdir(folder), key=lambda name: (name != "summary.json", name))
    files: dict[str, str] = {}
    left_out: list[str] = []
    room = EVIDENCE_BYTES
    for name in names:
        data = _plain_file(folder, name, room) if FILE_NAME.fullmatch(name) and len(files) < 64 else None
        if data is None:
            left_out.append(ascii(name)[:100])
            continue
        room -= len(data)
        files[name] = base64.b64encode(data).decode()
    return files, left_out[:20]


def _plain_file(folder: int, name: str, room: int) -> bytes | None:
    """None for what is no plain file, a link above all: it could lead anywhere; for what is too large, or cannot be read."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        try:
            data = file.read(room + 1)
        except OSError:
            return None
    return data if len(data) <= room else None


def _remove(work: Path) -> None:
    """With what a run has closed to its own user, and however deep it is: these two programs follow no path."""
    if work.is_symlink():
        return work.unlink()
    for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
        subprocess.run([*command, "--", str(work)], capture_output=True, check=False)
