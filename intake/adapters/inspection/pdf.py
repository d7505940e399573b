"""Measures PDF documents with pdfium: text as it lays it out, Chinese of embedded and predefined character maps alike.

Scans are sound and have no text. A small PDF can inflate to gigabytes inside pdfium, which then ends the process:
the child's address space is what stops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final, TypeAlias

import pypdfium2
from pypdfium2 import raw

from intake.adapters.inspection.carried import is_photo
from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.text import Gathered
from intake.domain.material import Facts

_MAX_PAGES: Final = 500
_MAX_PAGES_WITH_PHOTOS: Final = 200
_MAX_NESTING: Final = 3
# Maps have a hundred thousand lines on a page, and looking at each takes microseconds.
_MAX_OBJECTS_OF_A_PAGE: Final = 1_000
_PASSWORD, _SECURITY = 4, 5  # FPDF_GetLastError in fpdfview.h

_Photo: TypeAlias = tuple[int, int, int]
"""Width, height and octets as stored: as good as its name, of which PDF keeps none."""


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
    photos: set[_Photo] = set()
    with pypdfium2.PdfDocument(file) as document:
        pages = len(document)
        if pages > _MAX_PAGES:
            raise Exceeded(Note.TOO_LARGE)
        for number in range(pages):
            page = document[number]
            _gather_page(page, gathered)
            if number < _MAX_PAGES_WITH_PHOTOS:
                photos.update(_photos(page))
            page.close()
    return replace(gathered.facts(pages=pages), photos_inside=len(photos))


def _gather_page(page: pypdfium2.PdfPage, gathered: Gathered) -> None:
    text = page.get_textpage()
    gathered.add(text.get_text_bounded())
    gathered.add("\n")
    text.close()


def _photos(page: pypdfium2.PdfPage) -> Iterator[_Photo]:
    """Told from headers, none decoded: the same stream on many pages has the same pixels and octets."""
    try:
        for shape in islice(page.get_objects(max_depth=_MAX_NESTING), _MAX_OBJECTS_OF_A_PAGE):
            if isinstance(shape, pypdfium2.PdfImage):
                width, height = shape.get_px_size()
                octets = int(raw.FPDFImageObj_GetImageDataRaw(shape, None, 0))
                if is_photo(width, height, octets):
                    yield width, height, octets
    except pypdfium2.PdfiumError:
        return  # a broken picture takes nothing from the text
