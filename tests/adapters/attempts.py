"""What somebody who has broken into a child would try. Each function returns when it got through, and raises otherwise.

The child works on a file that is there already; `there` says what else there is to be reached.
"""

from __future__ import annotations

import ctypes
import encodings.idna
import fcntl
import json
import mmap
import os
import resource
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from intake.adapters.sandbox.inside import Errand

libc = ctypes.CDLL(None, use_errno=True)
LOADED_BEFOREHAND = encodings.idna
"""What addresses are put into; nobody may load it later."""


@dataclass(frozen=True)
class There:
    """The process that wants the work done, servers that listen, and folders."""

    parent: int
    port: int
    abstract: str
    path: str
    secret: str
    link: str
    open_folder: str
    written: str


def main(errand: Errand) -> None:
    """Words: the name of an attempt, and There. Tells "done", or what kept it from being done."""
    name, there = errand.words
    try:
        ATTEMPTS[name](There(**json.loads(there)))
    except (OSError, ValueError, MemoryError) as error:
        errand.tell(f"{type(error).__name__}: {error}")
    else:
        errand.tell("done")


def tcp(there: There) -> None:
    with socket.create_connection(("127.0.0.1", there.port), 5):
        pass


def udp(there: There) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(b"x", ("127.0.0.1", there.port))


def unix_socket(there: There) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(there.path)


def abstract_socket(there: There) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect("\0" + there.abstract)


def socket_pair(_there: There) -> None:
    for end in socket.socketpair():
        end.close()


def passwd(_there: There) -> None:
    Path("/etc/passwd").read_bytes()


def environment_of_the_service(there: There) -> None:
    Path(f"/proc/{there.parent}/environ").read_bytes()


def environment_of_init(_there: There) -> None:
    Path("/proc/1/environ").read_bytes()


def list_of_tmp(_there: There) -> None:
    list(Path("/tmp").iterdir())


def library(there: There) -> None:
    Path(there.link).with_name("library.py").read_bytes()


def material_by_name(_there: There) -> None:
    """As libraries do that open files by name only."""
    Path("/proc/self/fd/0").read_bytes()


def thread(_there: There) -> None:
    """As libraries do that decode."""
    started = threading.Thread(target=lambda: None)
    started.start()
    started.join()


def planted_link(there: There) -> None:
    """It lies where reading is allowed, and points elsewhere."""
    Path(there.link).read_bytes()


def secret_by_descriptor(there: There) -> None:
    os.close(os.open(there.secret, os.O_RDONLY))


def new_file(there: There) -> None:
    Path(there.open_folder, "new").touch()


def file_for_writing(there: There) -> None:
    with Path(there.written).open("r+b"):
        pass


def new_folder(there: There) -> None:
    Path(there.open_folder, "folder").mkdir()


def removal(there: There) -> None:
    Path(there.open_folder, "removed").unlink()


def renaming(there: There) -> None:
    Path(there.open_folder, "renamed").rename(Path(there.open_folder, "other"))


def mode_of_the_material(_there: There) -> None:
    os.fchmod(0, 0o600)


def truncation(there: There) -> None:
    os.truncate(there.written, 1)


def signal_to_the_service(there: There) -> None:
    os.kill(there.parent, 0)


def signal_through_a_descriptor(there: There) -> None:
    fcntl.fcntl(3, fcntl.F_SETOWN, there.parent)


def fork(_there: There) -> None:
    if not os.fork():
        os._exit(0)


def program(_there: There) -> None:
    os.dup2(3, 1)
    os.execv("/bin/echo", ["echo", '"done"'])


def thread_that_is_a_process(_there: There) -> None:
    """What posix_spawn does."""
    os.posix_spawn("/bin/true", ["true"], {})


def namespace(_there: There) -> None:
    _called("unshare", 0x10000000)


def trace(_there: There) -> None:
    _called("ptrace", 0, 0, 0, 0)


def memory_of_the_service(there: There) -> None:
    """Of an address where nothing is: EFAULT means that it would have been read."""
    nothing = (ctypes.c_char * 16)()
    here = (ctypes.c_void_p * 2)(ctypes.addressof(nothing), 16)
    elsewhere = (ctypes.c_void_p * 2)(8, 16)
    if libc.process_vm_readv(there.parent, here, 1, elsewhere, 1, 0) < 0 and ctypes.get_errno() != 14:
        raise _refused()


def three_gigabytes(_there: There) -> None:
    with mmap.mmap(-1, 3 << 30):
        pass


def large_file(_there: There) -> None:
    os.pwrite(2, b"x", 1 << 20)


def many_descriptors(_there: There) -> None:
    for _time in range(100):
        os.dup(0)


def higher_limits(_there: There) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


def limits_of_the_service(there: There) -> None:
    resource.prlimit(there.parent, resource.RLIMIT_NOFILE)


def keyring(_there: There) -> None:
    _system_call({"x86_64": 250, "aarch64": 219}, 0, -3, 1)


def asynchronous_calls(_there: There) -> None:
    _system_call({"x86_64": 425, "aarch64": 425}, 0, 0, passed=(14, 22))


def newer_way_to_fork(_there: There) -> None:
    _system_call({"x86_64": 435, "aarch64": 435}, 0, 0, passed=(14, 22))


def newer_way_to_open(_there: There) -> None:
    _system_call({"x86_64": 437, "aarch64": 437}, -100, 0, 0, 0, passed=(14, 22))


def call_of_tomorrow(_there: There) -> None:
    """cachestat, of Linux 6.5."""
    _system_call({"x86_64": 451, "aarch64": 451}, -1, 0, 0, 0, passed=(9, 14, 22))


def longer_life(_there: There) -> None:
    """Not to die with the parent."""
    _called("prctl", 1, 0, 0, 0, 0)


def user(_there: There) -> None:
    _called("setuid", os.getuid())


def other_abi(_there: There) -> None:
    """x32: getpid by its other number."""
    _system_call({"x86_64": 0x40000000 + 39}, passed=(38,))


def older_abi(_there: There) -> None:
    """i386: getpid by int 0x80."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


def _system_call(numbers: dict[str, int], *arguments: int, passed: tuple[int, ...] = ()) -> None:
    number = numbers[os.uname().machine]
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) < 0 and ctypes.get_errno() not in passed:
        raise _refused()


def _called(name: str, *arguments: int) -> None:
    if getattr(libc, name)(*map(ctypes.c_long, arguments)) < 0:
        raise _refused()


def _refused() -> OSError:
    return OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


ATTEMPTS: dict[str, Callable[[There], None]] = {
    name: each
    for name, each in list(globals().items())
    if callable(each) and getattr(each, "__annotations__", {}).keys() & {"there", "_there"}
}

__all__ = ["ATTEMPTS", "There", "main"]
