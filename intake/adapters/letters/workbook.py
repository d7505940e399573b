"""Tables as an Excel file. Every cell is written as a string: what a stranger wrote never becomes a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import xlsxwriter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL = 32_767
"""Characters; xlsxwriter drops a longer cell without a word."""
WIDEST_COLUMN = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name (at most 31 characters, none of []:*?/\\) and its rows of cells."""

    title: str
    rows: tuple[tuple[str, ...], ...]


def workbook(sheets: Sequence[Sheet], created: datetime) -> bytes:
    """The octets of a workbook; the same sheets and moment give the same octets."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.set_properties({"created": created.astimezone(UTC)})
        for sheet in sheets:
            page = book.add_worksheet(sheet.title)
            for number, row in enumerate(sheet.rows):
                for column, cell in enumerate(row):
                    page.write_string(number, column, _fit(cell))
            for column, width in enumerate(_widths(sheet)):
                page.set_column(column, column, width)
    return target.getvalue()


def _fit(cell: str) -> str:
    """Without control characters, which no reader of the file wants, and no longer than a cell may be."""
    return "".join(char for char in cell if char >= " ")[:LONGEST_CELL]


def _widths(sheet: Sheet) -> list[float]:
    """Column widths in characters of the default font, from the longest cell; Chinese takes two each."""
    columns = max((len(row) for row in sheet.rows), default=0)
    cells = [[row[column] for row in sheet.rows if column < len(row)] for column in range(columns)]
    return [min(WIDEST_COLUMN, 2 + max(len(cell.encode("gb18030", "replace")) for cell in column)) for column in cells]
