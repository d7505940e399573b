"""What commands print shows foreign words and obeys none of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intake.entry.printing import as_json, as_lines
from intake.entry.status import status_table

FOREIGN = st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x9b\u202e\u2028\r\n\x00\ud800")))
PLAIN: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from("abc"), FOREIGN | st.lists(st.fixed_dictionaries({"d": FOREIGN}))
)


@given(PLAIN)
def test_no_line_has_anything_that_a_terminal_obeys(told: dict[str, Any]) -> None:
    assert all(line.isprintable() for line in as_lines(told))
    assert as_json(told).isprintable()
    assert as_json(told, indent=2).replace("\n", "").isprintable()


@given(PLAIN)
def test_json_says_what_it_was_given(told: dict[str, Any]) -> None:
    assert json.loads(as_json(told)) == told == json.loads(as_json(told, indent=2))


def test_chinese_stays_as_it_is() -> None:
    assert as_json({"subject": "微山县𠮷\x1b[2J"}) == '{"subject": "微山县𠮷\\u001b[2J"}'
    assert list(as_lines({"subject": "微山县𠮷\x1b[2J", "findings": [{"code": "late"}], "unit": None})) == [
        "subject: 微山县𠮷\\x1b[2J", "findings:", "  -", "    code: late",
    ]  # fmt: skip


def test_what_an_alarm_tells_is_shown_and_never_obeyed() -> None:
    alarm = {"name": "sending", "raised_at": "now", "facts": {"error": "550 \x1b]0;pwned\x07\u202e\n  disk  all well"}}
    told = {key: {} for key in ("mails", "letters", "service")}
    table = status_table({"notice": "n", "deadline": "d", "now": "t", "units": [], "alarms": [alarm], **told})
    assert all(line.isprintable() for line in table.split("\n"))
    assert table.split("\n")[-1].startswith("  sending  since now")
