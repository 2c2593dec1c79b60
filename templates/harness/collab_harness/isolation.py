"""Which layers stand between the harness and a submission on this machine, and the network they share."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from collab_harness import linux
from collab_harness.faults import HarnessFault
from collab_harness.removal import remove

LAYERS = ("network_namespace", "pid_namespace", "ipc_namespace", "unprivileged_user", "no_capabilities", "landlock", "no_new_privileges", "limits")

# Without these nobody is judged in strict mode. A user of its own is a second lock on the same doors.
STRICT = ("network_namespace", "pid_namespace", "ipc_namespace", "landlock", "no_new_privileges", "limits")

# What an interpreter and its libraries need. The state, the harness and the private data are not below any of them.
SYSTEM_READABLE = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/etc", "/proc", "/sys", "/nix/store")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass
class Isolation:
    """The layers to ask for, and what became of each: None = holds, text = why it does not."""

    wanted: list[str]
    uid: int
    held: dict[str, str | None] = field(default_factory=dict)

    @property
    def holding(self) -> list[str]:
        return [layer for layer in LAYERS if layer in self.held and self.held[layer] is None]

    def required(self) -> list[str]:
        """Strict mode: the layers that a program must report before it starts. Raises HarnessFault without a closed network."""
        if "network_namespace" not in self.holding:
            raise HarnessFault(f"the network cannot be closed here: {self.held.get('network_namespace') or 'not asked for'}")
        return [layer for layer in STRICT if layer != "network_namespace"]

    def describe(self) -> dict[str, object]:
        """For provenance: layers that held, and the reason for each that did not."""
        missing = {layer: self.held.get(layer, "not asked for") or "" for layer in LAYERS if layer not in self.holding}
        strict = all(layer in self.holding for layer in STRICT)
        return {"layers": self.holding, "missing": missing, "strict": strict, "landlock_abi": linux.landlock_abi()}


def enter() -> Isolation:
    """Close the network for this process and choose the layers for what it starts. Call it before any thread runs.

    Afterwards only loopback is left, where the kernel allows it: to root, or to everybody through a user namespace.
    """
    isolation = Isolation(wanted=list(LAYERS), uid=random.SystemRandom().randint(200_000, 2_000_000_000))
    if "network_namespace" in isolation.wanted:
        isolation.held["network_namespace"] = _close_network()
    linux.not_dumpable()
    if os.geteuid() != 0:
        _drop(isolation, "unprivileged_user", "not root")
    elif "unprivileged_user" in isolation.wanted and not interpreter_runs_as(isolation.uid):
        _drop(isolation, "unprivileged_user", "the interpreter cannot be read by another user")
    return isolation


@contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder that another user can pass through, as far as there is a place for one."""
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp"]
    base = next((place for place in places if passable(Path(place))), places[0])
    folder = Path(tempfile.mkdtemp(prefix="harness-", dir=base))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        remove(folder)


def passable(folder: Path) -> bool:
    """Whether every user may pass through a folder and all above it."""
    return all(part.is_dir() and part.stat().st_mode & 0o001 for part in (folder, *folder.resolve().parents))


def _drop(isolation: Isolation, layer: str, reason: str) -> None:
    isolation.held.setdefault(layer, reason)
    isolation.wanted = [name for name in isolation.wanted if name != layer]


def _close_network() -> str | None:
    if os.geteuid() == 0:
        return linux.unshare(linux.CLONE_NEWNET) or linux.loopback_up()
    return linux.unshare_as_user(linux.CLONE_NEWNET) or linux.loopback_up()


def interpreter_runs_as(uid: int) -> bool:
    """Whether another user can start this Python at all (one below /root cannot)."""
    command = [sys.executable, "-I", "-c", "import json, http.server"]
    try:
        probe = subprocess.run(command, user=uid, group=uid, extra_groups=[], cwd="/", capture_output=True, check=False)
    except OSError:
        return False
    return probe.returncode == 0


def readable_system() -> list[str]:
    """Paths that every submission may read and execute."""
    return [*SYSTEM_READABLE, sys.base_prefix, sys.prefix, str(Path(sys.executable).resolve().parent)]


def keep_out(hidden: Iterable[Path]) -> None:
    """Raise HarnessFault when a folder that no submission may see lies below one that every submission may read."""
    readable = [Path(path).resolve() for path in readable_system()]
    for folder in (path.resolve() for path in hidden):
        root = next((each for each in readable if each == folder or each in folder.parents), None)
        if root:
            raise HarnessFault(f"{folder} lies below {root}, which every submission may read: move the challenge elsewhere")
