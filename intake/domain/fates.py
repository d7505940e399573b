"""Which requirement each material serves, and what becomes of it: counted, held, faulty, or kept beside with a reason.

There is no fourth fate: every material that comes in leaves as exactly one Assessment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from intake.domain.faults import find_faults
from intake.domain.finding import Finding, Severity
from intake.domain.harmful import harm_of
from intake.domain.material import NOT_ALL_READ, Condition, Examined, Scanned
from intake.domain.notice import Kind, Notice, Requirement
from intake.domain.submission import EntryState
from intake.domain.verdict import Assessment

PHOTO_LONG_SIDE = 400
"""Pixels. A raster below this, or below PHOTO_OCTETS, is a signature logo or a sticker, not a photo."""
PHOTO_OCTETS = 20_000

KEPT_FORMATS = frozenset({"txt", "html", "vcf", "ics", "p7s", "asc", "csv", "mp3", "m4a", "wav", "xml", "svg"})
"""Formats that nobody asks for and that hide nothing: kept, said, not counted."""

CONTAINERS = frozenset({"zip", "rar", "7z", "tar", "gz", "bz2", "xz", "tnef", "msg", "p7m", "eml"})
"""Formats that hold other files."""

REPACKABLE = frozenset({"deflate64", "method", "volumes"})
"""Why a container could not be opened though nothing is wrong with it: packed in a way that the sender can change."""

_ENDINGS = {
    Kind.DOCUMENT: ("docx", "doc", "wps", "pdf", "ofd", "rtf", "odt"),
    Kind.IMAGE: ("jpg", "jpeg", "png", "heic", "heif", "webp", "bmp", "gif", "tif", "tiff"),
    Kind.VIDEO: ("mp4", "mov", "m4v", "avi", "wmv", "mkv", "flv", "3gp", "mpg", "mpeg", "ts", "webm", "rmvb", "vob"),
}
_KIND_OF_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}


@dataclass(frozen=True, slots=True)
class Waived:
    """What staff decided to overlook: held materials (`holds`), or faults too, with the reason they gave."""

    holds: bool = False
    faults: bool = False
    reason: str = ""

    def finding(self, material: str | None = None, requirement: str | None = None) -> Finding:
        """What stays on record of it."""
        code, detail = ("accepted-by-staff", {"reason": self.reason}) if self.reason else ("released", {})
        return Finding(code, Severity.NOTE, detail, material, requirement)


NOTHING_WAIVED = Waived()


def assess(
    examined: Sequence[Examined], notice: Notice, have_report: frozenset[str], waived: Waived
) -> tuple[Assessment, ...]:
    """The fate of every material of one mail for one notice, before it is known what the unit already has.

    `have_report` holds the keys of document requirements that are met already: a document that does not
    call itself by the requirement's name is then an attachment, not a new version.
    """
    chosen = _chosen_documents(examined, notice, have_report)
    fates = (
        _scanned(_refused(each, notice, chosen.get(id(each))) or _fate(each, notice, chosen.get(id(each))))
        for each in examined
    )
    return tuple(_overlook(fate, waived) for fate in _without_repeats(fates))


def _scanned(fate: Assessment) -> Assessment:
    """What was not scanned, or not to its end, counts only when a person says so, who reads that it was not."""
    waits = fate.state in (EntryState.OK, EntryState.HELD)
    told = not_scanned(fate.examined, Severity.HOLD if waits else Severity.NOTE, fate.requirement)
    if not told:
        return fate
    return replace(fate, state=EntryState.HELD if waits else fate.state, findings=(*fate.findings, *told))


def not_scanned(
    each: Examined, severity: Severity = Severity.HOLD, requirement: str | None = None
) -> tuple[Finding, ...]:
    """The finding about a file that the scanner did not see, or not all of."""
    if each.scan.outcome not in (Scanned.PARTLY, Scanned.UNSCANNED):
        return ()
    detail = {"partly": each.scan.outcome is Scanned.PARTLY}
    return (Finding("not-scanned", severity, detail, each.material.sha256, requirement),)


def _refused(each: Examined, notice: Notice, document_for: Requirement | None) -> Assessment | None:
    """What is returned whatever it is for: malware, and what can act or leads elsewhere."""
    if each.scan.outcome is Scanned.INFECTED:
        return _infected(each, notice)
    harm = harm_of(each)
    if harm is None:
        return None
    refused = _at_fault(each, "format-not-accepted", format=each.facts.format, allowed="", harm=harm)
    return replace(refused, requirement=document_for.key if document_for else None)


def _infected(each: Examined, notice: Notice) -> Assessment:
    """No parser saw it: its name alone says what it was to be. What the scanner calls it is for staff."""
    kind = kind_of_name(each.material.filename)
    wanted = _best_named(each, [requirement for requirement in notice.requirements if requirement.kind is kind])
    return replace(_at_fault(each, "malware"), requirement=wanted.key if wanted else None)


def _fate(each: Examined, notice: Notice, document_for: Requirement | None) -> Assessment:
    kind = _kind(each)
    if kind is Kind.IMAGE and is_decoration(each):
        return _beside(each, "not-counted-decoration")
    if kind is Kind.DOCUMENT and document_for:
        return _against(each, document_for)
    if kind is Kind.DOCUMENT:
        return _more(each)
    if kind is Kind.OTHER:
        return _other(each)
    requirement = _best_named(each, [wanted for wanted in notice.requirements if wanted.kind is kind])
    return _against(each, requirement) if requirement else _beside(each, "kept-aside")


def _more(each: Examined) -> Assessment:
    """A document that nothing asks for."""
    if each.facts.condition is Condition.EMPTY:
        return _at_fault(each, "file-empty")
    if each.facts.note == NOT_ALL_READ:  # a marking may stand in it
        return _uninspected(each)
    return _beside(each, "kept-aside" if each.facts.format in KEPT_FORMATS else "extra-document")


def _kind(each: Examined) -> Kind:
    """The kind told by content; for content that tells nothing (empty, unknown) the name says what was meant."""
    if each.facts.kind is not Kind.OTHER or each.facts.format not in ("empty", "unknown"):
        return each.facts.kind
    return kind_of_name(each.material.filename)


def kind_of_name(filename: str) -> Kind:
    """The kind that a file's name promises; OTHER when it promises nothing."""
    return _KIND_OF_ENDING.get(filename.rpartition(".")[2].lower(), Kind.OTHER)


def is_decoration(each: Examined) -> bool:
    """Whether a picture is a signature logo or a sticker."""
    facts = each.facts
    if facts.kind is not Kind.IMAGE or facts.condition is not Condition.SOUND or not facts.width or not facts.height:
        return False
    return max(facts.width, facts.height) < PHOTO_LONG_SIDE or each.material.size < PHOTO_OCTETS


def _other(each: Examined) -> Assessment:
    facts = each.facts
    if facts.condition is Condition.EMPTY:
        return _at_fault(each, "file-empty")
    if facts.format in CONTAINERS and facts.condition is not Condition.UNMEASURED:
        return _container(each)
    if facts.format in CONTAINERS and facts.note.partition(":")[0] in REPACKABLE:
        return _at_fault(each, "archive-refused", reason=facts.note)
    if facts.format in KEPT_FORMATS:
        return _beside(each, "kept-aside")
    return _uninspected(each)


def _uninspected(each: Examined) -> Assessment:
    finding = Finding("not-inspected", Severity.HOLD, {"format": each.facts.format}, each.material.sha256)
    return Assessment(each, state=EntryState.HELD, findings=(finding,))


def _container(each: Examined) -> Assessment:
    """What was inside an opened container is judged for itself; one that stays shut must be sent otherwise."""
    match each.facts.condition:
        case Condition.LOCKED:
            return _at_fault(each, "file-locked")
        case Condition.DAMAGED:
            return _at_fault(each, "file-damaged")
        case Condition.REFUSED:
            return _at_fault(each, "archive-refused", reason=each.facts.note)
        case _:
            return _beside(each, "unpacked")


def _at_fault(each: Examined, code: str, **detail: str) -> Assessment:
    finding = Finding(code, Severity.FAULT, detail, each.material.sha256)
    return Assessment(each, state=EntryState.FAULTY, findings=(finding,))


def _against(each: Examined, requirement: Requirement) -> Assessment:
    """Ask every reason. A fault outweighs a hold: what must be repaired anyway need not be looked at."""
    named = _with_damage_by_name(each)
    findings = tuple(find_faults(named, requirement))
    severities = {finding.severity for finding in findings}
    state = (
        EntryState.FAULTY
        if Severity.FAULT in severities
        else EntryState.HELD if Severity.HOLD in severities else EntryState.OK
    )  # fmt: skip
    return Assessment(each, requirement.key, state, findings=findings)


def _with_damage_by_name(each: Examined) -> Examined:
    """Content that is nothing known, under a name that promises something, is a damaged file."""
    if each.facts.format == "unknown" and each.facts.condition is Condition.SOUND:
        return replace(each, facts=replace(each.facts, condition=Condition.DAMAGED))
    return each


def _beside(each: Examined, code: str) -> Assessment:
    return Assessment(each, findings=(Finding(code, Severity.NOTE, {}, each.material.sha256),))


def _chosen_documents(
    examined: Sequence[Examined], notice: Notice, have_report: frozenset[str]
) -> dict[int, Requirement]:
    """Which document serves which document requirement, by id() of the Examined: the best named one each."""
    chosen: dict[int, Requirement] = {}
    documents = [each for each in examined if _kind(each) is Kind.DOCUMENT]
    for requirement in notice.requirements:
        if requirement.kind is not Kind.DOCUMENT:
            continue
        ranked = sorted(
            (each for each in documents if id(each) not in chosen and _eligible(each, requirement, have_report)),
            key=lambda each: _rank(each, requirement),
            reverse=True,
        )
        chosen |= {id(each): requirement for each in ranked[: requirement.minimum]}
    return chosen


def _eligible(each: Examined, requirement: Requirement, have_report: frozenset[str]) -> bool:
    """A document serves by its name or title, and without either while nothing better is there.

    In a format that is not accepted it must be called so by its file name: then somebody meant it. The text of a
    forwarded mail only speaks of a report.
    """
    fit = each.facts.format in requirement.formats or each.facts.format in ("empty", "unknown")
    if not fit:
        return requirement.name[:2] in each.material.filename
    return bool(_name_score(each, requirement)) or requirement.key not in have_report


def _rank(each: Examined, requirement: Requirement) -> tuple[bool, bool, int, int]:
    facts = each.facts
    sound = facts.condition in (Condition.SOUND, Condition.UNMEASURED)
    return sound, facts.format in requirement.formats, _name_score(each, requirement), facts.text_length or 0


TITLE = 200
"""Characters at the head of a document in which its title stands."""


def _name_score(each: Examined, requirement: Requirement) -> int:
    """3: the file name has the whole name; 2: the title has; 1: either has its first word ("总结" of "总结报告")."""
    name, title, origin = requirement.name, each.facts.text[:TITLE], each.material.origin
    if name in origin:
        return 3
    if name in title:
        return 2
    return int(name[:2] in origin or name[:2] in title)


def _best_named(each: Examined, requirements: Sequence[Requirement]) -> Requirement | None:
    """Among requirements of one kind the one that the file's name calls, else the first."""
    for requirement in requirements:
        if requirement.name in each.material.origin:
            return requirement
    return requirements[0] if requirements else None


def _without_repeats(fates: Iterable[Assessment]) -> Iterable[Assessment]:
    """The same octets twice in one mail count once."""
    seen: set[str] = set()
    for fate in fates:
        sha256 = fate.examined.material.sha256
        if fate.state is EntryState.OK and sha256 in seen:
            yield _beside(fate.examined, "duplicate")
            continue
        seen.add(sha256)
        yield fate


def _overlook(fate: Assessment, waived: Waived) -> Assessment:
    """Turn what staff decided to overlook into notes; a material that serves no requirement stays beside."""
    if not waived.holds or fate.state not in (EntryState.HELD, EntryState.FAULTY):
        return fate
    if fate.examined.scan.outcome is Scanned.INFECTED:  # nobody may let malware count
        return fate
    if fate.state is EntryState.FAULTY and not waived.faults:
        return fate
    notes = tuple(
        replace(finding, severity=Severity.NOTE) for finding in fate.findings
    )  # what was measured stays on record
    note = waived.finding(fate.examined.material.sha256, fate.requirement)
    return replace(fate, state=EntryState.OK if fate.requirement else None, findings=(*notes, note))
