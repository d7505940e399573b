"""`make bench`: what reading one large mail costs in time and memory, beside the peers, all in one run.

Each contender reads the same file in a process of its own; memory is what it adds to the peak (VmHWM: unlike
ru_maxrss it does not start at the parent's) of a process that only imported it. "copy" is the yardstick:
sha256 and a copy of the file to disk with fsync. "intake" is what the service does: a child takes the mail apart,
the parent keeps what it passes on; the memory is that of both. "in process" does the same without a child.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

PROLOGUE = """
import hashlib, json, os, re, sys, tempfile, time
from pathlib import Path
path = sys.argv[1]
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
"""
EPILOGUE = """
before, started = peak(), time.perf_counter()
read()
print(json.dumps({"seconds": time.perf_counter() - started, "added": peak() - before}))
"""
CONTENDERS = {
    "copy": """
def read():
    digest = hashlib.sha256()
    with open(path, "rb") as source, tempfile.TemporaryFile() as target:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
        os.fsync(target.fileno())
""",
    "intake": """
import threading
from intake.adapters.blobs import BlobStore
from intake.adapters.reading import reader
from intake.adapters.reading.reader import ChildReader
from intake.adapters.sandbox.nursery import nursery
nursery(reader._WORKER).warm()
time.sleep(2)
alone, first, last = peak, {}, {}
def watch():
    zygote = nursery(reader._WORKER)._zygote.process.pid
    while True:
        for child in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split():
            try:
                last[child] = int(Path(f"/proc/{child}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
                first.setdefault(child, last[child])
            except (OSError, IndexError):
                pass
        time.sleep(0.001)
threading.Thread(target=watch, daemon=True).start()
def peak(): return alone() + sum(last[child] - first[child] for child in last)
def read():
    with tempfile.TemporaryDirectory() as folder:
        message, materials = ChildReader()(Path(path), BlobStore(Path(folder)))
        assert max(each.size for each in materials) > 50_000_000
""",
    "in process": """
from intake.adapters.blobs import BlobStore
from intake.adapters.mail.reader import read_mail
def read():
    with tempfile.TemporaryDirectory() as folder:
        message, materials = read_mail(Path(path), BlobStore(Path(folder)))
        assert max(each.size for each in materials) > 50_000_000
""",
    "stdlib": """
import email
def read():
    message = email.message_from_bytes(Path(path).read_bytes())
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    assert max(map(len, parts)) > 50_000_000
""",
    "mail-parser": """
import logging, mailparser
logging.disable()
def read():
    message = mailparser.parse_from_file(path)
    decoded = [base64.b64decode(each["payload"]) for each in message.attachments]
    assert max(map(len, decoded)) > 50_000_000
import base64
""",
}


def build(path: Path, megabytes: int) -> None:
    """A mail with one attachment, `megabytes` long on the wire."""
    octets = random.Random(1).randbytes(megabytes * 1_000_000 * 57 // 78)
    with path.open("wb") as file:
        file.write(
            b"From: a <a@example.cn>\r\nSubject: bench\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\ntext\r\n"
            b"--B\r\nContent-Type: video/mp4; name=v.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        )
        file.write(base64.encodebytes(octets).replace(b"\n", b"\r\n"))
        file.write(b"--B--\r\n")


def measure(name: str, path: Path) -> dict[str, float]:
    """Seconds, and MiB added to the process's peak."""
    code = PROLOGUE + CONTENDERS[name] + EPILOGUE
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=140)
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.eml"
        build(path, megabytes)
        print(f"one mail of {path.stat().st_size / 1e6:.0f} MB, read and decoded")
        figures = {name: measure(name, path) for name in CONTENDERS}
    for name, figure in figures.items():
        print(f"{name:<12} {figure['seconds']:6.2f} s  {figure['added']:7.0f} MiB added")
    ours, yardstick = figures["intake"], figures["copy"]
    good = ours["added"] < 32 and ours["seconds"] < 3 * yardstick["seconds"]
    print("within 32 MiB and 3 x copy:", "yes" if good else "NO")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
