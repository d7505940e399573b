"""What a child that somebody has broken into can still do: nothing. Each attempt is made from inside a child, as root
and as nobody; by each of the rules alone that are said to refuse it; and without them, when it must get through.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from intake.adapters.sandbox import child as child_module
from intake.adapters.sandbox import landlock
from intake.adapters.sandbox.active import active
from intake.adapters.sandbox.child import started
from intake.adapters.sandbox.confinement import ALWAYS, IF_THE_KERNEL_CAN, MIB, Limits
from intake.adapters.sandbox.nursery import Nursery
from intake.adapters.sandbox.syscalls import ABSENT, DENIED, LOOKED_AT, MACHINES
from tests.adapters.attempts import There

LIMITS, PRIVILEGES, PARENT = (rule.__name__ for rule in ALWAYS)
FILES, KERNEL = (rule.__name__ for rule in IF_THE_KERNEL_CAN)
RULES = (LIMITS, PRIVILEGES, PARENT, FILES, KERNEL)

REFUSED_BY: dict[str, set[str]] = {
    "tcp": {FILES, KERNEL},
    "udp": {KERNEL},
    "unix_socket": {KERNEL},
    "abstract_socket": {FILES, KERNEL},
    "socket_pair": {KERNEL},
    "passwd": {FILES},
    "environment_of_the_service": {FILES, PRIVILEGES},
    "environment_of_init": {FILES, PRIVILEGES},
    "list_of_tmp": {FILES},
    "planted_link": {FILES},
    "secret_by_descriptor": {FILES},
    "new_file": {FILES, KERNEL},
    "file_for_writing": {FILES, KERNEL},
    "new_folder": {FILES, KERNEL},
    "removal": {FILES, KERNEL},
    "renaming": {FILES, KERNEL},
    "mode_of_the_material": {KERNEL},
    "truncation": {FILES, KERNEL},
    "signal_to_the_service": {FILES, KERNEL},
    "signal_through_a_descriptor": {KERNEL},
    "fork": {KERNEL},
    "program": {FILES, KERNEL},
    "thread_that_is_a_process": {FILES, KERNEL},
    "namespace": {KERNEL},
    "trace": {KERNEL},
    "memory_of_the_service": {FILES, PRIVILEGES, KERNEL},
    "three_gigabytes": {LIMITS},
    "large_file": {LIMITS},
    "many_descriptors": {LIMITS},
    "higher_limits": {PRIVILEGES},
    "limits_of_the_service": {KERNEL},
    "keyring": {KERNEL},
    "asynchronous_calls": {KERNEL},
    "newer_way_to_fork": {KERNEL},
    "newer_way_to_open": {KERNEL},
    "call_of_tomorrow": {KERNEL},
    "longer_life": {KERNEL},
    "user": {KERNEL},
    "other_abi": {KERNEL},
    "older_abi": {KERNEL},
}
"""The rules that refuse an attempt, each of them alone."""

FROM_ABI = {"tcp": 4, "abstract_socket": 6, "signal_to_the_service": 6, "truncation": 3}
"""What Landlock learnt later."""
ONLY_X86_64 = {"other_abi", "older_abi"}
ROOT = os.geteuid() == 0

needs_root = pytest.mark.skipif(not ROOT, reason="only root can become nobody")

Attempt = Callable[..., str]


@pytest.fixture(scope="module")
def library() -> Iterator[Path]:
    """A folder that children may read, on the search path like those of installed libraries; nobody may, too."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name, "site-packages")
        folder.mkdir()
        folder.parent.chmod(0o755)
        (folder / "library.py").touch()
        patch.setattr(sys, "path", [str(folder), *sys.path])
        yield folder


WORKER = """
import os
from intake.adapters.sandbox import confinement, zygote
from tests.adapters.attempts import main

def become_nobody(limits):
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)

def only(rules):
    return tuple(rule for rule in rules if rule.__name__ in {rules})

confinement.ALWAYS = ({first}*only(confinement.ALWAYS),)
zygote.IF_THE_KERNEL_CAN = only(confinement.IF_THE_KERNEL_CAN)
"""


@pytest.fixture(scope="module")
def worker(library: Path) -> Iterator[Callable[[frozenset[str], bool], str]]:
    """The name of a module that makes attempts in children with these rules only; one zygote for each set of rules."""
    nurseries: dict[str, Nursery] = {}

    def named(rules: frozenset[str], nobody: bool) -> str:
        name = "_".join(["with", *sorted(rules), *(["nobody"] if nobody else [])])
        source = WORKER.format(rules=set(rules) or "()", first="become_nobody, " if nobody else "")
        (library / f"{name}.py").write_text(source)
        return name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child_module, "nursery", lambda name: nurseries.setdefault(name, Nursery(name)))
        yield named
    for each in nurseries.values():
        each.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[int, str]]:
    """A TCP port and an abstract name at which somebody listens."""
    name = f"intake-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0), backlog=100) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0" + name)
        abstract.listen(100)
        yield tcp.getsockname()[1], name


@pytest.fixture
def there(library: Path, servers: tuple[int, str]) -> Iterator[There]:
    """Things that anybody may read, change and connect to, so that only the sandbox can be what refuses."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as unix:
        folder = Path(name)
        folder.chmod(0o777)
        for each in ("secret", "written", "removed", "renamed", "material"):
            (folder / each).write_bytes(b"octets")
            (folder / each).chmod(0o666)
        unix.bind(str(folder / "socket"))
        unix.listen()
        (folder / "socket").chmod(0o777)
        link = library / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(folder / "secret")
        yield There(
            os.getpid(),
            *servers,
            str(folder / "socket"),
            str(folder / "secret"),
            str(link),
            name,
            str(folder / "written"),
        )


@pytest.fixture
def attempt(there: There, worker: Callable[[frozenset[str], bool], str]) -> Attempt:
    """Make an attempt in a child with these rules: "done", what was raised, or how the child ended."""

    def made(name: str, rules: Iterable[str] = RULES, *, nobody: bool = False) -> str:
        limits = Limits(1024 * MIB, 20, 20)
        heard = b""
        with (
            Path(there.open_folder, "material").open("rb") as file,
            started(worker(frozenset(rules), nobody), file, [name, json.dumps(asdict(there))], limits) as child,
        ):
            while octets := child.read():
                heard += octets
        ready, *said = heard.splitlines()
        assert json.loads(ready) == "ready", child.complaint
        return str(json.loads(said[0])) if said else f"ended {child.status}"

    return made


def on_this_machine(name: str) -> None:
    if name in ONLY_X86_64 and platform.machine() != "x86_64":
        pytest.skip("there is no such ABI on this machine")
    if REFUSED_BY[name] == {FILES} and not landlock.abi():
        pytest.skip("this kernel has no Landlock")
    if REFUSED_BY[name] == {KERNEL} and not active().seccomp:
        pytest.skip("this kernel has no seccomp")


@pytest.mark.parametrize("nobody", [False, pytest.param(True, marks=needs_root)], ids=["ourselves", "nobody"])
@pytest.mark.parametrize("name", REFUSED_BY)
def test_nothing_can_be_reached_from_inside(attempt: Attempt, name: str, nobody: bool) -> None:
    on_this_machine(name)
    assert refused(attempt(name, nobody=nobody))


@pytest.mark.parametrize(
    ("name", "rule"), [(name, rule) for name, rules in REFUSED_BY.items() for rule in sorted(rules)]
)
def test_each_rule_refuses_alone(attempt: Attempt, name: str, rule: str) -> None:
    on_this_machine(name)
    if rule == FILES and landlock.abi() < FROM_ABI.get(name, 1):
        pytest.skip("the Landlock of this kernel does not know of it")
    if rule == KERNEL and not active().seccomp:
        pytest.skip("this kernel has no seccomp")
    if rule == PRIVILEGES and not ROOT:
        pytest.skip("only root has privileges to renounce")
    assert refused(attempt(name, {rule, PRIVILEGES} if not ROOT else {rule}))


@pytest.mark.parametrize("name", REFUSED_BY)
def test_without_its_rules_it_would_be_done(attempt: Attempt, name: str) -> None:
    """So it is these rules that refuse it, and nothing else that happens to be in the way."""
    on_this_machine(name)
    if refused(attempt(name, set(RULES) - REFUSED_BY[name])):
        assert refused(attempt(name, ())), "something else refuses it, too"
        pytest.skip("this machine refuses it to everybody")


@pytest.mark.parametrize("nobody", [False, pytest.param(True, marks=needs_root)], ids=["ourselves", "nobody"])
@pytest.mark.parametrize("name", ["library", "material_by_name", "thread"])
def test_what_libraries_need_can_be_done(attempt: Attempt, name: str, nobody: bool) -> None:
    assert attempt(name, nobody=nobody) == "done"


def refused(what: str) -> bool:
    """An error that says no, or the end by the signal for calls that are none of this machine's."""
    if what == "done":
        return False
    assert what.startswith(NO), what
    return True


NO = (
    "PermissionError",
    "MemoryError",
    "ValueError: not allowed to raise",
    *(f"OSError: [Errno {number}]" for number in (errno.ENOSYS, errno.EFBIG, errno.EMFILE, errno.ENOMEM)),
    f"ended {-signal.SIGSYS}",
)


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_tables_of_system_calls_are_the_kernels_own(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("the kernel's headers are not installed (linux-libc-dev)")
    lines = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text(encoding="ascii"))
    kernels = {name: int(value) for name, value in reversed(lines)}
    ours = {name: each[MACHINES[machine].column] for name, each in (DENIED | ABSENT | LOOKED_AT).items()}
    assert {name: value for name, value in ours.items() if value is not None} == {
        name: kernels[name] for name, value in ours.items() if value is not None
    }
    assert [name for name, value in ours.items() if value is None and name in kernels] == []
