"""An analyst's files through the command line: tables on standard output, faults with their place."""
from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from traceapp.cli import main

# The Poisson tree of the scan's reference program: leaf, cases, population; expected results as published.
LEAVES = ("1/200", "2/300", "0/400", "6/200", "4/300", "2/200", "5/600", "9/400", "14/200", "7/200", "3/400", "2/700")
PARENTS = (1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4)


@pytest.fixture
def tree(tmp_path: Path) -> tuple[str, str]:
    nodes = ["leaf,cases,pop", *(f"Leaf{n},{text.replace('/', ',')}" for n, text in enumerate(LEAVES, 1))]
    edges = ["parent,child", *(f"Node{parent},Leaf{n}" for n, parent in enumerate(PARENTS, 1)),
             "Node5,Node1", "Node5,Node2", "Node6,Node3", "Node6,Node4", "Root,Node5", "Root,Node6"]
    (tmp_path / "nodes.csv").write_text("\n".join(nodes), encoding="utf-8")
    (tmp_path / "edges.csv").write_text("\ufeff" + "\n".join(edges), encoding="utf-8")
    return str(tmp_path / "nodes.csv"), str(tmp_path / "edges.csv")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, str]], str]:
    code = main(["signals", *words])
    out, talk = capsys.readouterr()
    return code, list(csv.DictReader(io.StringIO(out))), talk


def test_the_published_tree_is_scanned_to_the_published_figures(
    tree: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows, _ = run(capsys, "scan", "--nodes", tree[0], "--edges", tree[1], "--reps", "999", "--seed", "1")
    assert code == 0
    assert list(rows[0]) == ["node", "C", "E", "RR", "excess", "LLR", "p"]
    assert [row["node"] for row in rows[:6]] == ["Leaf9", "Node3", "Node6", "Leaf10", "Leaf4", "Leaf8"]
    assert [float(row["LLR"]) for row in rows[:2]] == pytest.approx([13.136308, 11.148394], abs=1e-6)
    assert float(rows[0]["p"]) == 0.001


def test_a_bernoulli_scan_takes_the_chance_from_the_file_unless_it_is_stated(
    tree: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("scan", "--model", "bernoulli", "--nodes", tree[0], "--edges", tree[1], "--reps", "99")
    _, of_file, _ = run(capsys, *words)
    _, stated, _ = run(capsys, *words, "--probability", "0.02")
    assert float(of_file[0]["E"]) == pytest.approx(200 * 55 / 4100)
    assert float(stated[0]["E"]) == pytest.approx(4.0)


def test_a_temporal_scan_names_the_days(tmp_path: Path, tree: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    cases = tmp_path / "days.csv"
    cases.write_text("node,cases,day\n" + "".join(f"Leaf1,{9 if 5 <= day <= 6 else 1},{day}\n" for day in range(1, 15)))
    code, rows, _ = run(capsys, "scan", "--model", "tree-temporal", "--nodes", str(cases), "--edges", tree[1],
                        "--reps", "99", "--longest", "4", "--span", "1:14")
    assert (code, rows[0]["C"], rows[0]["from"], rows[0]["to"]) == (0, "18", "5", "6")


def test_causes_that_cannot_be_told_apart_stand_in_one_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lots.csv").write_text("lot,complaints,exposure,site\na,9,2,x\nb,8,2,x\nc,0,3,y\nd,1,3,y\n")
    (tmp_path / "edges.csv").write_text("parent,child,share\nglue,a,1\nglue,b,1\nfilm,a,1\nfilm,b,1\ntape,c,1\ntape,d,1\n")
    words = ("causes", "--lots", str(tmp_path / "lots.csv"), "--edges", str(tmp_path / "edges.csv"))
    code, rows, _ = run(capsys, *words)
    assert (code, rows[0]["members"], rows[0]["complaints"]) == (0, "film;glue", "17")
    assert rows[-1]["members"] == "(no cause)"
    assert sum(float(row["posterior"]) for row in rows) == pytest.approx(1.0)
    assert main(["signals", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["members"] == "film;glue"


def test_disproportionality_reads_standard_input_and_prints_every_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("report,product,event\n1,A,x\n1,A,y\n2,A,x\n3,B,y\n4,B,x\n"))
    code, rows, _ = run(capsys, "disproportionality", "-", "--prior", ".204,.058,1.415,1.838,.0969",
                        "--convention", "pair")
    assert code == 0
    assert list(rows[0]) == ["product", "event", "a", "n_i", "m_j", "N", "E", "RR", "PRR", "PRR025", "ROR", "ROR025",
                             "chi2_yates", "IC", "IC025", "EBGM", "EB05", "EB95"]  # fmt: skip
    assert rows[0]["N"] == "5"


@pytest.mark.parametrize(("text", "said"), [
    ("report,event\n1,x\n", "product"),
    ("product,event,n\nA,x,many\n", "many"),
    ("product,event,n\n", "no row"),
    ("product,event,n\nA,x,-1\n", "at least 1"),
])
def test_a_file_that_makes_no_sense_ends_with_one_and_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "in.csv").write_text(text)
    code, rows, talk = run(capsys, "disproportionality", str(tmp_path / "in.csv"))
    assert (code, rows) == (1, [])
    assert said in talk and "Traceback" not in talk


def test_what_is_no_text_or_no_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_bytes(b"report,product,event\n1,\xff\xfe,x\n")
    assert "not UTF-8 text (line 2)" in run(capsys, "disproportionality", str(tmp_path / "in.csv"))[2]
    (tmp_path / "edges.csv").write_text("parent,child\na,b\n")
    (tmp_path / "lots.csv").write_bytes("lot,complaints,exposure\n批,1,2\n".encode("gbk"))
    code, _, talk = run(capsys, "causes", "--lots", str(tmp_path / "lots.csv"), "--edges", str(tmp_path / "edges.csv"))
    assert code == 1 and f"(line 2): save it as CSV UTF-8. [{tmp_path / 'lots.csv'}]" in talk
    assert "no such file" in run(capsys, "disproportionality", str(tmp_path / "none.csv"))[2]


def test_standard_input_that_is_no_text_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = io.BytesIO("report,product,event\n1,A,皮疹\n".encode("gbk"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape"))
    code, rows, talk = run(capsys, "disproportionality", "-")
    assert (code, rows) == (1, []) and "not UTF-8" in talk


def test_a_prior_fitted_to_few_pairs_comes_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_text("report,product,event\n1,A,x\n2,B,y\n")
    assert "fitted to 2 pairs" in run(capsys, "disproportionality", str(tmp_path / "in.csv"))[2]
    words = ("disproportionality", str(tmp_path / "in.csv"), "--prior", ".204,.058,1.415,1.838,.0969")
    assert run(capsys, *words)[2] == ""
    assert main(["signals", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["PRR"] == "inf"


@pytest.mark.parametrize("prior", ["1,2,3", "a,b,c,d,e", "1,1,1,1,2", "-1,1,1,1,.5"])
def test_a_prior_that_is_none_is_wrong_use(prior: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["signals", "disproportionality", "-", f"--prior={prior}"])
    assert ended.value.code == 2


@pytest.mark.parametrize(("words", "wait"), [
    (("critical-value", "--upper", "1000"), "some seconds"), (("power", "--rr", "2", "--upper", "1000"), "some seconds"),
    (("critical-value", "--upper", "50"), ""), (("power", "--rr", "2", "--upper", "1000", "--critical", "4.5"), "")])
def test_a_long_plan_says_that_it_takes_long_where_no_reader_of_the_answer_looks(
        capsys: pytest.CaptureFixture[str], words: tuple[str, ...], wait: str) -> None:
    assert main(["signals", *words]) == 0
    said, talk = capsys.readouterr()
    assert json.loads(said)["critical_value"] > 3
    assert (wait in talk and "1000 expected events" in talk) if wait else talk == ""
