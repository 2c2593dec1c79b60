"""Started as a program of its own: puts the layers of isolation on itself, reports them, becomes the submission.

    python3 -I sandbox.py <fd>        JSON spec on that file descriptor; the report is one JSON line on its `report_fd`
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from collab_harness import linux  # noqa: E402

Spec = dict[str, Any]


def limit(name: str, value: int) -> str | None:
    """Set one resource limit (`RLIMIT_` + name), never above what is allowed already."""
    which = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError) as error:
        return f"{name}: {error}"
    return None


def limits(values: dict[str, int]) -> str | None:
    problems = [problem for name, value in values.items() if (problem := limit(name, value))]
    return "; ".join(problems) or None


def change_user(uid: int) -> str | None:
    try:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        return str(error)
    return None


def new_pid_namespace(report_fd: int) -> str | None:
    """The submission becomes process 1 of its own namespace: when it ends, all that it started ends."""
    root = os.geteuid() == 0
    problem = linux.unshare(linux.CLONE_NEWPID) if root else linux.unshare_as_user(linux.CLONE_NEWPID)
    if problem:
        return problem
    child = os.fork()
    if child:
        _wait_as_parent(child, report_fd)
    return None


def new_ipc_namespace(memory_pages: int) -> str | None:
    """Shared memory, semaphores, queues and keys of its own: nothing that one run leaves in them reaches the next."""
    problem = linux.unshare(linux.CLONE_NEWIPC)
    if problem and os.geteuid() != 0:
        problem = linux.unshare_as_user(linux.CLONE_NEWIPC)
    if problem:
        return problem
    linux.new_session_keyring()  # where a container refuses the call, it refuses keys as well
    with suppress(OSError), open("/proc/sys/kernel/shmall", "w", encoding="ascii") as stream:
        stream.write(str(memory_pages))
    return None


def _wait_as_parent(child: int, report_fd: int) -> None:
    os.close(report_fd)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def apply_layers(spec: Spec) -> dict[str, str | None]:
    """Every layer in the only order that works; None for a layer that holds, else why it does not."""
    wanted: list[str] = spec["layers"]
    held: dict[str, str | None] = {}
    linux.adopt_orphans()
    linux.die_with_parent()  # also this process, which may stay behind as the one that waits
    if "pid_namespace" in wanted:
        held["pid_namespace"] = new_pid_namespace(spec["report_fd"])
    if "ipc_namespace" in wanted:
        held["ipc_namespace"] = new_ipc_namespace(spec["shared_memory_pages"])
    held["limits"] = limits(spec["limits"])
    if "no_capabilities" in wanted:
        held["no_capabilities"] = linux.drop_capabilities()
    if "unprivileged_user" in wanted:
        held["unprivileged_user"] = change_user(spec["uid"])
    linux.die_with_parent()
    held["no_new_privileges"] = linux.no_new_privileges()
    if "landlock" in wanted:
        held["landlock"] = linux.landlock(spec["read"], spec["write"], spec["connect_ports"])
    return held


def main() -> None:
    with os.fdopen(int(sys.argv[1]), "rb") as stream:
        spec: Spec = json.load(stream)
    os.chdir(spec["cwd"])
    os.umask(0o077)
    report = apply_layers(spec)
    os.write(spec["report_fd"], (json.dumps(report) + "\n").encode())
    os.close(spec["report_fd"])
    if any(report.get(layer, "not asked for") for layer in spec["required"]):
        sys.exit(126)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])


if __name__ == "__main__":
    main()
