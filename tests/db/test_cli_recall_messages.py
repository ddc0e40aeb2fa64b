"""`recall read-message` as a person or program calls it."""
from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.db.test_cli_commands import here, run
from traceapp.recall.message import MessageFacts, MessageLot, recall_message

__all__ = ["here"]
_AT, _TEXTS = datetime(2026, 11, 20, tzinfo=UTC), {"en": "Beef"}


def message_about(number: str) -> str:
    """A message of somebody that names one lot."""
    lot = MessageLot(number, f"https://id.gs1.org/01/10000082345676/10/{number}", "10000082345676", _TEXTS)
    return json.dumps(recall_message(MessageFacts(
        "r1", "RC-1", "I", "active", 1, _AT, _AT, _TEXTS, _TEXTS, _TEXTS, _TEXTS, {}, "call us", [lot]),
        "https://maker.example"))


def test_the_lots_of_ours_that_a_message_means_are_one_line_each(capsys: pytest.CaptureFixture[str], here: Path,
                                                                shared: Path) -> None:
    files = sorted(str(path) for path in (shared / "conformance" / "epcis" / "trace").glob("*.jsonld"))
    assert run(capsys, "epcis", "capture", *files)[0] == 0
    target = here / "message.json"
    target.write_text(message_about("CATTLE20230101"), encoding="utf-8")
    code, lines, _ = run(capsys, "recall", "read-message", str(target))
    assert code == 0
    assert [(one["number"], one["by"]) for one in map(json.loads, lines)] == [("CATTLE20230101", "identifier")]
    target.write_text(message_about("CATTLE20230102"), encoding="utf-8")
    assert run(capsys, "recall", "read-message", str(target))[:2] == (1, [])
    target.write_text("[]", encoding="utf-8")
    code, lines, told = run(capsys, "recall", "read-message", str(target))
    assert (code, lines, "object" in told) == (1, [], True)
