"""The commands as a person or program calls them: results on stdout, talk on stderr, exit codes that mean something."""
from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from tests.factories_trace import make_hand
from tests.migrated import put_newest
from traceapp.cli import main
from traceapp.cli.settings import database
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock, SystemClock
from traceapp.core.errors import NotSignedIn
from traceapp.identity.model import User
from traceapp.identity.service import prove_password, sign_in
from traceapp.trace.model import ItemPosition
from traceapp.trace.position_query import places_of

ROOT = Path(__file__).resolve().parents[2]
GOOD, BAD = "(01)09521234567899(10)AB/1", "(01)09521234567890(10)AB"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command works in a folder of its own."""
    for name in ("TRACEAPP_DATABASE_URL", "TRACEAPP_BASE_URL", "TRACEAPP_SECRET_KEY", "TRACEAPP_VAULT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACEAPP_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("TRACEAPP_DEVELOPMENT", "1")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    """(exit code, lines of stdout, stderr)."""
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err


def upgraded() -> None:
    """A database that was upgraded before, in the folder of the commands."""
    put_newest(Path(os.environ["TRACEAPP_VAR_DIR"]) / "traceapp.db")


def test_parse_says_what_is_in_a_code_and_where_it_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capsys, "gs1", "parse", GOOD, BAD)
    good, bad = (json.loads(line) for line in lines)
    assert code == 1
    assert good["uri"] == "https://id.gs1.org/01/09521234567899/10/AB%2F1"
    assert good["element_string"] == "^010952123456789910AB/1"
    assert (bad["ok"], bad["error"]["length"] > 0) == (False, True)


def test_a_dash_reads_one_item_a_line_from_standard_input(capsys: pytest.CaptureFixture[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{GOOD}\n\n{GOOD}\n"))
    code, lines, _ = run(capsys, "gs1", "uri", "-")
    assert (code, len(lines)) == (0, 2)
    assert len(set(lines)) == 1


def test_scan_data_goes_back_to_the_same_uri(capsys: pytest.CaptureFixture[str]) -> None:
    _, scanned, _ = run(capsys, "gs1", "scan", GOOD, "--symbology", "]d2")
    assert scanned[0].startswith("]d2")
    _, lines, _ = run(capsys, "gs1", "parse", scanned[0])
    assert json.loads(lines[0])["uri"].endswith("/10/AB%2F1")


def test_old_forms_new_ais_and_lonely_ais_are_a_matter_of_options(capsys: pytest.CaptureFixture[str]) -> None:
    for option, text, good_with_it in (("--legacy", "https://a/gtin/9521234567899", True), ("--unknown-ais", "(89)A", True),
                                       ("--complete", "(10)A", False)):
        assert run(capsys, "gs1", "parse", option, text)[0] == (0 if good_with_it else 1)
        assert run(capsys, "gs1", "parse", text)[0] == (1 if good_with_it else 0)


def test_the_query_of_a_uri_is_sorted_or_left_as_given(capsys: pytest.CaptureFixture[str]) -> None:
    text = "(01)09521234567899(99)A(17)280115(11)260115"
    assert run(capsys, "gs1", "uri", text)[1][0].endswith("?11=260115&17=280115&99=A")
    kept = run(capsys, "gs1", "uri", "--keep-order", "--stem", "https://t.example", text)[1][0]
    assert kept == "https://t.example/01/09521234567899?17=280115&11=260115&99=A"


def test_an_epc_is_written_in_bits_or_as_a_urn_and_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    text = "(01)09521234567899(21)7"
    for options, start in ((["--scheme", "SGTIN-96", "--prefix-length", "7"], "eh30"), (["--host", "a.cn"], "ehfd"),
                           (["--base64"], "ex"), (["--urn", "--prefix-length", "7"], "urn:epc:id:sgtin:9521234.056789.7")):
        code, lines, _ = run(capsys, "gs1", "epc", *options, text)
        assert code == 0 and lines[0].startswith(start)
        assert json.loads(run(capsys, "gs1", "parse", lines[0])[1][0])["ai"] == [["01", "09521234567899"], ["21", "7"]]
    assert run(capsys, "gs1", "epc", "--scheme", "SGTIN-96", text)[0] == 1


def test_critical_values_are_printed_as_published(capsys: pytest.CaptureFixture[str]) -> None:
    # Kulldorff et al. 2011, table 1: T = 10, M = 1, alpha = .05.
    code, lines, _ = run(capsys, "signals", "critical-value", "--alpha", "0.05", "--upper", "10")
    assert code == 0
    assert json.loads(lines[0])["critical_value"] == pytest.approx(3.467952, abs=1e-6)


def test_a_plan_too_short_for_any_alarm_exits_with_one_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capsys, "signals", "critical-value", "--alpha", "0.01", "--upper", "0.3", "--min", "3")
    assert code == 1
    assert json.loads(lines[0])["reason"]


def test_wrong_use_exits_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gs1", "frobnicate"])
    assert ended.value.code == 2


def test_a_database_without_tables_is_said_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, talk = run(capsys, "trace", "X")
    assert code == 1
    assert "traceapp db upgrade" in talk
    assert "Traceback" not in talk


def test_upgrade_check_and_verify_hold_on_a_new_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "db", "upgrade")[0] == 0
    code, lines, _ = run(capsys, "db", "check")
    assert (code, json.loads(lines[0])["problems"]) == (0, [])
    code, lines, _ = run(capsys, "audit", "verify")
    assert (code, json.loads(lines[0])["ok"]) == (0, True)


def test_an_upgrade_works_out_where_lots_of_before_are(capsys: pytest.CaptureFixture[str]) -> None:
    upgraded()
    with database().write() as session:
        hand = make_hand(session, SYSTEM, FixedClock(datetime(2026, 11, 25, tzinfo=UTC)))
        key = hand.raw(hand.maker.glue, "G1", "10").lot_key
        session.execute(delete(ItemPosition))
    code, _, talk = run(capsys, "db", "upgrade")
    assert (code, "where all lots are" in talk) == (0, True)
    with database().read() as session:
        assert [one.quantity for one in places_of(session, [key])] == [10]
    assert "where all lots are" not in run(capsys, "db", "upgrade")[2]


def test_a_missing_secret_stops_what_needs_it_and_names_it(capsys: pytest.CaptureFixture[str],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACEAPP_DEVELOPMENT")
    code, _, talk = run(capsys, "jobs")
    assert code == 1
    assert "TRACEAPP_SECRET_KEY" in talk


def test_a_user_and_a_token_are_added_and_the_token_is_shown_once(capsys: pytest.CaptureFixture[str],
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded()
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long enough password")
    assert run(capsys, "user", "add", "Wang", "--name", "Wang", "--role", "quality")[0] == 0
    assert run(capsys, "user", "add", "wang", "--name", "Wang", "--role", "quality")[0] == 1
    code, lines, _ = run(capsys, "token", "add", "wang", "--name", "erp", "--scope", "trace.read")
    assert code == 0
    assert lines[0].startswith("ta_")
    code, _, talk = run(capsys, "token", "add", "wang", "--name", "erp", "--scope", "everything")
    assert (code, "everything" in talk) == (1, True)


def test_what_the_log_says_of_a_command_is_no_part_of_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded()
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long enough password")
    program = ("import sys; from traceapp.cli import main; from traceapp.db import write_lock; "
               "write_lock.LONG_SECONDS = -1.0; sys.exit(main(sys.argv[1:]))")
    done = subprocess.run([sys.executable, "-c", program, "user", "add", "Wang", "--name", "Wang", "--role", "quality"],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "write_held_long" in done.stderr, "write_held_long" in done.stdout) == (0, True, False)


def test_a_regulator_is_added_with_its_scope_or_told_to_need_one(capsys: pytest.CaptureFixture[str],
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded()
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long enough password")
    assert run(capsys, "user", "add", "fda", "--name", "FDA", "--role", "regulator", "--jurisdiction", "US")[0] == 0
    code, _, talk = run(capsys, "user", "add", "nmpa", "--name", "NMPA", "--role", "regulator")
    assert (code, "sees nothing yet" in talk) == (0, True)
    code, lines, _ = run(capsys, "user", "scope", "nmpa", "--jurisdiction", "CN", "--jurisdiction", "EU")
    assert (code, json.loads("".join(lines))["jurisdictions"]) == (0, ["CN", "EU"])
    assert run(capsys, "user", "scope", "nmpa", "--jurisdiction", "CN", "--product", "none")[0] == 1
    assert run(capsys, "user", "add", "wang", "--name", "W", "--role", "quality", "--jurisdiction", "CN")[0] == 1
    with database().read() as session:
        found = {user.sign_in_name: user.jurisdictions for user in session.scalars(select(User))}
    assert found == {"fda": ["US"], "nmpa": ["CN", "EU"]}


def test_a_medical_assessor_is_named_and_ended_at_the_machine(capsys: pytest.CaptureFixture[str],
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded()
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long enough password")
    run(capsys, "user", "add", "wang", "--name", "Wang", "--role", "quality")
    code, lines, _ = run(capsys, "user", "assessor", "wang", "--qualification", "Physician")
    assert (code, json.loads("".join(lines))["medical_qualification"]) == (0, "Physician")
    assert run(capsys, "user", "assessor", "wang", "--qualification", " ")[0] == 2
    code, lines, _ = run(capsys, "user", "assessor", "wang", "--end")
    assert (code, json.loads("".join(lines))["medical_qualification"]) == (0, "")


def test_a_new_password_is_set_at_the_machine_and_the_old_one_is_worthless(capsys: pytest.CaptureFixture[str],
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded()
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long enough password")
    run(capsys, "user", "add", "wang", "--name", "Wang", "--role", "administrator")
    monkeypatch.delenv("TRACEAPP_NEW_PASSWORD")
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "another one, also long")
    code, lines, _ = run(capsys, "user", "password", "Wang")
    assert (code, json.loads(lines[0])["sign_in_name"]) == (0, "wang")
    with database().write() as session:
        assert sign_in(session, SystemClock(), prove_password(session, "wang", "another one, also long"), "test").user.name == "Wang"
    with pytest.raises(NotSignedIn), database().write() as session:
        prove_password(session, "wang", "a long enough password")


@pytest.mark.parametrize(("name", "password", "said"), [
    ("nobody", "another one, also long", "There is no user"), ("wang", "short", "at least 12"),
    ("wang", "wangwangwangwang", "too easy to guess")])
def test_a_password_that_cannot_be_set_is_refused_in_words(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, password: str, said: str) -> None:
    upgraded()
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long enough password")
    run(capsys, "user", "add", "wang", "--name", "Wang", "--role", "administrator")
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", password)
    code, lines, talk = run(capsys, "user", "password", name)
    assert (code, lines) == (1, [])
    assert said in talk


def test_others_events_are_captured_traced_and_written_out_again(capsys: pytest.CaptureFixture[str], shared: Path,
                                                                 here: Path) -> None:
    files = sorted(str(path) for path in (shared / "conformance" / "epcis" / "trace").glob("*.jsonld"))
    code, lines, _ = run(capsys, "epcis", "capture", *files)
    assert code == 0
    assert [(one["events"], one["duplicates"]) for one in map(json.loads, lines)] == [(8, 0), (31, 0)]
    code, lines, _ = run(capsys, "trace", "STEAKS20251107", "--direction", "upstream")
    assert code == 0
    assert {node["number"] for node in json.loads("\n".join(lines))["nodes"]} == {"STEAKS20251107", "CATTLE20230101"}
    code, lines, _ = run(capsys, "trace", "STEAKS20251107", "--format", "csv")
    assert (code, lines[0].lstrip("\ufeff").startswith("row,")) == (0, True)
    code, lines, _ = run(capsys, "trace", "STEAKS20251107", "--no-time")
    assert (code, json.loads("\n".join(lines))["by_time"]) == (0, False)
    code, lines, _ = run(capsys, "trace", "STEAKS20251107", "--direction", "downstream", "--since",
                         "2100-01-01T00:00+08:00")
    assert [node["side"] for node in json.loads("\n".join(lines))["nodes"]] == ["root"]
    code, _, talk = run(capsys, "trace", "STEAKS20251107", "--since", "2100-01-01")
    assert (code, "2100-01-01" in talk) == (2, True)
    assert run(capsys, "trace", "STEAKS20251107", "--as", "supplier")[0] == 1
    code, lines, _ = run(capsys, "gaps")
    assert code == 1
    whole = [json.loads(line) for line in lines]
    assert {one["kind"] for one in whole} <= {"unknown_input", "no_quantity", "more_out_than_in", "no_receipt"}
    code, lines, _ = run(capsys, "gaps", "--lot", "STEAKS20251107")
    assert [json.loads(line) for line in lines] == [one for one in whole if one["number"] in (
        "STEAKS20251107", "CATTLE20230101")]
    assert run(capsys, "gaps", "--kind", "no_inspection")[0] == 0
    code, lines, _ = run(capsys, "epcis", "export", "--lot", "STEAKS20251107")
    assert code == 0
    (here / "out.json").write_text("\n".join(lines), encoding="utf-8")
    assert run(capsys, "epcis", "check", str(here / "out.json"))[0] == 0


def test_a_broken_document_changes_nothing(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "bad.json").write_text('{"@context": [], "type": "EPCISDocument", "epcisBody": {"eventList": [{}]}}')
    upgraded()
    code, _, talk = run(capsys, "epcis", "capture", str(here / "bad.json"))
    assert (code, bool(talk)) == (1, True)
    assert json.loads(run(capsys, "db", "rebuild")[1][0])["events"] == 0


def test_doctor_names_what_is_to_be_mended(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capsys, "doctor", "--json")
    found = json.loads(lines[0])
    assert code == 1
    assert found["Python"]["ok"]
    assert "db upgrade" in found["database"]["do"]
    run(capsys, "db", "upgrade")
    assert run(capsys, "doctor")[0] == 0


def test_doctor_names_regulators_who_see_nothing(capsys: pytest.CaptureFixture[str],
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> Any:
        return json.loads(run(capsys, "doctor", "--json")[1][0]).get("regulators")

    upgraded()
    assert told() is None
    monkeypatch.setenv("TRACEAPP_NEW_PASSWORD", "a long password of a test")
    for name in ("wang", "chen"):
        run(capsys, "user", "add", name, "--name", name, "--role", "regulator", "--jurisdiction", "CN")
    assert told()["ok"]
    with database().write() as session:
        session.execute(update(User).where(User.sign_in_name == "chen").values(jurisdictions=[]))
    assert "chen" in told()["says"] and "wang" not in told()["says"] and "user scope" in told()["do"]
    assert run(capsys, "doctor")[0] == 0
