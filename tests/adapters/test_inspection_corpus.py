"""Public sample files, where they lie beside the project: every one yields Facts, within the limits, twice the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from intake.adapters.inspection import ChildInspector
from intake.domain.material import Condition

CORPUS = Path(__file__).parent.parent.parent.parent / "shared" / "corpus"
FILES = sorted(path for folder in ("docs", "images", "media") for path in (CORPUS / folder).glob("*"))


@pytest.mark.skipif(not FILES, reason=f"no sample files in {CORPUS}: nothing is inspected beyond our own samples")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_yields_facts(path: Path) -> None:
    start = time.monotonic()
    facts = ChildInspector()(path, path.name)
    assert time.monotonic() - start < 20
    assert facts.format != "unknown"
    assert (facts.note != "") == (facts.condition in {Condition.DAMAGED, Condition.UNMEASURED})
    assert not facts.note.startswith("child-")
