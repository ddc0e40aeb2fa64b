"""The incident report as XML, checked by its table of elements and by a schema where one is. Pure.

Source of names, order, lengths and words: the Commission's schemas of May 2020 for initial and final reports, version
7.2.1. The schemas do not ship; `schema_dir` is where the user keeps them. None of 7.3.1 is known here: its XML has the
names of 7.2.1 and the one field more, and says so.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from traceapp.export.case_report import CaseReport, Finding
from traceapp.export.form_fields import FormField, FormTable, Value, options_of, read_rows, ticked, value_of, words_of

from .readers import READERS, is_closed, is_final, is_first, report_type, submitter
from .similar import period, years_of
from .tables import PACKAGE, mir_table

if TYPE_CHECKING:
    from lxml import etree

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_VERSIONS = {"7.2.1": "V5.0 2018-05-30"}
_SCHEMAS = {"initial": "Initial", "followup": "Followup", "combined": "InitialFinal", "final": "FinalRep",
            "nonreportable": "FinalNonRep"}
_REPORTERS = {"manufacturer": "reporterMfr", "representative": "reporterAR"}
_LENGTHS = {"n50": 50, "n200": 200, "s50": 50, "s200": 200, "s255": 255, "s300": 300, "s1000": 1000, "s2000": 2000,
            "s4000": 4000, "code7": 7, "code8": 8}
_SHAPES = {"digits": re.compile(r"\d+"), "country": re.compile(r"[A-Z]{2}"), "int": re.compile(r"\d+"),
           "date": re.compile(r"\d{4}-\d\d-\d\d"), "decimal": re.compile(r"\d+(\.\d+)?")}
# The annex of each list of codes, and its code for “appropriate term or code not available”, which stands beside a
# reason; annex B has none. Source: IMDRF N43, annexes A to G.
_ANNEXES = {"imdrfCodeChoice": "A", "imdrfClinicalCodeChoice": "E", "imdrfHealthCodeChoice": "F",
            "imdrfTypeInvestigationCodeChoice": "B", "imdrfInvestigationFindingsCodeChoice": "C",
            "imdrfInvestigationConclusionCodeChoice": "D", "imdrfComponentCodeChoice": "G"}
_NO_CODE = {"A": "A27", "C": "C22", "D": "D17", "E": "E2402", "F": "F28", "G": "G07002"}
# The place among equals, and the number at the end of the names of codes.
_COUNTED = re.compile(r"\[\d+\]$|(?<=CodeChoice)\d+$")
_CONTROLS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `kind` its type, `most` how often it may stand there, `need` when it must; `key` is a field of the
    form, or `=name` a reader; `only` the version that alone has it."""

    path: str
    kind: str
    most: int
    need: str
    key: str
    only: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@cache
def elements(version: str = "7.2.1") -> tuple[Element, ...]:
    """The elements of a version in the order of the schema."""
    return tuple(Element(row["path"], row["type"], int(row["most"]), row["need"], row["key"], row["only"])
                 for row in read_rows(PACKAGE, "xml.csv") if row["only"] in ("", version))


def mir_xml(case: CaseReport, version: str = "7.2.1") -> tuple[bytes, tuple[Finding, ...]]:
    """The document, and what its own table of elements says against it."""
    from lxml import etree

    root = etree.Element("incident", nsmap={"xsi": _XSI})
    root.set("version", _VERSIONS.get(version, version))
    root.set(f"{{{_XSI}}}noNamespaceSchemaLocation", schema_name(case, version))
    root.set("sCreateTimeStamp", case.head.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    root.set("sFormLanguage", case.event.language or "en")
    findings: list[Finding] = []
    table = mir_table(version)
    fields = {field.key: field for field in table.fields}
    for element in elements(version):
        if element.path.startswith("other_reporting_info"):
            _add_similar(root, case)
        texts = [_CONTROLS.sub("", text) for text in _texts(case, element, fields, table)]
        findings += _faults(case, element, texts, fields)
        for number, text in enumerate(texts[:element.most], 1):
            _place(root, element, case, number).text = text
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data, tuple(findings)


def schema_name(case: CaseReport, version: str = "7.2.1") -> str:
    """The schema of this type of report."""
    return f"incident-{_SCHEMAS[report_type(case)]}-v{version}.xsd"


def _texts(case: CaseReport, element: Element, fields: dict[str, FormField], table: FormTable) -> list[str]:
    """What stands in the element, each repetition by itself; nothing where nothing is known."""
    if element.key.startswith("="):
        return _split(READERS[element.key[1:]](case, "en"))
    field = fields[element.key]
    value = value_of(case, field, table, "en")
    if field.kind == "terms" and isinstance(value, tuple):
        codes = [term.code for term in value if not isinstance(term, str) and term.system == "imdrf"]
        annex = _ANNEXES.get(element.name, "")
        return codes or ([_NO_CODE[annex]] if annex in _NO_CODE and case.assessment.uncoded_reasons.get(annex) else [])
    if field.kind == "yesno":
        return [] if value is None else ["Yes" if value else "No"]
    if options := options_of(field, table):
        return [english for code, _, english in options if code in ticked(value)][:1]
    return _split(words_of(value, "en"))


def _split(value: Value) -> list[str]:
    if isinstance(value, tuple):
        return [words_of(one, "en") for one in value]
    text = words_of(value, "en")
    return [text] if text else []


def _is_needed(case: CaseReport, need: str) -> bool:
    return {"always": True, "later": not is_first(case), "open": not is_closed(case), "final": is_final(case),
            "nonreportable": report_type(case) == "nonreportable", "": False}[need]


def _faults(case: CaseReport, element: Element, texts: Sequence[str],
            fields: dict[str, FormField]) -> Iterator[Finding]:
    place = fields[element.key].number if element.key in fields else element.name
    if _is_needed(case, element.need) and not texts:
        yield Finding(place, "xml-missing", "The XML needs “%(element)s”.", values={"element": element.name})
    if element.name in _ANNEXES and len(texts) > element.most:
        yield Finding(place, "xml-too-many", "The XML takes %(most)s of the %(count)s codes: the first ones.",
                      is_error=False, values={"most": element.most, "count": len(texts)})
    for text in texts:
        if len(text) > _LENGTHS.get(element.kind, len(text)):
            yield Finding(place, "xml-too-long", "“%(element)s” has %(length)s characters; %(most)s are allowed.",
                          values={"element": element.name, "length": len(text), "most": _LENGTHS[element.kind]})
        if element.kind in _SHAPES and not _SHAPES[element.kind].fullmatch(text):
            yield Finding(place, "xml-not-allowed", "“%(text)s” cannot stand in “%(element)s”.",
                          values={"element": element.name, "text": text[:40]})


def _place(root: etree._Element, element: Element, case: CaseReport, number: int) -> etree._Element:
    """A new element at its path; parents are made when they are first needed."""
    from lxml import etree

    parent = root
    *above, name = element.path.replace("@", _REPORTERS[submitter(case)]).split("/")
    for step in above:
        last = parent[-1] if len(parent) and parent[-1].tag == step else None
        parent = last if last is not None else etree.SubElement(parent, step)
    return etree.SubElement(parent, f"{name}{number}" if name.endswith("CodeChoice") else name)


def _add_similar(root: etree._Element, case: CaseReport) -> None:
    """Counts and units of this year and the three before, after all else of the analysis."""
    from lxml import etree

    analysis = root.find("mfr_invest")
    if analysis is None:
        analysis = etree.SubElement(root, "mfr_invest")
    if not case.similar and not is_final(case):
        return
    similar = etree.SubElement(analysis, "similarIncidents")
    for name, text in (("similarIncImdrfCodesAnnexA", "Yes" if case.assessment.problem_codes else "No"),
                       ("similarIncImdrfCodesAnnexC", "Yes" if case.assessment.finding_codes else "No"),
                       ("similarVariant", "Other"), ("similarVariantDetails", case.similar_basis[:4000]),
                       ("numberBasedOn", "Units distributed within each time period")):
        if text:
            etree.SubElement(similar, name).text = _CONTROLS.sub("", text)
    for back, year in enumerate(years_of(case)):
        _add_period(etree.SubElement(similar, f"timePeriodN{f'-{back}' if back else ''}"), case, year)


def _add_period(parent: etree._Element, case: CaseReport, year: int) -> None:
    from lxml import etree

    made = case.head.created_at.astimezone(UTC).date()
    etree.SubElement(parent, "startDate").text = date(year, 1, 1).isoformat()
    etree.SubElement(parent, "endDate").text = min(date(year, 12, 31), made).isoformat()
    held = [(prefix, period(case, year, region)) for prefix, region in (
        ("country", case.event.country), ("eeaChTr", "EEA"), ("world", "world"))]
    for prefix, one in held:
        if one.incidents is not None:
            etree.SubElement(parent, f"{prefix}SimInc").text = str(one.incidents)
    for prefix, one in held:
        if one.units is not None:
            etree.SubElement(parent, f"{prefix}SimDev").text = str(int(one.units))


def schema_findings(case: CaseReport, data: bytes, schema_dir: Path | None,
                    version: str = "7.2.1") -> Iterator[Finding]:
    """What the schema says against the document, by the number of the section; where there is none, that it could not
    be checked."""
    path = _schema_path(case, schema_dir, version)
    if path is None:
        yield Finding("XML", "no-schema",
                      "The XML was not checked by a schema: %(file)s is not there. Set %(setting)s.", is_error=False,
                      values={"file": schema_name(case, version), "setting": "TRACEAPP_MIR_XSD_DIR"})
        return
    from lxml import etree

    try:
        schema = _schema(path, path.stat().st_mtime_ns)
    except etree.LxmlError as error:
        yield Finding("XML", "bad-schema", "The schema %(name)s cannot be used: %(reason)s",
                      values={"name": path.name, "reason": str(error)[:200]})
        return
    if not schema.validate(etree.fromstring(data, _parser())):
        numbers = _numbers(version)
        for fault in list(schema.error_log)[:20]:
            name = _COUNTED.sub("", (fault.path or "").rpartition("/")[2])
            yield Finding(numbers.get(name, "XML"), "schema", "Line %(line)s, %(element)s: %(message)s",
                          values={"line": fault.line, "element": name or "/", "message": fault.message})


def _schema_path(case: CaseReport, schema_dir: Path | None, version: str) -> Path | None:
    """The schema of this type of report and version; where none has its name, the one that is for the version."""
    if schema_dir is None:
        return None
    named = schema_dir / schema_name(case, version)
    if named.is_file():
        return named
    others = [one for one in sorted(schema_dir.glob(f"*{version}*.xsd")) if not one.name.startswith("incident-")]
    return others[0] if len(others) == 1 else None


@cache
def _numbers(version: str) -> dict[str, str]:
    """The number of the section of each element."""
    fields = {field.key: field.number for field in mir_table(version).fields}
    sections: dict[str, str] = {}
    for element in elements(version):
        if element.key in fields:
            sections.setdefault(element.path.rpartition("/")[0], fields[element.key])
    return {element.name: fields.get(element.key) or sections.get(element.path.rpartition("/")[0], "XML")
            for element in elements(version)}


@lru_cache(maxsize=8)
def _schema(path: Path, _changed: int) -> etree.XMLSchema:
    from lxml import etree

    return etree.XMLSchema(etree.parse(str(path), _parser()))


def _parser() -> etree.XMLParser:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
