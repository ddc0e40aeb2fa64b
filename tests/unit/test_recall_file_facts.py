"""Files for authorities of a recall against the facts about regulation: every field that they list, and no number of an
article or paragraph that they do not."""
from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.factories_recall_files import make_dossier
from tests.unit.test_recall_file_forms import copy_of, words_of_docx, words_of_pdf
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.dossier import Checks, Harm, RecallDossier, Telling
from traceapp.export.recall_files.fields import is_missing, missing_fields, said, shown
from traceapp.export.recall_files.places import ORDER_29, SEEN, seen_part

FACTS = Path(__file__).resolve().parents[2].parent / "shared" / "facts"
WHOLE = make_dossier()
# What was seen of a law -> the words in the facts that say so.
BACKED = {
    ORDER_29: "CFDA Order 29 (2017, in force 2017-05-01)", "21 CFR 806.10(c)": "806 report fields: (c)(5)",
    "21 CFR 806.10(c)(5)": "(c)(5) UDI or lot", "21 CFR 806.10(c)(9)": "(c)(9) total and per-lot quantity",
    "21 CFR 806.10(c)(10)": "(c)(10) manufacture/expiry dates", "21 CFR 806.10(c)(11)": "(c)(11) names, addresses, phones",
    "21 CFR 7.46(a)": "21 CFR 7.46(a)", "21 CFR 7.53(b)": "21 CFR 7.53(a)-(b)", "MDR art. 87": "MDR art.87(1)(b),(8)",
    "MDR art. 87, FSCA form": "FSCA form", "MDR art. 89(8)": "FSN content (MDR art. 89(8))"}
# Kind of file, what the facts say that it holds in their words -> the fields in which it stands.
LISTED = {
    ("us_806", "UDI or lot"): "identification", ("us_806", "total and per-lot quantity"): "total_number distributed_number",
    ("us_806", "manufacture/expiry dates"): "dates",
    ("us_806", "names, addresses, phones of all consignees with dates and quantities"): "consignees",
    ("us_status", "consignees notified + date + method"): "notified", ("us_status", "responded + on hand"): "responded",
    ("us_status", "not responded (identity on request)"): "silent",
    ("us_status", "returned/corrected per consignee"): "returned",
    ("us_status", "number and results of effectiveness checks"): "checks",
    ("us_status", "completion estimate"): "completion",
    ("us_746", "hazard for each population at risk"): "risk", ("us_746", "depth"): "strategy",
    ("us_746", "first awareness"): "discovery",
    ("cn_event", "product and lot identification"): "product identification",
    ("cn_event", "quantity made or imported"): "produced sold",
    ("cn_event", "reason incl. complaints"): "reason", ("cn_event", "harm assessment with recurrence likelihood"): "harm",
    ("cn_event", "corrective action and advice to users"): "correction",
    ("cn_event", "responsible person + mobile"): "responsible", ("cn_event", "plan and completion"): "schedule",
    ("cn_assessment", "Assessment report: product/batches, reason, result, class"): "product batches reason result grade",
    ("cn_plan", "Plan: made/sold/to-recall quantities"): "produced sold to_recall",
    ("cn_plan", "measures, organisation, scope, deadlines, publication, expected effect, disposal"):
        "measures organisation batches publication expected disposal",
    ("cn_progress", "召回计划实施情况报告"): "to_notify notified to_recall recalled checks completion",
    ("cn_closing", "effectiveness evaluation + summary report (总结评估报告)"): "checks effect",
    ("eu_fsca", "FSCA (incl. third-country FSCA with the same reason)"): "background action countries",
    ("eu_fsn", "devices by name, UDI, lot"): "device udi", ("eu_fsn", "SRN"): "srn",
    ("eu_fsn", "reason, risk, all actions for users"): "problem hazard user_action"}
BARE = replace(
    WHOLE, title={}, risk={}, action={}, remedy={}, letter={}, reason="", contact="", trigger="", owner="", decision="",
    closing_note="", awareness_at=None, decided_at=None, approved_at=None, answer_by=None, depth="", lots=(), products=(),
    markets=(), figures=(), countries=(), told=Telling(), checks=Checks(), harm=Harm(), hazard={}, signatures=(), capas=(),
    firm=replace(WHOLE.firm, **dict.fromkeys(
        ("name_zh", "name_en", "country", "region", "city", "address", "contact_name", "phone", "email"), ""), ids={}))


def facts() -> str:
    """The facts as one text, blanks made one; skips where they are not here."""
    if not FACTS.is_dir():
        pytest.skip("the facts are not here: ../shared/facts")
    return " ".join(" ".join((FACTS / name).read_text(encoding="utf-8").split())
                    for name in ("regulation.md", "legal_clocks.csv")).replace("*", "")


def test_what_was_seen_of_a_law_is_what_the_facts_back() -> None:
    assert BACKED.keys() == SEEN
    text = facts()
    assert [words for words in BACKED.values() if words not in text] == []


def test_the_facts_list_no_content_of_a_file_that_has_no_field() -> None:
    text = facts()
    assert [words for _kind, words in LISTED if words not in text] == []


@pytest.mark.parametrize(("kind", "words"), LISTED)
def test_what_the_facts_list_is_filled_from_data_or_missing_by_name(kind: str, words: str) -> None:
    file = KINDS[kind]
    fields = {one.key: one for one in file.fields}
    for key in LISTED[kind, words].split():
        one = fields[key]
        assert one.is_required
        for language in file.languages:
            assert said(one, WHOLE, language) or one in missing_fields(file, WHOLE), key
            assert is_missing(one, BARE, language) != bool(said(one, BARE, language)), key
            if is_missing(one, BARE, language):
                assert file.source in shown(one, BARE, language)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_file_prints_a_number_of_an_article_that_was_not_seen(kind) -> None:  # type: ignore[no-untyped-def]
    allowed = {number for place in SEEN for number in _numbers(place)}
    for dossier in (WHOLE, BARE):
        changes = {name: getattr(dossier, name) for name in RecallDossier.__slots__}
        for language in kind.languages:
            for words in (words_of_docx(copy_of(kind.name, "docx", language, **changes)),
                          words_of_pdf(copy_of(kind.name, "pdf", language, **changes))):
                assert _numbers(words) <= allowed
        assert _numbers(copy_of(kind.name, "json", **changes).decode()) <= allowed


def _numbers(text: str) -> set[str]:
    """The articles, paragraphs, sections and annexes that a text names."""
    return set(re.findall(r"\([a-z]\)\(\d+\)|art\. ?\d+(?:\(\d+\))?|CFR [\d.]+|section \d+|第[一二三四五六七八九十百]+条|附件 ?\d"
                          r"|（[一二三四五六七八九十]+）", text))


def test_the_house_is_told_of_a_place_that_was_not_seen_and_the_paper_is_not() -> None:
    sequence, total = (next(one for one in KINDS["us_806"].fields if one.key == key)
                       for key in ("sequence_number", "total_number"))
    assert (sequence.number, sequence.source, sequence.unverified) == ("", "21 CFR 806.10(c)", "21 CFR 806.10(c)(1)")
    assert (total.number, total.source, total.unverified) == ("(c)(9)", "21 CFR 806.10(c)(9)", "")
    for kind in KINDS.values():
        assert all(seen_part(place) for place in (kind.place, *(one.place for one in kind.fields)))
