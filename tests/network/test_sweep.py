"""A sample of `make network`: the connection breaks at every 16th octet, and nothing is lost or answered twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.sweep import faults, sweep
from tests.network.trial import MAILS, Line, Trials, running_trials
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.proxy import GARBLING, Kind

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "tls"])
def secured(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def trials(secured: bool, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("INTAKE_IMAP_PASSWORD", PASSWORD)
        with running_trials(tmp_path_factory.mktemp("network"), dovecot, tls=secured) as running:
            yield running


@pytest.mark.parametrize("line", Line)
def test_wherever_the_connection_breaks_nothing_is_lost_or_answered_twice(
    trials: Trials, secured: bool, line: Line
) -> None:
    """Over TLS only what alters the stream: to TLS every other fault is the same as without."""
    kinds, step = (sorted(GARBLING), 192) if secured else (list(Kind), 16)
    which = faults(trials.lengths(line), kinds, step, in_turn=True)
    tally = sweep(trials, line, which, letters=MAILS, tls=secured)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.struck >= 0.9 * tally.tried.total() > 0
