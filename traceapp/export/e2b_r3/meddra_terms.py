"""What a case says in MedDRA's terms, put where E2B(R3) has a place for it; what lacks a code is named."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from traceapp.complaint.coding import code_text
from traceapp.complaint.terms import terms
from traceapp.export.case_report import CaseReport, CodedTerm, Finding

from .filling import Filling
from .model import Icsr, Section


@dataclass(frozen=True, slots=True)
class Reaction:
    """One reaction of a report: the term that tells it in words, and MedDRA's, None where it is not coded so."""

    told: CodedTerm | None
    coded: CodedTerm | None


def reactions_of(filling: Filling, case: CaseReport) -> list[Reaction]:
    """The reactions of a report, one for each MedDRA term, told by a term of the case that says the same. Terms that no
    MedDRA term names stand uncoded while there are fewer MedDRA terms left than such."""
    told = [term for term in case.event.reactions if term.system != "meddra"]
    coded = dict.fromkeys([*(term for term in case.event.reactions if term.system == "meddra"), *case.event.meddra])
    meant = {one: [term for term in told if _meaning(term) & _meaning(one)] for one in coded}
    left = [term for term in told if not any(term in same for same in meant.values())]
    found = [Reaction(same[0] if same else one, one) for one, same in meant.items()]
    if len(left) > sum(not same for same in meant.values()):
        return found + [Reaction(term, None) for term in left]
    for term in left:
        filling.findings.append(Finding(
            "E.i.2.1b", "not-named", "No MedDRA term of the case is called like “%(term)s”. See whether one of them "
            "means it.", is_error=False, values={"term": term.name_en or term.name_zh}))
    return found or ([Reaction(None, None)] if case.event.harm else [])


def _meaning(term: CodedTerm) -> frozenset[str]:
    """What a term says, in codes of our own list."""
    if term.system == "own":
        return frozenset((term.code,))
    same = {own.code for own in terms().values() if term.system == "imdrf" and own.imdrf == term.code}
    return frozenset(same | {code for one in code_text(term.name_en) for code in one.codes})


def put_code(section: Section, elements: str, term: CodedTerm) -> None:
    """Put a code at `…b` with its version at `…a`."""
    section.put(f"{elements}a", term.version)
    section.put(f"{elements}b", term.code)


def put_history(report: Icsr, case: CaseReport) -> None:
    """Put the illnesses that are coded; words about them stand in D.7.2."""
    for term in case.patient.meddra_history:
        put_code(report.add("D.7.1.r"), "D.7.1.r.1", term)


def put_death_causes(filling: Filling, report: Icsr, case: CaseReport) -> None:
    """Put what the patient died of: in words, by code, or both."""
    _put_all(filling, lambda: report.add("D.9.2.r"), (case.event.death_cause, case.event.meddra_death_causes),
             ("D.9.2.r.2", "D.9.2.r.1"))


def put_indications(filling: Filling, drug: Section, purpose: str, coded: Sequence[CodedTerm]) -> None:
    """Put what a product was used for: in words, by code, or both."""
    _put_all(filling, lambda: drug.add("G.k.7.r"), (purpose, coded), ("G.k.7.r.1", "G.k.7.r.2"))


def _put_all(filling: Filling, add: Callable[[], Section], said: tuple[str, Sequence[CodedTerm]],
             elements: tuple[str, str]) -> None:
    """A section for each code, the first with the words; where there is none, one with the words alone."""
    words, coded = said
    for place, term in enumerate(coded):
        section = add()
        filling.put(section, elements[0], (words if place == 0 else "") or term.name_en or term.name_zh)
        put_code(section, elements[1], term)
    if words and not coded:
        filling.put(add(), elements[0], words)
        filling.findings.append(Finding(f"{elements[1]}b", "no-meddra", "“%(term)s” has no MedDRA code.",
                                        is_error=False, values={"term": words}))
