"""What the Linux kernel offers to hold an answer. One function, one idea; each raises OSError if
refused.

Through ctypes, because Python wraps few of these calls (os.unshare and os.setns only since 3.12).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
)
CLONE_ANY_NEW = 0x7E020000  # namespaces of mounts, cgroups, UTS, IPC, users, processes and networks
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 1 << 14, 1 << 18
PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 22, 24, 36, 38


def _call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library."""
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    whole = (ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    result: int = function(*whole)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


# -- namespaces


def enter_new_namespaces(flags: int) -> None:
    """A user namespace in which we are ourselves, and more by `flags`; processes: from the next
    fork on."""
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", CLONE_NEWUSER | flags)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        Path("/proc/self", name).write_text(text, encoding="ascii")


def fork_into_new_process_namespace(own_namespace: int) -> int:
    """Like os.fork, but the child is process 1 of a namespace: when it dies, the kernel kills all
    in it.

    `own_namespace` is an open /proc/self/ns/pid, the way back for the parent's next forks.
    """
    _call("unshare", CLONE_NEWPID)
    pid = os.fork()
    if pid:
        _call("setns", own_namespace, CLONE_NEWPID)
    return pid


def enter_own_mounts() -> None:
    """A mount namespace of our own (from root), closed to writing but for what is mounted there
    later."""
    _call("unshare", CLONE_NEWNS | CLONE_NEWIPC)
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    read_only = struct.pack("4Q", 1, 0, 0, 0)
    _call("syscall", 442, -1, b"/", 0x8000, read_only, len(read_only))  # mount_setattr: Linux 5.12


def mount_tmpfs(target: str, size: int, flags: int = 0) -> None:
    """An empty folder in memory that holds at most `size` bytes, and one file for each 4 KiB of
    them."""
    options = f"size={size},nr_inodes={max(size >> 12, 16)},mode=755".encode()
    _call("mount", b"tmpfs", os.fsencode(target), b"tmpfs", MS_NOSUID | MS_NODEV | flags, options)


def mount_bind(source: str, target: str) -> None:
    """The same folder in a second place."""
    _call("mount", os.fsencode(source), os.fsencode(target), None, MS_BIND, None)


# -- what a process may do


def drop_capabilities() -> None:
    """No privilege is left in this user namespace, and none can be had."""
    with suppress(OSError):  # EINVAL: past the kernel's last capability
        for capability in range(64):
            _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("capset", struct.pack("<Ii", 0x20080522, 0), struct.pack("<6I", *[0] * 6))


def forbid_new_privileges() -> None:
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def become_user(uid: int) -> None:
    """Another user for good (from root)."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def adopt_orphans() -> None:
    """Descendants whose parent dies become our children, so that they can be waited for."""
    _call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextmanager
def acting_as(uid: int) -> Iterator[None]:
    """Let this thread, and no other, act as a user (from root).

    That user's processes cannot signal it: they would need its real or saved user (kill(2)). Its
    real user is the next number, because with root's it could signal root's processes.
    """
    set_user = {"x86_64": 117, "aarch64": 147}[platform.machine()]
    try:
        _call("syscall", set_user, uid + 1, uid, 0)
        yield
    finally:
        _call("syscall", set_user, 0, 0, 0)


def kill_user(uid: int) -> None:
    """Kill all processes of a user (from root) in one system call, so that no fork escapes."""
    with acting_as(uid), suppress(ProcessLookupError):  # where there is none
        os.kill(-1, signal.SIGKILL)


def set_limits(memory_bytes: int, file_bytes: int, user_tasks: int | None = None) -> None:
    """Limits of each process by itself. What binds the whole tree is watched from outside.

    Not RLIMIT_AS: torch and OpenBLAS reserve far more addresses than they use. RLIMIT_DATA counts
    what is writable, on top of what this process has already; a request beyond it fails in the line
    that makes it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    data = int(status.partition("VmData:")[2].split(None, 1)[0]) * 1024
    limits = {
        resource.RLIMIT_DATA: data + memory_bytes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 1,  # not 0: only at 1 does the kernel start no crash handler either
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,  # and timers: the kernel counts them for the whole user
        resource.RLIMIT_MEMLOCK: 1 << 20,
    }
    if (
        user_tasks is not None
    ):  # counts all of the user's, and does not bind root: for a user of its own
        limits[resource.RLIMIT_NPROC] = user_tasks
    for name, value in limits.items():
        resource.setrlimit(name, (value, value))
    with suppress(OSError):  # memory short: kill the answer, not the grader
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


# -- system calls

# Ways out, or around a limit, that no answer needs: (x86_64, aarch64).
FORBIDDEN = {
    # reaching into other processes, and the kernel's log
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "perf_event_open": (298, 241),
    "syslog": (103, 116),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "unshare": (272, 97),
    "setns": (308, 268), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # corners of the kernel with a history
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # memory that no process's size shows, or that outlives its process
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    # what the kernel counts for the whole user, whoever in it has taken it
    "inotify_init": (253, 26), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
}  # fmt: skip


def forbid_system_calls(children_are_counted: bool) -> None:
    """Refuse the system calls above, new namespaces, and all sockets but local ones. Kept by all
    children.

    Where nobody else counts what children compute (`children_are_counted`), SIGCHLD keeps its
    default action: the time of a child whose parent ignores that signal is added to nobody's.
    """
    code = _filter_program(platform.machine(), children_are_counted)
    program = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(program))
    _call("prctl", PR_SET_SECCOMP, 2, head, 0, 0)


def _filter_program(machine: str, children_are_counted: bool) -> bytes:
    """The filter, in classic BPF. It reads struct seccomp_data: call number, ABI, …, arguments."""
    columns = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
    if machine not in columns:
        raise OSError(f"no system call filter for {machine}")
    column, abi = columns[machine]
    number, abi_at, arguments = 0, 4, (16, 24, 32)  # where they lie; of each argument its low half
    kill, allow, refuse = 0x80000000, 0x7FFF0000, 0x00050001  # …, EPERM
    unknown, pretend = 0x00050026, 0x00050000  # ENOSYS; success, and nothing was done
    equal, at_least, any_bit = 0x15, 0x35, 0x45

    def load(offset: int) -> bytes:
        return struct.pack("HBBI", 0x20, 0, 0, offset)

    def skip(jump: int, value: int, if_true: int, if_false: int) -> bytes:
        return struct.pack("HBBI", jump, if_true, if_false, value)

    def end(verdict: int) -> bytes:
        return struct.pack("HBBI", 0x06, 0, 0, verdict)

    def case(calls: tuple[int, int], *inside: bytes) -> bytes:
        """Of one call: its arguments are looked at, and what ends nowhere is allowed."""
        body = b"".join(inside) + end(allow)
        return skip(equal, calls[column], 0, len(body) // 8) + body

    def unless_local(calls: tuple[int, int]) -> bytes:
        return case(calls, load(arguments[0]), skip(equal, 1, 1, 0), end(refuse))  # AF_UNIX

    code = load(abi_at) + skip(equal, abi, 1, 0) + end(kill)  # another ABI has other numbers
    # So has x32, within x86_64's.
    code += load(number) + skip(at_least, 0x40000000, 0, 1) + end(refuse)
    for forbidden in FORBIDDEN.values():
        code += skip(equal, forbidden[column], 0, 1) + end(refuse)
    # clone3 hides its flags in memory; the C library then uses clone.
    code += skip(equal, 435, 0, 1) + end(unknown)
    new_namespace = load(arguments[0]) + skip(any_bit, CLONE_ANY_NEW, 0, 1) + end(refuse)
    code += case((56, 220), new_namespace)  # clone
    code += unless_local((41, 198)) + unless_local((53, 199))  # socket, socketpair
    code += case(  # setsockopt: a socket holds what it holds by default (see monitor.SOCKET_BYTES)
        (54, 208),
        *(load(arguments[1]), skip(equal, 1, 0, 4)),  # SOL_SOCKET
        # SO_SNDBUF, SO_SNDBUFFORCE
        *(load(arguments[2]), skip(equal, 7, 1, 0), skip(equal, 32, 0, 1), end(pretend)),
    )
    if not children_are_counted:
        code += case(
            (13, 134),  # rt_sigaction
            *(load(arguments[0]), skip(equal, signal.SIGCHLD, 0, 5)),
            *(load(arguments[1]), skip(equal, 0, 0, 2)),  # to a new action: a pointer that is not 0
            *(load(arguments[1] + 4), skip(equal, 0, 1, 0), end(pretend)),
        )
    return code + end(allow)


# -- Landlock: files closed to a process, without any privilege


def landlock_version() -> int:
    """0 where the kernel has none."""
    try:
        return _call("syscall", 444, None, 0, 1)
    except OSError:
        return 0


def close_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Close all files but those under these paths; and TCP, abstract sockets and signals to
    outside."""
    version = landlock_version()
    known = (
        13 + (version >= 2) + (version >= 3) + (version >= 5)
    )  # kinds of access that this kernel knows
    everything, on_file, read = (1 << known) - 1, 0b1100_0000_0000_0111, 0b1101
    words = [everything] + ([3] if version >= 4 else []) + ([3] if version >= 6 else [])
    rules = _call("syscall", 444, struct.pack(f"{len(words)}Q", *words), 8 * len(words), 0)
    for paths, access in (readable, read), (writable, everything):
        for path in paths:
            with suppress(FileNotFoundError):
                opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
                granted = access if Path(path).is_dir() else access & everything & on_file
                _call("syscall", 445, rules, 1, struct.pack("=Qi", granted, opened), 0)
                os.close(opened)
    _call("syscall", 446, rules, 0)
    os.close(rules)
