"""Measures PDF documents with pdfium: text as it lays it out, Chinese of embedded and predefined character maps alike.

Scans are sound and have no text. A small PDF can inflate to gigabytes inside pdfium, which then ends the process:
the child's address space is what stops it.
"""

from __future__ import annotations

from typing import BinaryIO, Final

import pypdfium2

from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.text import Gathered
from intake.domain.material import Facts

_MAX_PAGES: Final = 500
_PASSWORD, _SECURITY = 4, 5  # FPDF_GetLastError in fpdfview.h


def measure(file: BinaryIO, _: str) -> Facts:
    """Facts of a PDF; raises Locked, Damaged, Exceeded. An owner's password alone does not lock."""
    try:
        return _facts(file)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {_PASSWORD, _SECURITY}:
            raise Locked from error
        raise Damaged(Note.UNREADABLE) from error


def _facts(file: BinaryIO) -> Facts:
    gathered = Gathered()
    with pypdfium2.PdfDocument(file) as document:
        pages = len(document)
        if pages > _MAX_PAGES:
            raise Exceeded(Note.TOO_LARGE)
        for number in range(pages):
            _gather_page(document, number, gathered)
    return gathered.facts(pages=pages)


def _gather_page(document: pypdfium2.PdfDocument, number: int, gathered: Gathered) -> None:
    page = document[number]
    text = page.get_textpage()
    gathered.add(text.get_text_bounded())
    gathered.add("\n")
    text.close()
    page.close()
