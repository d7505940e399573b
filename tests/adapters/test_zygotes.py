"""Zygotes and their children: each file has a child of its own, whatever happens to the others, and none stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.adapters.sandbox import active as active_module
from intake.adapters.sandbox import child as child_module
from intake.adapters.sandbox import landlock
from intake.adapters.sandbox.active import Confinement
from intake.adapters.sandbox.child import Child, Orphaned, OutOfTime, again_if_orphaned, started
from intake.adapters.sandbox.confinement import MIB, Limits
from intake.adapters.sandbox.nursery import Nursery
from intake.adapters.sandbox.zygote import IDLE_SECONDS
from intake.ports import Deferred

ROOT = Path(__file__).parents[2]
LIMITS = Limits(1024 * MIB, 20, 20)

Worker = Callable[..., str]
Nurseries = Callable[[str], Nursery]


@pytest.fixture
def material(tmp_path: Path) -> Path:
    path = tmp_path / "material"
    path.write_bytes(b"octets")
    return path


def all_of(child: Child) -> list[object]:
    """What a child says behind "ready"."""
    heard = b""
    while octets := child.read():
        heard += octets
    ready, *lines = map(json.loads, heard.splitlines())
    assert ready == "ready"
    return lines


def told(worker: str, material: Path, *words: str, limits: Limits = LIMITS) -> list[object]:
    with material.open("rb") as file, started(worker, file, words, limits) as child:
        return all_of(child)


def process_of(nursery: Nursery) -> int:
    assert nursery._zygote is not None
    return nursery._zygote.process.pid


def gone(process: int) -> bool:
    """Whether a process has ended within a second; a zombie has."""
    for _ in range(100):
        try:
            if "State:\tZ" in Path(f"/proc/{process}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_a_child_gets_the_file_and_the_words_and_nothing_else(worker: Worker, material: Path) -> None:
    name = worker(
        """
opened = []
for number in range(64):
    try:
        opened.append([number, stat.S_IFMT(os.fstat(number).st_mode)])
    except OSError:
        pass
errand.tell([errand.file.read().decode(), *errand.words])
errand.tell([dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid(), threading.active_count()])
errand.tell(opened)
""",
        "import stat, threading",
    )
    heard = told(name, material, "照\0\n片", "-c")
    assert heard[0] == ["octets", "照\0\n片", "-c"]
    assert heard[1] == [{"LC_ALL": "C.UTF-8"}, "/", True, 1]
    file, complaints, pipe = 0o100000, 0o100000, 0o010000
    assert heard[2] == [[0, file], [1, complaints], [2, complaints], [3, pipe]]


def test_nothing_of_one_file_reaches_the_next(worker: Worker, material: Path) -> None:
    name = worker("SEEN.append(errand.words[0])\nerrand.tell(SEEN)", "SEEN = []")
    assert [told(name, material, word) for word in "abc"] == [[["a"]], [["b"]], [["c"]]]


def test_children_are_born_from_one_zygote_that_has_one_thread(
    worker: Worker, material: Path, nurseries: Nurseries
) -> None:
    name = worker("errand.tell(os.getppid())", "PRELOADED = ('av', 'pi_heif', 'pypdfium2', 'no_such_library')")
    parents = {told(name, material)[0] for _ in range(3)}
    assert parents == {process_of(nurseries(name))}
    time.sleep(1)
    assert len(list(Path(f"/proc/{parents.pop()}/task").iterdir())) == 1


def test_a_child_that_dies_takes_only_its_material_with_it(worker: Worker, material: Path) -> None:
    name = worker("errand.words[0] == 'die' and os.abort()\ntime.sleep(0.3)\nerrand.tell('alive')")
    heard: dict[str, list[object]] = {}

    def work(word: str) -> None:
        heard[word] = told(name, material, word)

    threads = [threading.Thread(target=work, args=(word,)) for word in ("die", "a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"die": [], "a": ["alive"], "b": ["alive"], "c": ["alive"]}


def test_memory_does_not_lie_where_it_lay_when_a_child_was_broken(
    worker: Worker, material: Path, nurseries: Nurseries
) -> None:
    name = worker("errand.tell(os.getppid())\nif errand.words: os.abort()")
    first, same, after = told(name, material)[0], told(name, material, "break")[0], told(name, material)[0]
    assert first == same != after == process_of(nurseries(name))
    assert isinstance(first, int)
    assert gone(first)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_zygote_that_was_killed_is_replaced(
    worker: Worker, material: Path, nurseries: Nurseries, how: signal.Signals
) -> None:
    name = worker("errand.tell('alive')")
    told(name, material)
    os.kill(process_of(nurseries(name)), how)
    assert told(name, material) == ["alive"]


def test_a_zygote_that_is_killed_at_work_costs_a_second_try(
    worker: Worker, material: Path, nurseries: Nurseries
) -> None:
    name = worker("errand.tell('alive')\ntime.sleep(0 if errand.words[0] == '2' else 20)")
    tries: list[str] = []

    def work() -> list[object]:
        tries.append("x")
        with material.open("rb") as file, started(name, file, [len(tries)], LIMITS) as child:
            child.read()
            if len(tries) == 1:
                os.kill(process_of(nurseries(name)), signal.SIGKILL)
            while child.read():
                pass
        return [child.status]

    assert again_if_orphaned(work) == [0]
    assert len(tries) == 2
    tries.clear()
    with pytest.raises(Orphaned):
        work()
    with material.open("rb") as file, started(name, file, ["2"], LIMITS) as child:
        assert all_of(child) == ["alive"]
    assert gone(child.process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_whole_service_leaves_the_work_in_hand_alone(
    worker: Worker, material: Path, nurseries: Nurseries, number: signal.Signals
) -> None:
    """As systemd sends it to every process of a unit that is stopped."""
    name = worker("errand.tell('begun')\ntime.sleep(0.3)\nerrand.tell('done')")
    with material.open("rb") as file, started(name, file, [], LIMITS) as child:
        heard = child.read()
        while b"begun" not in heard:
            heard += child.read()
        for process in (process_of(nurseries(name)), child.process):
            os.kill(process, number)
        while octets := child.read():
            heard += octets
    assert heard.endswith(b'"done"\n')
    assert child.status == 0


def test_a_zygote_leaves_when_nobody_asks_for_long(worker: Worker, material: Path, nurseries: Nurseries) -> None:
    assert IDLE_SECONDS >= 60
    name = worker("errand.tell(os.getppid())", "import intake.adapters.sandbox.zygote as z\nz.IDLE_SECONDS = 0.1")
    first = told(name, material)[0]
    assert isinstance(first, int)
    assert gone(first)
    assert told(name, material)[0] != first


def test_many_threads_may_ask_at_once_also_when_zygotes_leave_all_the_time(worker: Worker, material: Path) -> None:
    name = worker("errand.tell(errand.words[0])", "import intake.adapters.sandbox.zygote as z\nz.IDLE_SECONDS = 0.005")
    heard: list[object] = []

    def work(word: str) -> None:
        for _ in range(10):
            heard.append(told(name, material, word) == [word])
            time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [True] * 40


def test_the_wall_clock_ends_a_child_that_ignores_everything(worker: Worker, material: Path) -> None:
    name = worker("time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(OutOfTime):
        told(name, material, limits=Limits(1024 * MIB, 20, 1))
    assert time.monotonic() - began < 5


def test_a_zygote_that_cannot_fork_is_the_systems_failure(worker: Worker, material: Path) -> None:
    before = "import errno\ndef refuse(): raise OSError(errno.EAGAIN, 'no')\nos.fork, _fork = refuse, os.fork"
    name = worker("pass", before + "\nimport intake.adapters.sandbox.zygote as z\nz._works = lambda rule: False")
    with pytest.raises(BlockingIOError):
        told(name, material)


def test_a_zygote_that_cannot_load_its_work_says_so(worker: Worker, material: Path) -> None:
    name = worker("pass", "raise RuntimeError('no such work')")
    with pytest.raises(ChildProcessError, match="no such work"):
        told(name, material)


def test_a_zygote_that_does_not_answer_is_given_up(worker: Worker, material: Path) -> None:
    name = worker("pass", "time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(ChildProcessError):
        told(name, material, limits=Limits(1024 * MIB, 1, 1))
    assert time.monotonic() - began < 10


def test_what_the_machine_cannot_do_is_left_out(worker: Worker, material: Path) -> None:
    """Without seccomp and Landlock children still run, within the other limits."""
    name = worker(
        "import resource\nerrand.tell(resource.getrlimit(resource.RLIMIT_FSIZE))\nos.listdir('/')",
        "import intake.adapters.sandbox.zygote as z\nz._works = lambda rule: False",
    )
    assert told(name, material) == [[64 << 10, 64 << 10]]


def test_a_rule_that_fails_though_it_worked_before_is_no_files_fault(worker: Worker, material: Path) -> None:
    before = "import intake.adapters.sandbox.zygote as z\ndef fail(limits): raise PermissionError\n"
    name = worker("errand.tell('alive')", before + "z._works, z.IF_THE_KERNEL_CAN = lambda rule: True, (fail,)")
    with pytest.raises(ValueError, match="unpack"):
        told(name, material)


SERVICE = """
import sys, threading
from pathlib import Path
from intake.adapters.sandbox.child import started
from intake.adapters.sandbox.confinement import Limits
sys.path.insert(0, sys.argv[2])
def work():
    with open(sys.argv[1], "rb") as file, started("stand_in", file, [], Limits(1 << 30, 20, 20)) as child:
        while octets := child.read():
            print(octets.decode(), end="", flush=True)
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
threading.Event().wait(20)
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["running", "zygote-stopped"])
def test_nobody_outlives_the_service(worker: Worker, material: Path, tmp_path: Path, stopped: bool) -> None:
    """Killed at once, it leaves neither zygotes nor children, and be it a zygote that does not react."""
    worker("errand.tell([os.getppid(), os.getpid()])\ntime.sleep(60)")
    command = [sys.executable, "-c", SERVICE, str(material), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        lines = [json.loads(service.stdout.readline()) for _ in range(4)]
        kin = {process for line in lines if line != "ready" for process in line}
        assert len(kin) == 3
        if stopped:
            os.kill(next(line[0] for line in lines if line != "ready"), signal.SIGSTOP)
        service.kill()
    assert all(gone(process) for process in kin)


def test_a_service_that_ends_sees_its_zygotes_off(worker: Worker, material: Path, tmp_path: Path) -> None:
    worker("errand.tell(os.getppid())")
    code = SERVICE.replace("threading.Event().wait(20)", "work()").replace("range(2)", "range(0)")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(material), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    assert done.stderr == ""
    assert gone(int(done.stdout.split()[-1]))


FORKING = (
    SERVICE.partition("for _ in")[0]
    + """
import os
work()
if not (child := os.fork()):
    work()
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
work()
"""
)


def test_a_process_that_was_forked_has_zygotes_of_its_own(worker: Worker, material: Path, tmp_path: Path) -> None:
    worker("errand.tell(os.getppid())")
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(material), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    first, forked, again = [line for line in done.stdout.split() if line != '"ready"']
    assert first == again != forked


def test_zygotes_that_have_left_are_buried(
    worker: Worker, material: Path, nurseries: Nurseries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks for days; nothing stays as a zombie."""
    name = worker("pass", "import intake.adapters.sandbox.zygote as z\nz.IDLE_SECONDS = 0.1")
    told(name, material)
    zygote = nurseries(name)._zygote
    assert zygote is not None
    assert gone(zygote.process.pid)
    nurseries(name).bury()
    assert not Path(f"/proc/{zygote.process.pid}").exists()


def test_nurseries_of_one_name_are_one() -> None:
    assert child_module.nursery("a.b") is child_module.nursery("a.b")


def test_what_confines_children_is_found_by_trying(nurseries: Nurseries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active_module, "nursery", nurseries)
    found = active_module.active.__wrapped__()
    assert found == Confinement(limits=True, no_new_privs=True, seccomp=found.seccomp, landlock=landlock.abi())
    assert str(Confinement(True, True, True, 7)) == "rlimits, no_new_privs, seccomp, Landlock ABI 7"
    assert nurseries("intake.adapters.sandbox.probe")._zygote is None


@pytest.mark.parametrize("missing", ["seccomp", "landlock"])
def test_what_is_missing_is_said(
    missing: str, tmp_path: Path, nurseries: Nurseries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose kernel cannot: here, one where trying fails."""
    rule = {"seccomp": "leave_the_kernel_alone", "landlock": "leave_the_file_system"}[missing]
    (tmp_path / "weak_probe.py").write_text(
        "from intake.adapters.sandbox import zygote\n"
        f"zygote.IF_THE_KERNEL_CAN = tuple(each for each in zygote.IF_THE_KERNEL_CAN if each.__name__ != {rule!r})\n"
        "from intake.adapters.sandbox.probe import main\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(active_module, "nursery", nurseries)
    monkeypatch.setattr(active_module, "_WORKER", "weak_probe")
    found = active_module.active.__wrapped__()
    monkeypatch.setattr(active_module, "active", lambda: found)
    assert missing in str(found).partition("NOT ")[2].lower()
    assert active_module.unfiltered() == (missing == "seccomp")


@pytest.mark.usefixtures("nurseries")
def test_that_no_child_starts_is_the_worlds_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no-python")
    with pytest.raises(Deferred, match="children cannot start"):
        active_module.active.__wrapped__()


LASTING = """
import threading, time
from intake.adapters.sandbox import lasting
lasting.IDLE_SECONDS = 0.02
done = threading.Event()
lasting.whenever_idle(done.set)
names = {lasting.in_the_lasting_thread(lambda: threading.current_thread().name) for _ in range(3)}
try:
    lasting.in_the_lasting_thread(lambda: 1 / 0)
except ZeroDivisionError:
    names.add("raised")
assert done.wait(5)
print(sorted(names))
"""


def test_the_lasting_thread_lasts_whatever_is_done_in_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LASTING], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout.strip() == "['lasting', 'raised']"


def test_a_service_that_was_given_less_gives_no_more(worker: Worker, material: Path, tmp_path: Path) -> None:
    """As by LimitNOFILE= and the like of systemd."""
    worker("import resource as r\nerrand.tell([r.getrlimit(r.RLIMIT_FSIZE)[1], r.getrlimit(r.RLIMIT_CPU)[1]])")
    given = "import resource as r\nr.setrlimit(r.RLIMIT_NOFILE, (256, 256))\nr.setrlimit(r.RLIMIT_CPU, (15, 15))\n"
    code = given + "r.setrlimit(r.RLIMIT_FSIZE, (4096, 4096))\n" + SERVICE.partition("for _ in")[0] + "work()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(material), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    assert done.stdout.splitlines() == ['"ready"', "[4096, 15]"]
