"""A report that came in without what says who a person is: MSK where the standard allows it, texts scrubbed, files and
what the standard does not know left out."""
from __future__ import annotations

from traceapp.export.case_report import Finding, PartialDate
from traceapp.export.masking import Scrub, scrubber_of

from .dates import read_date
from .elements import elements
from .model import Icsr, Section, Value

_MASK = "MSK"
# Texts of this length and more are written freely; shorter ones are names of things, codes and numbers.
_FREE = 250
_NAMES = (("C.2.r.1.2", "C.2.r.1.3", "C.2.r.1.4"), ("D.10.1",))
_NUMBERS = ("C.2.r.2.3", "C.2.r.2.7", "FDA.C.2.r.2.8", "D.CN.5", "D.1.1.1", "D.1.1.2", "D.1.1.3", "D.1.1.4")
_INITIALS = "D.1"
# Attributes that say how a value is meant and can name nobody.
_HARMLESS = frozenset({"code", "root", "xsi:type", "codeSystem", "codeSystemVersion", "typeCode", "classCode",
                       "moodCode", "determinerCode", "nullFlavor", "unit", "operator", "inclusive", "inversionInd"})


def mask_report(report: Icsr) -> list[Finding]:
    """Take out of the report who its persons are; answers what was left out whole."""
    scrub = _scrubber(report)
    files = pieces = 0
    for section in report.walk():
        files += _drop_files(section)
        pieces += len(section.kept)
        section.kept.clear()
        section.marks = {path: marks and tuple(one for one in marks if one[1] is None or one[0] in _HARMLESS)
                         for path, marks in section.marks.items()}
        for element, value in section.values.items():
            section.values[element] = _masked(element, value, scrub)
    return [*_left_out("C.1.6.1.r.2", "files-left-out", "Attached files were left out (%(count)s): they may name "
                       "persons.", files),
            *_left_out("/", "pieces-left-out", "Parts that E2B(R3) does not know were left out (%(count)s): they may "
                       "name persons.", pieces)]


def _left_out(element: str, code: str, text: str, count: int) -> list[Finding]:
    return [Finding(element, code, text, is_error=False, values={"count": count})] if count else []


def _masked(element: str, value: Value, scrub: Scrub) -> Value:
    known = elements().get(element)
    if known is None or not value.text:
        return value
    if _MASK in known.nulls:
        return Value(None, _MASK, value.place)
    if known.kind == "text" and (known.length or _FREE) >= _FREE:
        return Value(scrub(value.text), value.null, value.place)
    return value


def _drop_files(section: Section) -> int:
    """Take the files out of a section; answers how many there were."""
    data = [element for element in section.values if (known := elements().get(element)) and known.kind == "data"]
    for element in data:
        for name in [one for one in section.values if one == element or one.startswith(f"{element}.")]:
            del section.values[name]
    return len(data)


def _scrubber(report: Icsr) -> Scrub:
    """Answers texts without the names, numbers and addresses that the report itself gives of its persons."""
    every = [(element, value.text) for section in report.walk() for element, value in section.values.items()
             if value.text]
    names = [" ".join(filter(None, map(section.text, parts))) for section in report.walk() for parts in _NAMES]
    numbers = [text for element, text in every if element in _NUMBERS]
    initials = report.text(_INITIALS)
    if len(initials.split()) > 1 or len(initials) > 3:
        names.append(initials)
    born = read_date(report.text("D.2.1"))
    return scrubber_of(names, numbers, initials, PartialDate(born.date(), "day") if born else None)
