"""Text of documents that are zip files of XML: docx, odt, ofd.

Own code on zipfile and expat instead of python-docx, markitdown or docx2txt: the inflated size, the depth and the
text are capped, and no DTD is read, where those took 2-6 GB or more than a minute for a 6 MB bomb.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final
from xml.parsers import expat

from intake.adapters.inspection.carried import photos_in
from intake.adapters.inspection.outcome import Damaged, Exceeded, Locked, Note
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
    """Which elements hold text, which end a line, and which hide all they contain. Local names.

    `said` are the attributes, by their element, whose values are read like text.
    """

    text: frozenset[str]
    lines: frozenset[str]
    spaces: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    said: Mapping[str, str] = field(default_factory=dict)


# Fallback repeats, for old programs, what the Choice beside it says.
_WORD = _Vocabulary(frozenset({"t"}), frozenset({"p", "br", "cr"}), frozenset({"tab", "tc"}), frozenset({"Fallback"}))
_OPEN_DOCUMENT = _Vocabulary(
    frozenset({"p", "h"}), frozenset({"p", "h", "line-break"}), frozenset({"s", "tab"}), frozenset({"tracked-changes"})
)
_OFD_PAGE = _Vocabulary(frozenset({"TextCode"}), frozenset({"TextObject"}))

# Where text stands that is not the paper's own, and where markings do: headers, notes, cells, slides, templates.
_ASIDE: Final = re.compile(
    r"(?i)word/(header|footer|footnotes|endnotes|comments|(glossary|diagrams|charts)/[^/]+?)\d*\.xml"
    r"|xl/(sharedStrings|workbook|comments\d*|(worksheets|drawings|diagrams|charts)/[^/]+)\.xml"
    r"|ppt/(slides|slideMasters|slideLayouts|notesSlides|handoutMasters|notesMasters|comments|diagrams|charts)/[^/]+\.xml"
    r"|docProps/(core|app|custom)\.xml|(styles|content|meta)\.xml|Doc_[^/]+/.+/Content\.xml"
)
_PROPERTIES: Final = frozenset(
    {"title", "subject", "keywords", "description", "category", "Company", "lpwstr", "keyword"}
)
_MAX_ASIDE: Final = 16 << 20
_RUNNING: Final = frozenset({"oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"})
_ANY = _Vocabulary(
    _RUNNING | _PROPERTIES | {"t", "p", "h", "TextCode", "delText"},
    _RUNNING | _PROPERTIES | {"p", "h", "br", "si", "c", "comment", "TextObject", "textpath", "sheet", "table"},
    hidden=frozenset({"tracked-changes"}),
    said={"textpath": "string", "sheet": "name", "table": "name"},
)

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
        secret = facts.marked or self._marked_aside()
        return replace(facts, photos_inside=photos_in(self._archive, pictures), marked=secret)

    def _marked_aside(self) -> bool:
        """Whether a marking stands beside the text. A part that cannot be read here takes nothing from the text; what
        was read of it, and of one that is too large, is looked at all the same.
        """
        left = _MAX_ASIDE
        for name, info in self._infos.items():
            if _ASIDE.fullmatch(name) and left > 0:
                left -= info.file_size
                gathered = Gathered()
                with suppress(*_BROKEN, Damaged, Exceeded, Locked):
                    _gather(self, name, _ANY, gathered)
                if gathered.is_marked(head=name.lower().startswith(("word/", "ppt/"))):
                    return True
        return False

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
    return _MEASURES.get(name, _unread)(file)


def _docx(file: BinaryIO) -> Facts:
    """ISO/IEC 29500-2 section 8.3: the package relationships name the main part, mostly word/document.xml."""
    gathered = Gathered()
    with _opened(file) as package:
        _gather(package, _main_part(package), _WORD, gathered)
        return package.completed(gathered.facts())


def _odt(file: BinaryIO) -> Facts:
    gathered = Gathered()
    with _opened(file) as package:
        _gather(package, "content.xml", _OPEN_DOCUMENT, gathered)
        return package.completed(gathered.facts())


def _ofd(file: BinaryIO) -> Facts:
    """GB/T 33190-2016: OFD.xml names documents, a document names its pages, pages hold TextCode elements."""
    gathered = Gathered()
    with _opened(file) as package:
        pages = [page for root in _ofd_roots(package) for page in _ofd_pages(package, root)]
        if len(pages) > _MAX_PAGES:
            raise Exceeded(Note.TOO_LARGE)
        for page in pages:
            _gather(package, page, _OFD_PAGE, gathered)
        return package.completed(gathered.facts(pages=len(pages)))


def _unread(file: BinaryIO) -> Facts:
    """Packages whose text nobody asks for (tables, slides): that their directory can be read, and what it lists."""
    with _opened(file) as package:
        return package.completed(Facts(Condition.SOUND))


_MEASURES: Final[dict[str, Callable[[BinaryIO], Facts]]] = {"docx": _docx, "docm": _docx, "odt": _odt, "ofd": _ofd}


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

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._hidden += name in self._words.hidden
        self._inside += name in self._words.text
        if name in self._words.spaces:
            self._say("\t")
        if wanted := self._words.said.get(name):
            said = (value for key, value in attributes.items() if key.rpartition(" ")[2] == wanted)
            self._say("\n" + "\n".join(said))

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
