"""The few system calls that Python has no function for, through ctypes. Each returns None or an error text."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
import sys

CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_SYS_LANDLOCK_CREATE, _SYS_LANDLOCK_ADD, _SYS_LANDLOCK_RESTRICT = 444, 445, 446

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _checked(result: int) -> str | None:
    return None if result >= 0 else os.strerror(ctypes.get_errno())


def prctl(option: int, value: int) -> str | None:
    """prctl(2) with one value."""
    if _libc is None:
        return "not Linux"
    return _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def no_new_privileges() -> str | None:
    return prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent() -> str | None:
    """SIGKILL for this process when its parent ends."""
    return prctl(_PR_SET_PDEATHSIG, 9)


def not_dumpable() -> str | None:
    """Nobody without CAP_SYS_PTRACE can read or change the memory of this process."""
    return prctl(_PR_SET_DUMPABLE, 0)


def drop_capabilities() -> str | None:
    """No program started from here on has a capability, not even as root (capabilities(7), bounding set)."""
    if os.geteuid() != 0:
        return None
    known = range(int(open("/proc/sys/kernel/cap_last_cap").read()) + 1)
    return next((problem for cap in known if (problem := prctl(_PR_CAPBSET_DROP, cap))), None)


def adopt_orphans() -> str | None:
    """Orphaned descendants become children of this process and so can still be found."""
    return prctl(_PR_SET_CHILD_SUBREAPER, 1)


def new_session_keyring() -> str | None:
    """Keys that others keep for this session are out of reach, and the other way around (keyctl(2), join session keyring)."""
    number = {"x86_64": 250, "aarch64": 219}.get(platform.machine())
    if _libc is None or number is None:
        return "unknown machine"
    return _checked(_libc.syscall(number, 1, None))


def unshare(flags: int) -> str | None:
    if _libc is None:
        return "not Linux"
    return _checked(_libc.unshare(flags))


def unshare_as_user(flags: int) -> str | None:
    """New namespaces for somebody who is not root, through a user namespace that keeps the own user id."""
    uid, gid = os.geteuid(), os.getegid()
    problem = unshare(CLONE_NEWUSER | flags)
    if problem:
        return problem
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
                stream.write(text)
    except OSError as error:
        return str(error)
    return None


def loopback_up() -> str | None:
    """Bring `lo` up in a fresh network namespace (netdevice(7), SIOCSIFFLAGS)."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
    except OSError as error:
        return str(error)
    return None


# --- Landlock (Documentation/userspace-api/landlock.rst) ---

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_CONNECT_TCP = 1 << 1
_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1 << 0, 1 << 1


def landlock_abi() -> int:
    """Version of Landlock that this kernel has; 0 where there is none."""
    if _libc is None or platform.machine() not in ("x86_64", "aarch64"):
        return 0
    return max(0, _libc.syscall(_SYS_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _handled_filesystem(abi: int) -> int:
    bits = 13 + (abi >= 2) + (abi >= 3)
    return ((1 << bits) - 1) | (_IOCTL_DEV if abi >= 5 else 0)


def landlock(read: list[str], write: list[str], connect_ports: list[int] | None) -> str | None:
    """Confine this process and all it starts, for good.

    It may read and execute below `read`, do everything below `write`, and touch nothing else. With `connect_ports`
    (Landlock 4) it may open TCP connections to those ports alone. From Landlock 6 on it cannot signal processes
    outside. Needs no_new_privileges first.
    """
    abi = landlock_abi()
    if abi == 0:
        return "the kernel has no Landlock"
    everything = _handled_filesystem(abi)
    network = _CONNECT_TCP if abi >= 4 and connect_ports is not None else 0
    scope = _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL if abi >= 6 else 0
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = struct.pack("QQQ", everything, network, scope)[:size]
    ruleset = _libc.syscall(_SYS_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return _checked(ruleset)
    for path in read:
        _allow_path(ruleset, path, _READ & everything)
    for path in write:
        _allow_path(ruleset, path, everything)
    for port in connect_ports or [] if network else []:
        rule = struct.pack("QQ", _CONNECT_TCP, port)
        _libc.syscall(_SYS_LANDLOCK_ADD, ruleset, 2, rule, 0)
    result = _checked(_libc.syscall(_SYS_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)
    return result


def _allow_path(ruleset: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    allowed = access if os.path.isdir(path) else access & _FILE_ONLY
    _libc.syscall(_SYS_LANDLOCK_ADD, ruleset, 1, struct.pack("=QI", allowed, fd), 0)
    os.close(fd)
