"""`make bench`: what a child costs per foreign file: median, p95 and the first one, kind by kind.

Each kind is measured in a process of its own that imports only the parent's side; the first file is told apart,
because nothing is warm yet. A median past its limit is marked; one so far past it that no busy neighbour explains it
ends this with 1. Memory is that of the zygote when all is loaded: resident, and its share where it shares.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

LIMIT = 20.0
"""Milliseconds that a warm child may take per file, by the median, on the machine of docs/design.md."""
EXCEPTIONS = {"12-megapixels.jpg": 60.0}
"""Files whose work alone takes longer: libjpeg reads every octet before anybody knows that the picture is whole."""

INSPECT = """
from intake.adapters.inspection import ChildInspector
inspector = ChildInspector(previews=True)
def once(): assert inspector(path, path.name).condition == "sound"
"""
UNPACK = """
from intake.adapters.blobs import BlobStore
from intake.adapters.unpacking import Budget, ChildUnpacker
unpacker, blobs = ChildUnpacker(), BlobStore(path.parent / "blobs")
def once(): assert unpacker(path, path.suffix[1:], blobs, Budget()).condition == "sound"
"""
READ = """
from intake.adapters.blobs import BlobStore
from intake.adapters.reading.reader import ChildReader
reader, blobs = ChildReader(), BlobStore(path.parent / "blobs")
def once(): assert reader(path, blobs)[0].sender
"""
MEASURE = """
import json, sys, time
from pathlib import Path
path, times = Path(sys.argv[1]), []
{once}
def timed():
    started = time.perf_counter()
    once()
    times.append((time.perf_counter() - started) * 1000)
timed()
time.sleep(1.5)
for _ in range(int(sys.argv[2])):
    timed()
(zygote,) = "".join(each.read_text() for each in Path("/proc/self/task").glob("*/children")).split()
memory = Path(f"/proc/{{zygote}}/smaps_rollup").read_text()
kib = [int(memory.split(name)[1].split()[0]) for name in ("Rss:", "Pss:")]
print(json.dumps([times, *kib]))
"""


def samples() -> dict[str, tuple[str, Callable[[], bytes]]]:
    """File name, how it is worked on, and its octets."""
    from tests.samples import archives, documents, media

    lines = ["微山县科技活动周总结"] * 40
    return {
        "report.docx": (INSPECT, lambda: documents.docx_with_pictures("总结", [media.photo()])),
        "report.doc": (INSPECT, lambda: documents.doc(lines)),
        "report.pdf": (INSPECT, lambda: documents.pdf(lines)),
        "photo.jpg": (INSPECT, lambda: media.photo(640, 480)),
        "12-megapixels.jpg": (INSPECT, lambda: media.photo(4000, 3000)),
        "photo.heic": (INSPECT, media.heic),
        "video.mp4": (INSPECT, lambda: media.video(60)),
        "files.zip": (UNPACK, archives.zipped),
        "files.7z": (UNPACK, archives.seven_zipped),
        "mail.eml": (READ, (PROJECT / "tests/mail/01-complete.eml").read_bytes),
    }


def measured(once: str, path: Path, times: int) -> tuple[list[float], int, int]:
    """Milliseconds of each child on this file, in order, and KiB of the zygote: resident, and its share."""
    command = [sys.executable, "-c", MEASURE.format(once=once), str(path), str(times)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    figures, resident, share = json.loads(done.stdout)
    return figures, resident, share


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--slack", type=float, default=3.0, help="times the limit at which it is a failure")
    options = parser.parse_args()
    failed = []
    print(f"one child per file, {options.times} times: milliseconds  median  limit     p95   first  zygote: MiB, share")
    with tempfile.TemporaryDirectory() as folder:
        for name, (once, octets) in samples().items():
            path = Path(folder) / name
            path.write_bytes(octets())
            (first, *rest), resident, share = measured(once, path, options.times)
            rest.sort()
            median, late, limit = rest[len(rest) // 2], rest[len(rest) * 95 // 100], EXCEPTIONS.get(name, LIMIT)
            failed += [name] * (median > limit * options.slack)
            times = f"{median:8.1f}{'!' if median > limit else ' '}{limit:6.0f} {late:7.1f} {first:7.1f}"
            print(f"{name:<42} {times} {resident / 1024:12.0f} {share / 1024:7.0f}")
    if failed:
        print(f"over {options.slack:g} times their limits: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
