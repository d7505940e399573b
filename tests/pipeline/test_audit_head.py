"""The end of the chain of events leaves the house in every digest, and is found on the chain again."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result

from intake.adapters.records.audit import head
from intake.entry.cli import cli
from tests.e2e.world import complete
from tests.pipeline.office import Office

pytestmark = pytest.mark.server
TOLD = re.compile(r"操作记录共(\d+)条，校验码 ([0-9a-f]{16})（")


def verified(office: Office, known: str) -> Result:
    folder = str(office.world.folder / "config")
    return CliRunner().invoke(cli, ["--config", folder, "audit", "verify", "--head", known])


def test_the_head_in_a_digest_that_went_out_is_on_the_chain(office: Office) -> None:
    office.world.deliver(complete("370826"))
    office.poll()
    with office.app.database.reading() as session:
        then = head(session)
    assert then.count > 0
    office.world.run("digest", "--send", now=office.now.isoformat())
    sent = office.world.letters()[-1]
    for form in ("plain", "html"):
        body = sent.get_body((form,))
        assert body is not None
        found = TOLD.search(body.get_content())
        assert found, form
        assert (int(found[1]), found[2]) == (then.count, then.short)

    office.world.deliver(complete("370883"))
    office.poll()
    for known in (then.short, then.short.upper(), then.hash, f" {then.short} "):
        done = verified(office, known)
        assert (done.exit_code, "is among them" in done.output) == (0, True), known
    assert verified(office, "0" * 16).exit_code == 1
