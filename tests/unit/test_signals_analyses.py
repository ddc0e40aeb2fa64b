"""Whole questions from CSV text to a table, and what is said about input that is wrong."""
from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.signals.analyses import (
    WindowPlan,
    cause_records,
    disproportionality_records,
    scan_bernoulli_records,
    scan_poisson_records,
    scan_tree_temporal_records,
)
from traceapp.signals.lines import csv_table, json_lines
from traceapp.signals.shrinkage import Prior

PRIOR = Prior(0.204, 0.058, 1.415, 1.838, 0.0969)
PAIRS = ["report,product,event", "1,A,x", "1,A,x", "1,A,y", "2,A,x", "3,B,y", "4,B,x", "5,B,y"]
EDGES = ["parent,child", "raw,a", "raw,b", "other,b", "other,c"]


def test_a_file_of_reports_becomes_a_table_of_measures() -> None:
    records = disproportionality_records(PAIRS, prior=PRIOR)
    first = records[0]
    assert list(first) == ["product", "event", "a", "n_i", "m_j", "N", "E", "RR", "PRR", "PRR025", "ROR", "ROR025",
                           "chi2_yates", "IC", "IC025", "EBGM", "EB05", "EB95"]  # fmt: skip
    assert (first["product"], first["event"], first["a"], first["n_i"], first["m_j"], first["N"]) == (
        "A", "x", 2, 2, 3, 5)
    assert first["E"] == pytest.approx(1.2)
    assert first["PRR"] == pytest.approx(1.0 / (1 / 3))
    assert first["ROR"] == math.inf and first["ROR025"] is None
    assert csv_table(records).splitlines()[1].startswith("A,x,2,2,3,5,1.2")


def test_counts_need_no_reports_and_strata_need_them() -> None:
    counted = ["product,event,n", "A,x,3", "A,y,1", "B,x,2"]
    assert [record["N"] for record in disproportionality_records(counted, prior=PRIOR)] == [6, 6, 6]
    with pytest.raises(InvalidInput, match="Strata need reports"):
        disproportionality_records(["product,event,n,sex", "A,x,3,f"], prior=PRIOR, strata=["sex"])


def test_strata_change_what_is_expected() -> None:
    rows = ["report,product,event,sex", "1,A,x,f", "2,A,x,f", "3,B,y,m", "4,B,x,f"]
    (first, *_) = disproportionality_records(rows, prior=PRIOR, strata=["sex"])
    assert first["E"] == pytest.approx(2 * 3 / 3)


def test_without_a_prior_it_is_fitted() -> None:
    rows = ["product,event,n"] + [f"{lot},{term},{1 + (lot * 7 + term * 3) % 5}" for lot in range(4) for term in range(3)]
    assert all(record["EB05"] < record["EBGM"] < record["EB95"]  # type: ignore[operator]
               for record in disproportionality_records(rows))


def test_a_scan_table_names_node_count_expectation_and_p() -> None:
    records = scan_poisson_records(["node,cases,population", "a,9,10", "b,2,10", "c,1,20"], EDGES, replications=99)
    assert records[0]["node"] == "a"
    assert {"node", "C", "E", "RR", "LLR", "p"} <= set(records[0])
    assert {record["node"]: record["C"] for record in records} == {"a": 9, "b": 2, "c": 1, "raw": 11, "other": 3}
    assert json_lines(records).count("\n") == 5


def test_rows_of_one_node_add_up() -> None:
    records = scan_bernoulli_records(["node,cases,population", "a,1,4", "a,3,4", "b,0,9", "c,1,9"], EDGES, 0.1,
                                     replications=99)
    assert (records[0]["node"], records[0]["C"], records[0]["E"]) == ("a", 4, pytest.approx(0.8))


def test_a_tree_temporal_table_says_which_days() -> None:
    rows = ["node,cases,day", *(f"a,5,{day}" for day in (13, 14)), *(f"b,1,{day}" for day in range(10, 20))]
    (first, *_) = scan_tree_temporal_records(rows, EDGES, WindowPlan((10, 19), longest=4), replications=99)
    assert (first["node"], first["C"], first["from"], first["to"]) == ("a", 10, 13, 14)
    with pytest.raises(InvalidInput, match="Day 13 lies outside"):
        scan_tree_temporal_records(rows, EDGES, WindowPlan((0, 5)))


def test_a_plan_of_windows_keeps_to_its_span_lengths_and_ranges() -> None:
    assert WindowPlan(longest=2).windows((1, 3)) == [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3)]
    assert WindowPlan(shortest=2, start=(0, 1), end=(2, 9)).windows((1, 4)) == [(1, 2)]
    assert WindowPlan(shortest=2, longest=4, start=(0, 1), end=(3, 9)).windows((1, 4)) == [(1, 3), (1, 4)]
    with pytest.raises(InvalidInput, match="No window"):
        WindowPlan(shortest=9).windows((1, 4))


def test_causes_come_with_what_to_sample_and_end_with_no_cause() -> None:
    lots = ["lot,complaints,exposure", "a,8,2", "b,9,2", "c,1,3", "kept,0,0"]
    edges = ["parent,child,share", "raw,a,1", "raw,b,1", "twin,a,1", "twin,b,1", "raw,kept,1", "other,c,1"]
    records = cause_records(lots, edges, replications=99)
    assert records[0]["members"] == "raw;twin"
    assert str(records[0]["sample"]).startswith("kept > raw")
    assert records[-1]["members"] == "(no cause)"
    assert sum(float(record["posterior"] or 0) for record in records) == pytest.approx(1.0)
    assert len({tuple(record) for record in records}) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["product,term,n", "A,x,1"], "lacks event"),
        (["product,event,n"], "no row below"),
        ([], "lacks product, event"),
        (["product,event,n", "A,x"], "Row 2 has 2 cells"),
        (["product,event,n", "A,x,1", "A,y,many"], r"“many” in column n is not a whole number \(data row 2\)"),
        (["product,event,n", "A,x,1", "A,y,0"], r"“0” in column n must be at least 1 \(data row 2\)"),
        (["product,event", "A,x"], "needs a column report"),
        (["report,product,event,n", "1,A,x,3"], "both a column report and a column n"),
        (["report,产品,批号,event", "1,A,L,x"], "Several columns could be product: 产品, 批号"),
        (["product,event,n", 'A,"x,1', "B,y,2"], "Row 3 is not CSV: unexpected end of data"),
        (["product,event,n", "A," + "x" * 200_000 + ",1"], "Row 2 is not CSV: field larger than field limit"),
    ],
)
def test_input_that_cannot_be_read_is_refused_with_its_place(lines: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        disproportionality_records(lines, prior=PRIOR)


def test_a_byte_order_mark_and_blank_lines_do_no_harm() -> None:
    records = disproportionality_records(["\ufeffProduct, Event ,n", "", "A,x,3", "B,y,1"], prior=PRIOR)
    assert [record["product"] for record in records] == ["A", "B"]


def test_headers_may_be_chinese_and_names_of_strata_in_capitals() -> None:
    rows = ["报告编号,批号,不良事件,Sex,备注", "1,A,皮疹,f,", "2,B,红肿,m,", "3,B,皮疹,m,"]
    records = disproportionality_records(rows, prior=PRIOR, strata=["Sex"])
    assert [(record["product"], record["event"], record["a"]) for record in records] == [
        ("A", "皮疹", 1), ("B", "皮疹", 1), ("B", "红肿", 1)]
    ranked = cause_records(["批次,投诉数,暴露量", "A,9,2", "B,1,2"], ["上级,下级,占比", "胶,A,0.5", "膜,B,"], replications=19)
    assert {record["members"] for record in ranked} >= {"膜;B"} or {record["members"] for record in ranked} >= {"B;膜"}


def test_the_product_of_two_great_margins_is_not_cut_to_a_whole_number() -> None:
    great = 10**10
    records = disproportionality_records(["product,event,n", f"A,x,{great}", f"A,y,{great}", f"B,x,{great}"], prior=PRIOR)
    assert records[0]["E"] == pytest.approx(4 * great / 3)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: scan_poisson_records(["node,cases,population", "a,1,3", "b,2,0"], ["parent,child", "r,a"]),
         "Node b has cases, but no population"),
        (lambda: scan_poisson_records(["node,cases,population", "a,-1,3"], ["parent,child", "r,a"]),
         r"“-1” in column cases must be at least 0 \(data row 1\)"),
        (lambda: scan_poisson_records(["node,cases,population", "a,1,3"], ["parent,child", "r,A"]),
         "Nothing of the file with nodes is named in the one with edges"),
        (lambda: scan_bernoulli_records(["node,cases,population", "a,1,3", "b,5,4"], ["parent,child", "r,a"]),
         "Node b has more cases than it has population"),
        (lambda: cause_records(["lot,complaints,exposure", "a,1,3", "a,0,1"], ["parent,child", "r,a"]),
         "Lot a is listed twice"),
        (lambda: cause_records(["lot,complaints,exposure", "a,1,3"], ["parent,child,share", "r,a,", "s,a,2"]),
         "The share of s in a must be above 0 and at most 1"),
    ],
)
def test_what_is_refused_names_node_row_or_lot(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as refused:
        ask()
    assert refused.value.place


def test_a_place_says_in_which_of_two_files_it_is() -> None:
    with pytest.raises(InvalidInput) as refused:
        cause_records(["lot,complaints,exposure", "a,1,3"], ["parent,child"])
    assert refused.value.place == "edges, row 2"


def test_a_share_that_is_not_known_counts_as_the_whole() -> None:
    lots, edges = ["lot,complaints,exposure", "a,9,2", "b,1,2"], ["parent,child", "r,a", "s,a", "s,b"]
    with_empty = [edges[0] + ",share", *(edge + "," for edge in edges[1:])]
    assert cause_records(lots, with_empty, replications=19) == cause_records(lots, edges, replications=19)


def test_a_window_of_no_days_is_refused() -> None:
    for plan in (WindowPlan(shortest=0), WindowPlan(longest=0)):
        with pytest.raises(InvalidInput, match="at least 1"):
            scan_tree_temporal_records(["node,cases,day", "a,1,1", "a,2,9"], ["parent,child", "r,a"], plan)
