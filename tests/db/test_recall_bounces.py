"""A letter that a server took and that comes back later is work again; a report is read as mail servers write it."""
from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.db.test_recall_changes_told import changes_sent
from tests.db.test_recall_consumers import ANNA, complains, seek
from tests.db.test_recall_consumers import send as deliver_consumers
from tests.db.test_recall_passing_on import deliver_passed, passed
from tests.db.test_recall_revisions import withdrawn
from tests.factories_recall import Tray, deliver, make_house, running
from traceapp.cli import main
from traceapp.config import Settings
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Forbidden, NotFound
from traceapp.db import Database
from traceapp.outbox.bounce import bounce_of
from traceapp.outbox.model import OutboxAttempt, OutboxMessage
from traceapp.recall.bounces import NoteBounce, note_bounce
from traceapp.recall.change_telling import CHANGE_KINDS
from traceapp.recall.consumers import CONSUMERS_TASK
from traceapp.recall.model import Notice
from traceapp.recall.notices import NOT_SENT_TASK
from traceapp.recall.passing_on import PassOn
from traceapp.recall.service import SendNoticeAgain, send_notice_again
from traceapp.recall.telling import telling_of
from traceapp.worklist.tasks import open_tasks

REPORT = """From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; quality@clinic.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b
{kind}

From: recall@maker.example
Message-ID: {message_id}
Subject: URGENT

--b--
"""


def report(message_id: str, action: str = "failed", kind: str = "Content-Type: message/rfc822") -> bytes:
    return REPORT.format(message_id=message_id, action=action, kind=kind).encode()


@pytest.mark.parametrize("kind", ["Content-Type: message/rfc822", "Content-Type: text/rfc822-headers"])
def test_a_report_names_the_letter_and_why(kind: str) -> None:
    found = bounce_of(report("<ab@traceapp.local>", kind=kind))
    assert found is not None
    assert (found.message_id, found.said) == ("<ab@traceapp.local>", "5.1.1 smtp; 550 5.1.1 User unknown")


@pytest.mark.parametrize("mail", [
    report("<ab@traceapp.local>", "delayed"), report(""), b"", b"\xff\xfe", b"Subject: I am on holiday\n\nBack soon",
    b"Content-Type: message/delivery-status\n\nAction: failed\n", b"Content-Type: multipart/report; boundary=x\n\n--x"])
def test_what_is_no_report_of_a_failure_says_nothing(mail: bytes) -> None:
    assert bounce_of(mail) is None


def test_a_notice_that_came_back_is_work_again(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    recall = running(database, clock, house)
    deliver(database, clock, Tray())
    with database.write() as session:
        messages = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
        with pytest.raises(Forbidden):
            note_bounce(session, house.writer.__class__(id="x", role="regulator"), clock, NoteBounce("x"))
        with pytest.raises(NotFound):
            note_bounce(session, house.writer, clock, NoteBounce("<none@of.ours>"))
        command = NoteBounce(messages[0].message_id, "5.1.1 User unknown")
        assert note_bounce(session, house.writer, clock, command)
        assert not note_bounce(session, house.writer, clock, command)
        consignee = messages[0].payload["consignee"]
    with database.read() as session:
        notice = session.get_one(Notice, (recall.id, consignee))
        assert (notice.state, notice.sent_at) == ("not_sent", None)
        assert [task.kind for task in open_tasks(session) if task.about == f"notice:{notice.id}"] == [NOT_SENT_TASK]
        assert session.get_one(OutboxAttempt, (messages[0].id, 2)).outcome == "bounced"
        (work,) = telling_of(session, recall.id).work
        assert (work.consignee_id, work.said) == (consignee, "5.1.1 User unknown")


def test_the_command_takes_reports_from_the_mail_server(sqlite: Database, clock: FixedClock, settings: Settings,
                                                        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    house = make_house(sqlite, clock)
    running(sqlite, clock, house)
    deliver(sqlite, clock, Tray())
    for name, value in (("VAR_DIR", str(tmp_path)), ("DATABASE_URL", settings.database_url),
                        ("SECRET_KEY", settings.secret_key), ("VAULT_KEY", settings.vault_key)):
        monkeypatch.setenv(f"TRACEAPP_{name}", value)
    with sqlite.read() as session:
        message_id = session.scalars(select(OutboxMessage.message_id)).first() or ""
    (tmp_path / "good.eml").write_bytes(report(message_id))
    (tmp_path / "other.eml").write_bytes(report("<none@of.ours>"))
    assert main(["mail", "bounced", str(tmp_path / "good.eml"), str(tmp_path / "good.eml")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["ok"], line["changed"]) for line in lines] == [(True, True), (True, False)]
    assert main(["mail", "bounced", str(tmp_path / "other.eml")]) == 1


def test_a_change_that_came_back_is_work_and_can_be_sent_again(database: Database, clock: FixedClock) -> None:
    house = make_house(database, clock)
    complains(database, clock, house.first, ANNA)
    recall = running(database, clock, house)
    seek(database, clock)
    for sent in (deliver_consumers, deliver):
        sent(database, clock, Tray())
    passed(database, clock, recall, house, PassOn("Ward 3", {house.first.lot_key: Decimal(4)}, "w3@clinic.example"))
    deliver_passed(database, clock, Tray())
    with database.write() as session:
        withdrawn(session, clock, house, recall.id)
    changes_sent(database, clock)
    with database.write() as session:
        letters = session.scalars(select(OutboxMessage).where(OutboxMessage.kind.in_(CHANGE_KINDS))).all()
        assert len({message.kind for message in letters}) == 3
        for message in letters:
            assert note_bounce(session, house.writer, clock, NoteBounce(message.message_id, "5.1.1 User unknown"))
            assert not note_bounce(session, house.writer, clock, NoteBounce(message.message_id))
    with database.write() as session:
        kinds = sorted(task.kind for task in open_tasks(session) if task.kind.startswith("recall."))
        assert kinds == [CONSUMERS_TASK, *[NOT_SENT_TASK] * (len(letters) - 1)]
        assert {work.said for work in telling_of(session, recall.id).work} == {"5.1.1 User unknown"}
        assert send_notice_again(session, house.writer, clock, SendNoticeAgain(recall.id, house.maker.clinic.id)) == 1
