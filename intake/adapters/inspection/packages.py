"""Text of documents that are zip files of XML: docx, odt, ofd.

Own code on zipfile and expat instead of python-docx, markitdown or docx2txt: the inflated size, the depth and the
text are capped, and no DTD is read, where those took 2-6 GB or more than a minute for a 6 MB bomb.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, Final
from xml.parsers import expat

from intake.adapters.inspection.carried import photos_in
from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked, Note
from intake.adapters.inspection.seeker import PART, Seeker
from intake.adapters.inspection.sniff import OLE_MAGIC
from intake.adapters.inspection.text import Gathered
from intake.domain.material import Condition, Facts

_MAX_ENTRIES: Final = 5_000
_MAX_INFLATED: Final = 64 << 20
_MAX_DEPTH: Final = 256
_MAX_PAGES: Final = 2_000
_CHUNK: Final = 64 << 10
_OPAQUE_FLAG: Final = 0x1

_PICTURES: Final = re.compile(r"(?i)word/media/.+|Pictures/.+|Doc_[^/]+/(.+/)?Res/.+")


@dataclass(frozen=True)
class _Vocabulary:
    """Which elements hold text, which end a line, and which hide all they contain. Local names."""

    text: frozenset[str]
    lines: frozenset[str]
    spaces: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


# Fallback repeats, for old programs, what the Choice beside it says.
_WORD = _Vocabulary(frozenset({"t"}), frozenset({"p", "br", "cr"}), frozenset({"tab", "tc"}), frozenset({"Fallback"}))
_OPEN_DOCUMENT = _Vocabulary(
    frozenset({"p", "h"}), frozenset({"p", "h", "line-break"}), frozenset({"s", "tab"}), frozenset({"tracked-changes"})
)
_OFD_PAGE = _Vocabulary(frozenset({"TextCode"}), frozenset({"TextObject"}))

_MAX_SOUGHT: Final = 16 << 20
"""Octets of parts, inflated, behind which no further part is looked through for markings."""

_Start = Callable[[str, dict[str, str]], None]


class _Package:
    """An open zip whose parts are read in pieces, all of them together no more than 64 MiB inflated."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._inflated = 0
        infos = archive.infolist()
        if len(infos) > _MAX_ENTRIES:
            raise Exceeded(Note.TOO_LARGE)
        self._infos = {info.filename: info for info in infos}

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def completed(self, facts: Facts) -> Facts:
        """The facts of a text, together with what else the package carries."""
        pictures = (info for name, info in self._infos.items() if _PICTURES.fullmatch(name))
        photos = photos_in(self._archive, pictures) if facts.condition is Condition.SOUND else 0
        facts = replace(facts, photos_inside=photos)
        self._inflated, left = 0, _MAX_SOUGHT  # however much the text was
        for name, info in self._infos.items():
            if PART.fullmatch(name) and not facts.marked:
                facts = self._sought(name, facts) if left > 0 else _not_all_read(facts)
                left -= info.file_size
        return facts

    def _sought(self, part: str, facts: Facts) -> Facts:
        """Look for a marking in a part. One that cannot be read takes nothing from the text; what was read of it is
        looked at all the same.
        """
        seeker = Seeker(part)
        with suppress(*_BROKEN, Damaged, Locked):
            try:
                _parse(self, part, seeker.start, seeker.end, seeker.characters)
            except Exceeded:
                facts = _not_all_read(facts)
        return replace(facts, marked=seeker.found())

    def pieces(self, name: str) -> Iterator[bytes]:
        info = self._infos.get(name)
        if info is None:
            raise Damaged(Note.UNREADABLE)
        if info.flag_bits & _OPAQUE_FLAG:
            raise Locked
        with self._archive.open(info) as part:
            while piece := part.read(_CHUNK):
                self._inflated += len(piece)
                if self._inflated > _MAX_INFLATED:
                    raise Exceeded(Note.TOO_LARGE)
                yield piece


# ValueError covers undecodable names, RuntimeError covers NotImplementedError for unknown compression.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError, ValueError, RuntimeError)


def _not_all_read(facts: Facts) -> Facts:
    """A part was skipped, in which a marking may stand: a person has to look."""
    if facts.condition is not Condition.SOUND:
        return facts
    return replace(facts, condition=Condition.UNMEASURED, note=Note.NOT_ALL_READ)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[_Package]:
    """Every way in which zipfile, zlib and expat report a broken file, as Damaged."""
    if file.read(len(OLE_MAGIC)) == OLE_MAGIC:
        raise Locked  # a package that is no zip file has been encrypted whole: [MS-OFFCRYPTO] section 2.3.1
    try:
        with zipfile.ZipFile(file) as archive:
            yield _Package(archive)
    except _BROKEN as error:
        raise Damaged(Note.UNREADABLE) from error


def measure(file: BinaryIO, name: str) -> Facts:
    """Facts of a document of format `name`; raises Locked, Damaged, Exceeded."""
    with _opened(file) as package:
        return package.completed(_told(_TEXTS.get(name, _untold), package))


def _told(text: Callable[[_Package], Facts], package: _Package) -> Facts:
    """The facts of the text; of one that cannot be told there still are other parts to look at."""
    try:
        return text(package)
    except Exceeded as exceeded:
        return Facts(Condition.UNMEASURED, note=str(exceeded), marked=exceeded.marked)
    except Damaged as damaged:
        return Facts(Condition.DAMAGED, note=str(damaged))
    except _BROKEN:
        return Facts(Condition.DAMAGED, note=Note.UNREADABLE)


def _docx(package: _Package) -> Facts:
    """ISO/IEC 29500-2 section 8.3: the package relationships name the main part, mostly word/document.xml."""
    gathered = Gathered()
    _gather(package, _main_part(package), _WORD, gathered)
    return gathered.facts()


def _odt(package: _Package) -> Facts:
    gathered = Gathered()
    _gather(package, "content.xml", _OPEN_DOCUMENT, gathered)
    return gathered.facts()


def _ofd(package: _Package) -> Facts:
    """GB/T 33190-2016: OFD.xml names documents, a document names its pages, pages hold TextCode elements."""
    gathered = Gathered()
    pages = [page for root in _ofd_roots(package) for page in _ofd_pages(package, root)]
    if len(pages) > _MAX_PAGES:
        raise Exceeded(Note.TOO_LARGE)
    for page in pages:
        _gather(package, page, _OFD_PAGE, gathered)
    return gathered.facts(pages=len(pages))


def _untold(_: _Package) -> Facts:
    """Packages whose text nobody asks for (tables, slides): that their directory can be read, and what it lists."""
    return Facts(Condition.SOUND)


_TEXTS: Final[dict[str, Callable[[_Package], Facts]]] = {"docx": _docx, "docm": _docx, "odt": _odt, "ofd": _ofd}


def _main_part(package: _Package) -> str:
    usual = "word/document.xml"
    if usual in package:
        return usual
    targets: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/officeDocument"):
            targets.append(attributes.get("Target", "").lstrip("/"))

    _parse(package, "_rels/.rels", start)
    return targets[0] if targets else usual


def _ofd_roots(package: _Package) -> list[str]:
    gathered = Gathered()
    _gather(package, "OFD.xml", _Vocabulary(frozenset({"DocRoot"}), frozenset({"DocRoot"})), gathered)
    return [root.lstrip("/") for root in gathered.facts().text.split("\n") if root]


def _ofd_pages(package: _Package, root: str) -> list[str]:
    folder = posixpath.dirname(root)
    pages: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Page" and (location := attributes.get("BaseLoc")):
            pages.append(location[1:] if location.startswith("/") else posixpath.join(folder, location))

    _parse(package, root, start)
    return pages


class _Listener:
    """Handlers that append the text of one XML part, in the words of its vocabulary."""

    def __init__(self, words: _Vocabulary, gathered: Gathered) -> None:
        self._words = words
        self._gathered = gathered
        self._inside = 0
        self._hidden = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        self._hidden += name in self._words.hidden
        self._inside += name in self._words.text
        if name in self._words.spaces:
            self._say("\t")

    def end(self, name: str) -> None:
        self._hidden -= name in self._words.hidden
        self._inside -= name in self._words.text
        if name in self._words.lines:
            self._say("\n")

    def characters(self, text: str) -> None:
        if self._inside:
            self._say(text)

    def _say(self, text: str) -> None:
        if not self._hidden:
            self._gathered.add(text)


def _gather(package: _Package, part: str, words: _Vocabulary, gathered: Gathered) -> None:
    listener = _Listener(words, gathered)
    _parse(package, part, listener.start, listener.end, listener.characters)


def _parse(
    package: _Package,
    part: str,
    start: _Start,
    end: Callable[[str], None] = lambda _: None,
    characters: Callable[[str], None] = lambda _: None,
) -> None:
    """Run expat over a part: handlers get local names; a DTD is refused, deep nesting too."""
    depth = 0

    def enter(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise Exceeded(Note.TOO_LARGE)
        start(name.rpartition(" ")[2], attributes)

    def leave(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(" ")[2])

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = enter, leave
    parser.CharacterDataHandler = characters
    for piece in package.pieces(part):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _refuse_doctype(*_: object) -> None:
    """No DTD, hence no entities: neither exponential growth nor other files' content."""
    raise Damaged(Note.DTD)
