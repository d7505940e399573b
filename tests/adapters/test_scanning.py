"""Looking for malware: against a real clamd with a signature of our own, and against what is no clamd at all."""

from __future__ import annotations

import io
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from intake.adapters.scanning import Blind, Clamd, Endpoint, endpoint
from intake.domain.material import Scan, Scanned
from intake.ports import Deferred
from tests.samples import documents
from tests.servers.clamd import MARKER, NAME, STREAM_LIMIT, ClamdServer, running_clamd

INFECTED = Scan(Scanned.INFECTED, f"{NAME}.UNOFFICIAL")


def zipped(name: str, octets: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, octets)
    return file.getvalue()


def scanned(clamd: Clamd, octets: bytes) -> Scan:
    return clamd(io.BytesIO(octets), len(octets))


@pytest.mark.server
class TestRealClamd:
    """One server for all of them."""

    @pytest.fixture(params=["unix", "tcp"])
    def clamd(self, request: pytest.FixtureRequest, clamd_server: ClamdServer) -> Clamd:
        place = f"unix:{clamd_server.socket}" if request.param == "unix" else f"tcp:127.0.0.1:{clamd_server.port}"
        return Clamd(endpoint(place), answer_seconds=30)

    def test_what_is_clean_is_clean(self, clamd: Clamd) -> None:
        assert scanned(clamd, documents.docx("总结报告", ["正文"])) == Scan(Scanned.CLEAN)
        assert scanned(clamd, b"") == Scan(Scanned.CLEAN)

    @pytest.mark.parametrize(
        "octets",
        [
            b"text " + MARKER,
            zipped("总结.txt", MARKER),
            zipped("里层.zip", zipped("总结.txt", MARKER)),
            documents.docx("总结", [MARKER.decode()]),
            b"\0" * 1_000_000 + MARKER,
        ],
        ids=["plain", "zip", "zip in zip", "docx", "at the end"],
    )
    def test_malware_is_found_however_it_is_wrapped(self, clamd: Clamd, octets: bytes) -> None:
        assert scanned(clamd, octets) == INFECTED

    def test_what_is_larger_than_it_takes_was_not_looked_at(self, clamd: Clamd) -> None:
        assert scanned(clamd, b"\0" * (STREAM_LIMIT + 1)).outcome is Scanned.PARTLY
        assert scanned(clamd, b"\0" * (STREAM_LIMIT * 8) + MARKER).outcome is Scanned.PARTLY

    def test_ok_is_no_proof_for_what_unpacks_to_more_than_it_takes(self, clamd: Clamd) -> None:
        """Which is why what comes out of a container is scanned by itself."""
        inside = b"\0" * (STREAM_LIMIT * 8)
        assert scanned(clamd, zipped("zeros", inside)) == Scan(Scanned.CLEAN)
        assert scanned(clamd, inside).outcome is Scanned.PARTLY

    def test_it_tells_of_what_is_past_its_limits(self, clamd: Clamd) -> None:
        clamd.prove()
        clamd.prove()

    def test_it_tells_what_it_is(self, clamd: Clamd) -> None:
        version = clamd.version()
        assert version.program.startswith("ClamAV ")


@pytest.mark.server
@pytest.mark.usefixtures("clamd_server")
def test_a_scanner_that_goes_and_comes_back() -> None:
    with running_clamd() as server:
        clamd = Clamd(endpoint(f"unix:{server.socket}"))
        assert scanned(clamd, MARKER) == INFECTED
        server.stop(signal.SIGKILL)
        with pytest.raises(Deferred, match="clamd"):
            scanned(clamd, MARKER)
        server.start()
        assert scanned(clamd, MARKER) == INFECTED


@pytest.mark.server
@pytest.mark.usefixtures("clamd_server")
def test_a_scanner_that_says_ok_to_what_is_past_its_limits_is_none() -> None:
    """As clamd does by default, so that a file needs only be large, or its like be packed often enough."""
    with running_clamd(alerts=False, stream=STREAM_LIMIT * 8) as server:
        clamd = Clamd(endpoint(f"unix:{server.socket}"))
        assert scanned(clamd, b"\0" * (STREAM_LIMIT + 1) + MARKER) == Scan(Scanned.CLEAN), "which proves nothing"
        with pytest.raises(Blind, match="AlertExceedsMax"):
            clamd.prove()
        server.stop()
        server.configure(alerts=True, stream=STREAM_LIMIT * 8)
        server.start()
        clamd.prove()
        assert scanned(clamd, b"\0" * (STREAM_LIMIT + 1) + MARKER).outcome is Scanned.PARTLY


@pytest.mark.server
@pytest.mark.usefixtures("clamd_server")
def test_the_proof_is_past_the_deepest_limit_that_can_be_set() -> None:
    with running_clamd(recursion=100) as server:
        clamd = Clamd(endpoint(f"unix:{server.socket}"))
        for _ in range(3):
            clamd.prove()


@contextmanager
def impostor(say: Callable[[socket.socket], None]) -> Iterator[Clamd]:
    """A server that takes a connection and does with it as it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as sock:
                say(sock)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Clamd(Endpoint(host="127.0.0.1", port=listener.getsockname()[1]), answer_seconds=0.5, minimum_pace=1e9)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def trickle(sock: socket.socket) -> None:
    for _ in range(100):
        sock.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "say",
    [
        lambda sock: None,
        lambda sock: sock.sendall(b"garbage\0"),
        lambda sock: sock.sendall(b"stream: "),
        lambda sock: sock.sendall(b"stream: Access denied. ERROR\0"),
        lambda sock: sock.sendall(b"\xff" * 100_000),
        lambda sock: time.sleep(2),
        trickle,
    ],
    ids=["hangs up", "garbage", "half an answer", "error", "endless", "silence", "trickle"],
)
def test_what_is_no_answer_lets_nothing_pass(say: Callable[[socket.socket], None]) -> None:
    started = time.monotonic()
    with impostor(say) as clamd, pytest.raises(Deferred):
        scanned(clamd, b"octets")
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("answer", [b"stream: OK\0", b"stream: Eicar-Signature FOUND\0"])
def test_what_gives_any_other_answer_to_the_proof_is_blind(answer: bytes) -> None:
    with impostor(lambda sock: sock.sendall(answer)) as clamd, pytest.raises(Blind):
        clamd.prove()


def test_a_name_of_a_limit_is_no_malware() -> None:
    with impostor(lambda sock: sock.sendall(b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0")) as clamd:
        assert scanned(clamd, b"").outcome is Scanned.PARTLY
    with impostor(lambda sock: sock.sendall(b"stream: Heuristics.Encrypted.Zip FOUND\0")) as clamd:
        assert scanned(clamd, b"").outcome is Scanned.PARTLY


@pytest.mark.parametrize("text", ["", "unix:", "unix:relative", "tcp:host", "tcp::3310", "tcp:host:0", "host:3310"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="allowed is"):
        endpoint(text)


def test_places() -> None:
    assert endpoint("unix:/run/clamav/clamd.ctl") == Endpoint(path="/run/clamav/clamd.ctl")
    assert endpoint("tcp:127.0.0.1:3310") == Endpoint(host="127.0.0.1", port=3310)
    assert endpoint("tcp:[::1]:3310") == Endpoint(host="::1", port=3310)
