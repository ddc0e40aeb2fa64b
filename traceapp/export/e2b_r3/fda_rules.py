"""The rules of the FDA for reports sent to it, by its own numbers, as far as a message alone can tell.

What needs the FDA's registers is not asked (R0105, R0106, W0008, W0009, W0012); nor R0004 and R0005, which know by
which door a message came. The elements of R0072 and W0006 have no published place and are looked for where similar ones
stand; that the one of R0072 is missing only warns. Rules that say when a single
element must stand are in `data/elements.csv`.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from traceapp.export.case_report import Finding

from .model import Section
from .places import Place, places
from .rules import without_patient

_IND = ("CDER_IND", "CBER_IND")
_BIOEQUIVALENCE = "CDER_IND_EXEMPT_BA_BE"
_NO_ADVERSE_EVENT = "10067482"
# Of an application, without anything before it.
_NUMBER = re.compile(r"\d{6}", re.ASCII)


class Facts:
    """What of a report decides which rules look at it. `earlier`: ids of reports sent before, None where not known."""

    def __init__(self, place: Place, batch: Section, earlier: Collection[str] | None) -> None:
        report = place.section
        self.report = report
        self.text = report.text
        self.is_post = batch.text("N.1.4") == "ZZFDA"
        self.is_pre = batch.text("N.1.4") == "ZZFDA_PREMKT"
        self.center = report.text("N.2.r.3")
        self.kind = report.text("C.1.3")
        self.study = report.text("C.5.4")
        self.is_expedited = report.text("C.1.7") == "true"
        self.is_combined = report.text("FDA.C.1.12") == "true"
        self.local = report.text("FDA.C.1.7.1")
        self.is_initial = earlier is not None and report.text("C.1.1") not in earlier
        self.is_ind = self.is_pre and self.center in _IND
        self.has_ind = report.has("FDA.C.5.5a")
        self.has_pre_anda = report.has("FDA.C.5.5b")
        self.drugs = report.each("G.k")
        self.devices = [device for drug in self.drugs for device in drug.each("FDA.G.k.12.r")]
        self.races = report.each("FDA.D.11.r") + report.each("FDA.D.11.r.code")
        self.is_aggregate = report.text("D.1") == "AGGREGATE"
        self.batch_sender = batch.text("N.1.3")

    @property
    def has_malfunction(self) -> bool:
        return any(_fails(drug) for drug in self.drugs)

    @property
    def has_no_adverse_event(self) -> bool:
        reactions = self.report.each("E.i")
        return bool(reactions) and all(reaction.text("E.i.2.1b") == _NO_ADVERSE_EVENT for reaction in reactions)

    @property
    def roles(self) -> list[str]:
        return [drug.text("G.k.1") for drug in self.drugs]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the FDA: its number, which begins with W where it only warns, its element, and when it is broken.
    `is_sure`: whether what breaks it can be told for certain; if not it warns too."""

    number: str
    element: str
    text: str
    is_broken: Callable[[Facts], bool]
    is_sure: bool = True


def _local_is_wrong(facts: Facts, combined: bool, expedited: bool, allowed: str) -> bool:
    return (facts.is_post and facts.is_combined == combined and facts.is_expedited == expedited
            and bool(facts.local) and facts.local not in allowed)


def _asks_null(facts: Facts, element: str) -> bool:
    return facts.is_post and without_patient(facts.report) and facts.report.null(element) != "NA"


_BY_DOOR = [
    Rule("R0006", "N.2.r.3", "Sent to ZZFDA it must be CDER (%(at)s).", lambda f: f.is_post and f.center != "CDER"),
    Rule("R0007", "N.2.r.3", "Sent to ZZFDA_PREMKT it must be CDER_IND, CBER_IND or CDER_IND_EXEMPT_BA_BE (%(at)s).",
         lambda f: f.is_pre and f.center not in (*_IND, _BIOEQUIVALENCE)),
    Rule("R0100", "N.2.r.2", "It must be the sender of the batch, N.1.3 (%(at)s).",
         lambda f: f.text("N.2.r.2") != f.batch_sender),
    Rule("R0008", "C.1.3", "It must be 2 for a study under an application (%(at)s).",
         lambda f: f.is_pre and (f.has_ind or f.has_pre_anda) and f.study in ("1", "2", "3") and f.kind != "2"),
    Rule("R0110", "C.1.3", "It must be 1 under an IND without a study type (%(at)s).",
         lambda f: f.is_ind and f.has_ind and not f.study and f.kind != "1"),
    Rule("R0111", "C.1.3", "It must be 2 for CDER_IND_EXEMPT_BA_BE (%(at)s).",
         lambda f: f.is_pre and f.center == _BIOEQUIVALENCE and f.kind != "2"),
    Rule("R0112", "C.1.3", "It must be neither 3 nor 4 for CDER_IND or CBER_IND (%(at)s).",
         lambda f: f.is_ind and f.kind in ("3", "4")),
    Rule("R0011", "C.1.7", "The FDA takes no initial report with NI here (%(at)s).",
         lambda f: f.is_initial and f.report.null("C.1.7") == "NI"),
    Rule("R0101", "C.1.11.1", "A first report cannot be nullified or amended; nothing was sent before under this id "
         "(%(at)s).", lambda f: f.is_initial and f.report.has("C.1.11.1")),
]
_BY_KIND = [
    Rule("R0012", "FDA.C.1.7.1", "It must be 1 or 4 for an expedited report of a combination product (%(at)s).",
         lambda f: _local_is_wrong(f, True, True, "14")),
    Rule("R0013", "FDA.C.1.7.1", "It must be 2 or 5 for a report of a combination product that is not expedited "
         "(%(at)s).", lambda f: _local_is_wrong(f, True, False, "25")),
    Rule("R0014", "FDA.C.1.7.1", "It must be 1 for an expedited report (%(at)s).",
         lambda f: _local_is_wrong(f, False, True, "1")),
    Rule("R0015", "FDA.C.1.7.1", "It must be 2 for a report that is not expedited (%(at)s).",
         lambda f: _local_is_wrong(f, False, False, "2")),
    Rule("R0016", "FDA.C.1.7.1", "It must be 1 or 6 for an expedited report before approval (%(at)s).",
         lambda f: f.is_pre and f.is_expedited and f.kind in ("1", "2") and f.local not in ("1", "6")),
    Rule("W0001", "C.1.10.r", "An aggregate report should name the reports in it (%(at)s).",
         lambda f: f.is_pre and f.is_aggregate and not f.report.each("C.1.10.r")),
    Rule("W0002", "C.5.4", "It should be 1 in an aggregate report (%(at)s).",
         lambda f: f.is_aggregate and f.study != "1"),
    Rule("R0102", "C.5.4", "It must be 1, 2 or 3 for a study before approval (%(at)s).",
         lambda f: f.is_pre and f.kind == "2" and f.study not in ("1", "2", "3")),
    Rule("R0103", "C.5.4", "It must not stand in a spontaneous report to CDER (%(at)s).",
         lambda f: f.kind == "1" and f.center == "CDER" and f.report.has("C.5.4")),
    Rule("R0104", "C.5.4", "It must be 1, 2 or 3 for a study (%(at)s).",
         lambda f: f.is_post and f.center == "CDER" and f.kind == "2" and f.study not in ("1", "2", "3")),
    Rule("R0113", "C.5.4", "It must not stand in a spontaneous report before approval (%(at)s).",
         lambda f: f.is_ind and f.kind == "1" and f.report.has("C.5.4")),
    Rule("R0024", "FDA.C.5.5a", "It must stand in a report under an IND (%(at)s).",
         lambda f: f.center in _IND and f.kind in ("1", "2") and not f.has_ind),
    Rule("R0024", "FDA.C.5.5a", "It must be six digits and nothing before them (%(at)s).",
         lambda f: f.center in _IND and f.has_ind and not _NUMBER.fullmatch(f.text("FDA.C.5.5a"))),
    Rule("R0107", "FDA.C.5.5a", "It must not stand in a report after approval (%(at)s).",
         lambda f: f.is_post and f.center in ("CDER", "CBER") and f.has_ind),
    Rule("R0025", "FDA.C.5.5b", "It must stand in a report of a bioequivalence study (%(at)s).",
         lambda f: f.center == _BIOEQUIVALENCE and f.kind == "2" and not f.has_pre_anda),
    Rule("R0025", "FDA.C.5.5b", "It must be six digits and nothing before them (%(at)s).",
         lambda f: f.center == _BIOEQUIVALENCE and f.has_pre_anda and not _NUMBER.fullmatch(f.text("FDA.C.5.5b"))),
    Rule("R0108", "FDA.C.5.5b", "It must not stand in a report after approval (%(at)s).",
         lambda f: f.is_post and f.center in ("CDER", "CBER") and f.has_pre_anda),
    Rule("R0026", "FDA.C.5.6.r", "It must stand, or be NA, where an IND is named (%(at)s).",
         lambda f: f.has_ind and not f.report.each("FDA.C.5.6.r")),
    Rule("R0109", "FDA.C.5.6.r", "It must not stand in a report after approval (%(at)s).",
         lambda f: f.is_post and f.center in ("CDER", "CBER") and bool(f.report.each("FDA.C.5.6.r"))),
]
_BY_PATIENT = [
    Rule("R0027", "D.1", "It must be NA where a product failed and nobody was harmed (%(at)s).",
         lambda f: f.is_post and f.is_combined and f.has_malfunction and f.has_no_adverse_event
         and not without_patient(f.report)),
    Rule("W0010", "D.1", "It must be AGGREGATE for a study that names linked reports (%(at)s).",
         lambda f: f.is_pre and f.kind == "2" and f.has_ind and bool(f.report.each("C.1.10.r")) and not f.is_aggregate),
    Rule("R0041", "D.9.1", "It must stand for a death in a study before approval (%(at)s).",
         lambda f: f.center in _IND and f.kind == "2" and not f.report.has("D.9.1")
         and any(reaction.text("E.i.3.2a") == "true" for reaction in f.report.each("E.i"))),
    Rule("W0003", "FDA.D.11.r.1", "It should be NA where there is no single patient (%(at)s).",
         lambda f: f.is_post and without_patient(f.report)
         and any(race.null("FDA.D.11.r.1") != "NA" for race in f.races)),
    Rule("W0004", "FDA.D.12", "It should be NA where there is no single patient (%(at)s).",
         lambda f: _asks_null(f, "FDA.D.12")),
    Rule("", "FDA.D.11.r.1", "It is missing; the FDA requires it (%(at)s).",
         lambda f: f.is_post and not f.races),
]
_BY_PRODUCT = [
    Rule("", "FDA.E.i.3.2h", "It must be NI in a report before approval (%(at)s).",
         lambda f: f.is_pre and any(one.text("FDA.E.i.3.2h") for one in f.report.each("E.i"))),
    Rule("W0005", "G.k.1", "The first product should be suspect or interacting, or not administered where a device "
         "of it failed (%(at)s).", lambda f: f.is_post and f.roles[:1] != [] and f.roles[0] not in (
             ("1", "3", "4") if f.has_malfunction else ("1", "3"))),
    Rule("R0070", "G.k.1", "A product must be suspect or interacting in a study under an IND (%(at)s).",
         lambda f: f.center in _IND and f.kind == "2" and not {"1", "3"} & set(f.roles)),
    Rule("R0070", "G.k.1", "No product is “not administered” in a study under an IND (%(at)s).",
         lambda f: f.center in _IND and f.kind == "2" and "4" in f.roles),
    Rule("R0071", "G.k.1", "A product must be suspect, interacting or not administered (%(at)s).",
         lambda f: f.center == _BIOEQUIVALENCE and f.kind == "2" and not {"1", "3", "4"} & set(f.roles)),
    Rule("R0072", "FDA.G.k.1.a", "Only of a product that was not administered and whose device failed it may say that "
         "it is a similar device, and only in a report of a combination product (%(at)s).",
         lambda f: f.is_post and any(_is_similar(drug) and not _may_be_similar(f, drug) for drug in f.drugs)),
    Rule("R0072", "FDA.G.k.1.a", "It must stand where a product was not administered and its device failed; the FDA "
         "publishes no place for it (%(at)s).",
         lambda f: f.is_post and any(_may_be_similar(f, drug) and not _is_similar(drug) for drug in f.drugs), False),
    Rule("W0006", "FDA.G.k.10a", "It should be 1, 2 or NA where FDA.C.5.5b stands (%(at)s).",
         lambda f: f.has_pre_anda and not all(_has_study_role(drug) for drug in f.drugs)),
    Rule("R0114", "G.k.3.1", "It should be no IND or PANDA number in a report after approval (%(at)s).",
         lambda f: f.is_post and f.center == "CDER" and f.kind == "2" and f.study in ("2", "3")
         and any(drug.text("G.k.3.1").upper().startswith(("IND", "PANDA")) for drug in f.drugs)),
    Rule("R0085", "G.k.9.i.2.r.1", "Who assessed must stand in a study under an IND (%(at)s).",
         lambda f: _lacks_assessment(f, "G.k.9.i.2.r.1")),
    Rule("R0086", "G.k.9.i.2.r.2", "How it was assessed must stand in a study under an IND (%(at)s).",
         lambda f: _lacks_assessment(f, "G.k.9.i.2.r.2")),
    Rule("R0087", "G.k.9.i.2.r.3", "The assessment must stand in a study under an IND (%(at)s).",
         lambda f: _lacks_assessment(f, "G.k.9.i.2.r.3")),
    Rule("R0092", "FDA.G.k.12.r.1", "It must be true for a suspect product where FDA.C.1.7.1 is 5 (%(at)s).",
         lambda f: f.is_post and f.local == "5" and not any(
             _fails(drug) for drug in f.drugs if drug.text("G.k.1") in ("1", "3", "4"))),
    Rule("R0093", "FDA.G.k.12.r.3.r", "A device problem must stand where a device failed (%(at)s).",
         lambda f: f.is_post and _lacks(f, "FDA.G.k.12.r.3.r")),
    Rule("R0094", "FDA.G.k.12.r.4", "Brand or common name of a device must stand for a combination product, or its "
         "product code (%(at)s).",
         lambda f: f.is_post and f.is_combined and not any(_is_named(device) for device in f.devices)),
    Rule("R0096", "FDA.G.k.12.r.6", "It must stand where a device has neither brand nor common name (%(at)s).",
         lambda f: f.is_post and any(not _is_named(device) for device in f.devices)),
    Rule("W0007", "FDA.G.k.12.r.11.r", "A remedial action should stand in a report within five days (%(at)s).",
         lambda f: f.is_post and f.local == "4" and _lacks(f, "FDA.G.k.12.r.11.r")),
]


def _lacks_assessment(facts: Facts, element: str) -> bool:
    return (facts.is_pre and facts.kind == "2" and facts.has_ind
            and not any(section.text(element) for drug in facts.drugs for section in drug.each("G.k.9.i.2.r")))


def _lacks(facts: Facts, section: str) -> bool:
    return any(device.text("FDA.G.k.12.r.1") == "true" and not device.each(section) for device in facts.devices)


def _fails(drug: Section) -> bool:
    return any(device.text("FDA.G.k.12.r.1") == "true" for device in drug.each("FDA.G.k.12.r"))


def _is_similar(drug: Section) -> bool:
    return any(section.text("FDA.G.k.1.a") == "1" for section in drug.each("FDA.G.k.1.a"))


def _may_be_similar(facts: Facts, drug: Section) -> bool:
    return facts.is_combined and drug.text("G.k.1") == "4" and _fails(drug)


def _has_study_role(drug: Section) -> bool:
    return any(section.text("FDA.G.k.10a") in ("1", "2") or section.null("FDA.G.k.10a") == "NA"
               for section in drug.each("FDA.G.k.10a"))


def _is_named(device: Section) -> bool:
    return any(device.text(f"FDA.G.k.12.r.{number}") for number in (4, 5, 6))


RULES = (*_BY_DOOR, *_BY_KIND, *_BY_PATIENT, *_BY_PRODUCT)


def fda_findings(batch: Section, earlier: Collection[str] | None = None) -> Iterator[Finding]:
    """What the FDA's rules find in a batch that is for the FDA; nothing in any other."""
    for place in places(batch):
        if place.section.name == "N.2.r" and place.is_for_fda:
            facts = Facts(place, batch, earlier)
            for rule in RULES:
                if rule.is_broken(facts):
                    is_error = rule.is_sure and not rule.number.startswith("W")
                    yield place.finding(rule.element, "fda", rule.text, is_error=is_error, rule=rule.number)
            yield from _documents(place)


def _documents(place: Place) -> Iterator[Finding]:
    for document in place.section.each("C.1.6.1.r"):
        name = "C.1.6.1.r.2"
        if document.has(name) and (document.text(name + ".encoding") != "B64" or document.text(name + ".compression")):
            yield place.finding(name, "fda", "The FDA takes attached files in base64 and not compressed (%(at)s).",
                                rule="R0010")
