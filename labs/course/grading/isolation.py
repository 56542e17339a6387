"""Limits for a process that executes a student's code: set by the process itself before it reads that code.

Everywhere but on Windows: memory, processor time and the size of files. On Linux also, where the kernel allows it
without privileges: no writing outside one folder and no network (namespaces); no new processes, no signals to others,
no sockets and no reading of other processes (a seccomp filter). What a system does not offer is left out; `isolate`
returns what it achieved, and a grader reports what is missing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MEMORY, FILES, NETWORK, PROCESSES = "memory", "files", "network", "processes"
ALL = (MEMORY, FILES, NETWORK, PROCESSES)
"""What `isolate` can achieve."""
LARGEST_FILE = 100 * 2**20
"""Largest file in bytes that the process can write."""


def isolate(folder: Path, *, seconds: int, megabytes: int, hidden: Sequence[Path] = ()) -> list[str]:
    """Limit this process for the rest of its life.

    Args:
        folder: the only folder in which it may write.
        seconds: processor time.
        megabytes: address space.
        hidden: folders whose contents it may not read.

    Returns:
        The achieved ones of `ALL`.
    """
    done: list[str] = []
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # it ends with the grader
    if sys.platform.startswith("linux"):
        done += [FILES, NETWORK] if _own_namespaces(folder, hidden) else []
    if os.name == "posix":
        _limit(seconds, megabytes)
        done += [MEMORY] if sys.platform.startswith("linux") else []  # macOS ignores the limit
    if sys.platform.startswith("linux") and _filter_system_calls():
        done += [PROCESSES, NETWORK]
    return [each for each in ALL if each in done]


@contextmanager
def shielded() -> Iterator[None]:
    """Keep other processes of the same user from reading or changing the memory of this one in the block (Linux)."""
    if not sys.platform.startswith("linux"):
        yield
        return
    libc = ctypes.CDLL(None)
    before = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_DUMPABLE, before, 0, 0, 0)


def _limit(seconds: int, megabytes: int) -> None:
    import resource

    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: megabytes * 2**20,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        try:
            resource.setrlimit(kind, (limit, limit))
        except (OSError, ValueError):  # macOS refuses RLIMIT_AS
            continue


# Linux: a user, a mount, a network and an IPC namespace. See unshare(2), mount(2) and mount_setattr(2).
NEW_USER, NEW_MOUNT, NEW_NETWORK, NEW_IPC = 0x10000000, 0x00020000, 0x40000000, 0x08000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, READ_ONLY = 442, -100, 0x8000, 1


def _own_namespaces(folder: Path, hidden: Sequence[Path]) -> bool:
    """Make all files read-only except those of one folder, hide some folders, and leave the network."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(NEW_USER | NEW_MOUNT | NEW_NETWORK | NEW_IPC) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        _must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
        for path in hidden:
            _must(libc.mount(b"none", os.fsencode(path), b"tmpfs", 0, b"size=4k,mode=0500"))
        _must(libc.mount(os.fsencode(folder), os.fsencode(folder), None, MS_BIND, None))
        _set_read_only(libc, "/", True)
        _set_read_only(libc, str(folder), False)
        os.chdir(folder)  # through the new mount
    except OSError:
        return False
    return True


def _must(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "a mount failed")


def _set_read_only(libc: ctypes.CDLL, path: str, read_only: bool) -> None:
    attributes = struct.pack("QQQQ", *((READ_ONLY, 0) if read_only else (0, READ_ONLY)), 0, 0)
    flags = AT_RECURSIVE if read_only else 0
    _must(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes)))


# A seccomp filter, see seccomp(2): numbers of system calls of the two common machines.
DENIED = {
    "x86_64": {
        "fork": 57,
        "vfork": 58,
        "execve": 59,
        "execveat": 322,
        "kill": 62,
        "tkill": 200,
        "tgkill": 234,
        "rt_sigqueueinfo": 129,
        "rt_tgsigqueueinfo": 297,
        "pidfd_open": 434,
        "pidfd_send_signal": 424,
        "ptrace": 101,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "socket": 41,
        "socketpair": 53,
        "io_uring_setup": 425,
        "unshare": 272,
        "setns": 308,
        "mount": 165,
        "umount2": 166,
        "mount_setattr": 442,
    },
    "aarch64": {
        "execve": 221,
        "execveat": 281,
        "kill": 129,
        "tkill": 130,
        "tgkill": 131,
        "rt_sigqueueinfo": 138,
        "rt_tgsigqueueinfo": 240,
        "pidfd_open": 434,
        "pidfd_send_signal": 424,
        "ptrace": 117,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "socket": 198,
        "socketpair": 199,
        "io_uring_setup": 425,
        "unshare": 97,
        "setns": 268,
        "mount": 40,
        "umount2": 39,
        "mount_setattr": 442,
    },
}
CLONE, CLONE3 = {"x86_64": 56, "aarch64": 220}, 435
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PRLIMIT = {"x86_64": 302, "aarch64": 261}
CLONE_THREAD = 0x10000
X32 = 0x40000000
"""System calls from this number on are those of x86-64's second interface."""
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, DENY, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
UNKNOWN = 0x00050000 | errno.ENOSYS
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE = 1, 3, 4


def _filter_system_calls() -> bool:
    """Deny new processes, signals to others, tracing and sockets; threads stay possible."""
    machine = platform.machine()
    if machine not in DENIED:
        return False
    program = _program(machine)
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(PR_SET_SECCOMP, MODE_FILTER, header, 0, 0) == 0)


def _program(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter: instructions (code, jump if true, jump if false, operand) of classic BPF."""
    program = [
        (LOAD, 0, 0, 4),  # the architecture
        (EQUAL, 1, 0, ARCHITECTURE[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),  # the number of the system call
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, DENY),
        # glibc falls back to clone, whose flags can be read here.
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, UNKNOWN),
    ]
    for number in DENIED[machine].values():
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, DENY)]
    return [
        *program,
        (EQUAL, 0, 4, PRLIMIT[machine]),
        (LOAD, 0, 0, 16),  # the process, the first argument: only the own one
        (EQUAL, 1, 0, 0),
        (RETURN, 0, 0, DENY),
        (RETURN, 0, 0, ALLOW),
        (EQUAL, 0, 3, CLONE[machine]),
        (LOAD, 0, 0, 16),  # the flags, the first argument
        (ANY_BIT, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, DENY),
        (RETURN, 0, 0, ALLOW),
    ]
