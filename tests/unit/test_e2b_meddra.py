"""Reactions and other facts of a case leave as the MedDRA terms that they were coded with; what is uncoded is named."""
from __future__ import annotations

from dataclasses import replace

import pytest

from tests.e2b_cases import NMPA, case
from traceapp.export.case_report import CaseReport, CodedTerm, Finding
from traceapp.export.e2b_r3.from_case import batch_of_cases
from traceapp.export.e2b_r3.model import Icsr, reports


def own(code: str, zh: str, en: str) -> CodedTerm:
    return CodedTerm("own", code, zh, en, "E")


def llt(number: int, name: str) -> CodedTerm:
    return CodedTerm("meddra", f"1000000{number}", "", name, "llt", "29.1")


ITCHING, SWELLING = own("itching", "瘙痒", "Itching"), own("swelling", "肿胀", "Swelling")
REDNESS = CodedTerm("imdrf", "E171601", "皮肤发红", "Erythema", "E", "2026")
ITCHY, RED, ODD = llt(1, "Itching of skin"), llt(2, "Redness of skin"), llt(3, "Strange finding")


def made(one: CaseReport) -> tuple[Icsr, list[Finding]]:
    batch, findings = batch_of_cases([one], NMPA)
    return reports(batch)[0], findings


def with_reactions(told: tuple[CodedTerm, ...], coded: tuple[CodedTerm, ...]) -> CaseReport:
    one = case()
    return replace(one, event=replace(one.event, reactions=told, meddra=coded, language="zh"))


@pytest.mark.parametrize(("told", "coded", "expected", "found"), [
    ((ITCHING, REDNESS), (RED, ITCHY), [("皮肤发红", "10000002"), ("瘙痒", "10000001")], []),
    ((ITCHING,), (ITCHY, ODD), [("瘙痒", "10000001"), ("Strange finding", "10000003")], []),
    ((), (ODD,), [("Strange finding", "10000003")], []),
    ((ITCHING, SWELLING), (ITCHY,), [("瘙痒", "10000001"), ("肿胀", "")], [("not-submittable", "肿胀", True)]),
    ((ITCHING, SWELLING), (), [("瘙痒", ""), ("肿胀", "")],
     [("not-submittable", "瘙痒", True), ("not-submittable", "肿胀", True)]),
    ((ITCHING, SWELLING), (ITCHY, ODD), [("瘙痒", "10000001"), ("Strange finding", "10000003")],
     [("not-named", "Swelling", False)])],
    ids=["paired-by-what-they-say", "one-more", "codes-alone", "one-uncoded", "none-coded", "named-otherwise"])
def test_each_reaction_is_told_in_words_and_by_the_term_that_says_the_same(
        told: tuple[CodedTerm, ...], coded: tuple[CodedTerm, ...], expected: list[tuple[str, str]],
        found: list[tuple[str, str, bool]]) -> None:
    report, findings = made(with_reactions(told, coded))
    assert [(one.text("E.i.1.1a"), one.text("E.i.2.1b")) for one in report.each("E.i")] == expected
    assert [(one.code, one.values["term"], one.is_error) for one in findings if one.element == "E.i.2.1b"] == found
    assert {one.text("E.i.2.1a") for one in report.each("E.i")} <= {"29.1", ""}


def test_history_indication_and_cause_of_death_stand_by_their_codes() -> None:
    one = case()
    report, findings = made(replace(
        one, patient=replace(one.patient, meddra_history=(ITCHY, RED)), use=replace(one.use, meddra_indications=(ODD, RED)),
        event=replace(one.event, death_cause="sepsis", meddra_death_causes=(ITCHY,))))
    drug, = report.each("G.k")
    assert [(section.text("D.7.1.r.1a"), section.text("D.7.1.r.1b")) for section in report.each("D.7.1.r")] == [
        ("29.1", "10000001"), ("29.1", "10000002")]
    assert [(section.text("G.k.7.r.1"), section.text("G.k.7.r.2b")) for section in drug.each("G.k.7.r")] == [
        ("Burn", "10000003"), ("Redness of skin", "10000002")]
    assert [(section.text("D.9.2.r.2"), section.text("D.9.2.r.1b")) for section in report.each("D.9.2.r")] == [
        ("sepsis", "10000001")]
    assert not [finding for finding in findings if finding.code == "no-meddra"]


def test_words_without_a_code_are_told_and_named_where_the_code_would_stand() -> None:
    one = case()
    _, findings = made(replace(one, event=replace(one.event, death_cause="sepsis")))
    assert [(finding.element, finding.is_error) for finding in findings if finding.code == "no-meddra"] == [
        ("D.9.2.r.1b", False), ("G.k.7.r.2b", False)]
