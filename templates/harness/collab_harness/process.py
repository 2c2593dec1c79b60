"""Start a program behind the layers of isolation, follow it, and end all that it started."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from collab_harness.faults import HarnessFault
from collab_harness.isolation import DEVICES, Isolation, readable_system
from collab_harness.limits import PAGE, Limits, Watch, descendants
from collab_harness.removal import remove, remove_owned

_SANDBOX = Path(__file__).with_name("sandbox.py")
_REPORT_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Program:
    """What to run. `folder` is its (read-only) home, `read` what else it may read, `write` what it may change."""

    argv: list[str]
    folder: Path
    scratch: Path
    env: dict[str, str]
    read: list[Path] = field(default_factory=list)
    write: list[Path] = field(default_factory=list)
    connect_ports: list[int] | None = None


class Running:
    """A started program. What it prints ends in `log`, at most `limits.output_bytes`, and is no evidence.

    With `talk` its standard input and output are left to a Conversation, and `log` holds standard error alone.
    """

    def __init__(self, program: Program, isolation: Isolation, limits: Limits, required: list[str] | None = None, talk: bool = False) -> None:
        self.program, self.limits = program, limits
        self.log = bytearray()
        self.exceeded: str | None = None
        self._give_away(program.scratch, isolation)
        self._process, self.isolation_report = _spawn(program, isolation, limits, required or [], talk)
        self.standard_input, self.standard_output = self._process.stdin, self._process.stdout
        isolation.held.update(self.isolation_report)
        self._own_user = isolation.uid if "unprivileged_user" in isolation.holding else None
        self._refuse_without(required or [])
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        self._watch = Watch(self._process.pid, program.scratch, limits, self._over)
        self._watch.start()

    def _refuse_without(self, required: list[str]) -> None:
        """The sandbox starts nothing then; that is no fault of the program."""
        missing = {layer: why for layer in required if (why := self.isolation_report.get(layer, "not asked for"))}
        if missing:
            self._process.kill()
            self._process.wait()
            raise HarnessFault("isolation: " + "; ".join(f"{layer}: {why}" for layer, why in missing.items()))

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def ended_within(self, seconds: float) -> bool:
        """Whether it is gone, or goes within so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def death(self) -> str:
        """Why it is not there any more, in words."""
        if self.exceeded:
            return f"it used {self.exceeded} and was ended"
        code = self.exit_code
        return "it is still running" if code is None else f"it ended by itself with exit code {code}"

    def stop(self) -> None:
        """End the whole tree at once and wait until it is gone."""
        self._watch.stop()
        self._kill_tree()
        self._process.wait()
        self._reader.join(timeout=2)
        remove(self.program.scratch)
        if self._own_user is not None:
            for folder in self.program.write:
                if folder.is_dir():
                    remove_owned(folder, self._own_user)

    def keep_log(self, path: Path) -> None:
        """After `stop`: append `log` to a file that several programs may share; it never grows above `limits.output_bytes`."""
        with path.open("ab") as stream:
            stream.write(self.log[: max(0, self.limits.output_bytes - stream.tell())])

    def _kill_tree(self) -> None:
        tree = descendants(self._process.pid)
        for pid in tree:
            _signal(pid, signal.SIGSTOP)
        for pid in {*tree, *descendants(self._process.pid)}:
            _signal(pid, signal.SIGKILL)
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def _over(self, what: str) -> None:
        self.exceeded = self.exceeded or what
        self._kill_tree()

    def _collect(self) -> None:
        stream = self._process.stderr or self._process.stdout
        assert stream is not None
        room = self.limits.output_bytes
        total = 0
        while chunk := os.read(stream.fileno(), 65536):
            total += len(chunk)
            self.log += chunk[: max(0, room - len(self.log))]
            if total > 64 * room:
                return self._over(f"more than {64 * room >> 20} MiB of output")

    @staticmethod
    def _give_away(scratch: Path, isolation: Isolation) -> None:
        if not scratch.parent.is_dir():
            scratch.parent.mkdir(parents=True)
            scratch.parent.chmod(0o711)
        scratch.mkdir(mode=0o700)
        if "unprivileged_user" in isolation.wanted:
            os.chown(scratch, isolation.uid, isolation.uid)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def clean_environment(program: Program) -> dict[str, str]:
    """Only what a program needs: no token, no path of the harness, no setting of whoever started it."""
    scratch = str(program.scratch)
    base = {"PATH": os.defpath + ":/usr/local/bin", "LANG": "C.UTF-8", "HOME": scratch, "TMPDIR": scratch}
    offline = {"HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    return base | offline | program.env


def _resolve(argv: list[str]) -> list[str]:
    """`python` and `python3` mean the interpreter of the harness, as they do in the image of the job."""
    return [sys.executable, *argv[1:]] if argv[0] in ("python", "python3") else argv


def _spawn(program: Program, isolation: Isolation, limits: Limits, required: list[str], talk: bool) -> tuple[subprocess.Popen[bytes], dict[str, str | None]]:
    own_user = "unprivileged_user" in isolation.wanted
    spec = {
        "argv": _resolve(program.argv),
        "cwd": str(program.folder),
        "env": clean_environment(program),
        "layers": isolation.wanted,
        "required": required,
        "uid": isolation.uid,
        "limits": limits.rlimits() | ({"NPROC": limits.processes} if own_user else {}),
        "read": [*readable_system(), str(program.folder), *map(str, program.read)],
        "write": [*DEVICES, str(program.scratch), *map(str, program.write)],
        "connect_ports": program.connect_ports,
        "shared_memory_pages": limits.memory_bytes // PAGE,
    }
    reading, writing = os.pipe()
    # Not among the arguments: those everybody may read, and a long manifest does not fit.
    with tempfile.TemporaryFile() as told:
        told.write(json.dumps(spec | {"report_fd": writing}).encode())
        told.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-I", str(_SANDBOX), str(told.fileno())],
            stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE if talk else subprocess.STDOUT,
            start_new_session=True, pass_fds=[told.fileno(), writing], env={"PATH": os.defpath},
        )  # fmt: skip
    os.close(writing)
    try:
        return process, _read_report(reading)
    except HarnessFault:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(reading)


def _read_report(fd: int) -> dict[str, str | None]:
    data, end = b"", time.monotonic() + _REPORT_TIMEOUT_S
    while not data.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
        chunk = os.read(fd, 65536) if ready else b""
        if not chunk:
            raise HarnessFault("the sandbox did not start")
        data += chunk
    report: dict[str, str | None] = json.loads(data)
    return report
