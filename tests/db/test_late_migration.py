"""What waited after the end of recalls before there were states of it is judged by the rule, in the trail, after the upgrade."""
from __future__ import annotations

import json
from decimal import Decimal

from sqlalchemy import Connection, select

from tests.db.test_migrated_rows import insert_filled
from tests.db.test_migrations import empty
from tests.migrated import migrate_to
from traceapp.audit.model import AuditEntry
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.db.migrate import differences, upgrade
from traceapp.jobs.working import work_off
from traceapp.recall.book_model import LateAnswer, LateReturn, NoticeAnswer
from traceapp.recall.late_review import REVIEW_LATE, review_late
from traceapp.worklist.model import Task

__all__ = ["empty"]
DAY = "2026-01-0{}T00:00:00.000000+00:00"


def recalled(connection: Connection, key: str, state: str) -> None:
    """A recall of lot k1, of which two consignees got 350 each and used them all by the books."""
    insert_filled(connection, "recall", id=key, reference=f"RC-{key}", state=state, recall_class="II", trigger_kind="other",
                  scope_rule="{}", approved_at=DAY.format(1), closed_at=DAY.format(2))
    for name in ("c1", "c2"):
        insert_filled(connection, "notice", recall_id=key, consignee_id=name, id=f"{key}-{name}", state="answered")
        insert_filled(connection, "recall_ledger", recall_id=key, consignee_id=name, lot_key="k1", shipped=350_000_000,
                      received=350_000_000, on_hand=0, used=350_000_000, returned=0)


def answered_late(connection: Connection, recall_id: str, consignee_id: str, position: int, used: int) -> None:
    key = {"recall_id": recall_id, "consignee_id": consignee_id, "position": position}
    lines = {"k1": {"received": "350", "on_hand": str(350 - used), "used": str(used), "returned": "0", "passed_on": "0"}}
    insert_filled(connection, "notice_answer", **key, answered_at=DAY.format(3), answered_by="Li", way="link", is_late=True,
                  lines=json.dumps(lines))
    insert_filled(connection, "recall_late_answer", **key, state="waiting", came_at=DAY.format(3))


def test_late_answers_from_before_are_judged_with_their_duties_and_goods_wait(empty: Database, clock: FixedClock) -> None:
    migrate_to(empty, "0068")
    with empty.engine.begin() as connection:
        recalled(connection, "r1", "terminated")
        recalled(connection, "r2", "cancelled")
        recalled(connection, "r3", "assessing")
        for place in (("r1", "c1", 1, 340), ("r1", "c1", 2, 350), ("r1", "c2", 1, 340), ("r2", "c1", 1, 340)):
            answered_late(connection, *place)
        for about in ("r1-c1", "r1-c2", "r2-c1"):
            insert_filled(connection, "task", id=about, kind="recall.late_answer", about=f"notice:{about}", params="{}",
                          role="quality", state="open")
        for name, at in (("in time", 1), ("late", 3), ("looked at", 3)):
            insert_filled(connection, "recall_return", lot_key="k1", id=name, recall_id="r1", units=7_000_000,
                          consignee_id="c2" if name == "looked at" else "c1", is_in_scope=True, counted_at=DAY.format(at))
        for name, about in (("back", "r1-c1"), ("taken", "r3-c1")):
            insert_filled(connection, "task", id=name, kind="recall.late_return", about=f"notice:{about}", params="{}",
                          role="quality", state="open")
    upgrade(empty)
    assert differences(empty) == []
    assert work_off(empty, clock, REVIEW_LATE, 20, lambda session, key: review_late(session, clock, key)) == 3
    with empty.read() as session:
        assert {(one.recall_id, one.consignee_id, one.position): one.state for one in session.scalars(
            select(LateAnswer))} == {("r1", "c1", 1): "replaced", ("r1", "c1", 2): "same", ("r1", "c2", 1): "waiting",
                                     ("r2", "c1", 1): "withdrawn"}
        assert set(session.scalars(select(Task.id).where(Task.state == "open"))) == {"r1-c2", "back"}
        assert set(session.scalars(select(AuditEntry.stream).where(AuditEntry.action == "task.done"))) == {
            "notice:r1-c1", "notice:r2-c1", "notice:r3-c1"}
        assert [(one.return_id, one.state, one.units) for one in session.scalars(select(LateReturn))] == [
            ("late", "waiting", Decimal(7))]
        assert {tuple(one.passed) for one in session.scalars(select(NoticeAnswer))} == {()}
