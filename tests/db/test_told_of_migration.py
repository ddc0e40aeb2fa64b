"""Consumers who were told before it was kept of what: the upgrade finds the batches that their letter named."""
from __future__ import annotations

from sqlalchemy import Connection, select

from tests.db.test_migrated_rows import insert_filled
from tests.db.test_migrations import empty
from tests.migrated import migrate_to
from traceapp.db import Database
from traceapp.db.migrate import differences, upgrade
from traceapp.recall.telling_model import ConsumerLot

__all__ = ["empty"]
HOUR = "2026-01-01T0{}:00:00.000000+00:00"


def said(connection: Connection, key: str, person: str, lot: str, hour: int) -> None:
    """A complaint of somebody; their contact is what comes before the blank."""
    insert_filled(connection, "vault_person", id=person, contact_hash=person.split()[0])
    insert_filled(connection, "complaint", id=key, lot_key=lot, person_id=person, received_at=HOUR.format(hour),
                  channel="consumer", lot_capture="scan", state="received", severity="minor",
                  triage_result="untriaged", decision="undecided")


def test_who_was_told_was_told_of_what_it_had_complained_of_as_far_as_it_was_in_scope(empty: Database) -> None:
    migrate_to(empty, "0071")
    with empty.engine.begin() as connection:
        insert_filled(connection, "recall", id="r1", reference="RC-1", state="executing", recall_class="II",
                      trigger_kind="other", scope_rule="{}", approved_at=HOUR.format(1))
        for lot, hour in (("first", 1), ("second", 1), ("grown", 6)):
            insert_filled(connection, "recall_lot", recall_id="r1", lot_key=lot)
            insert_filled(connection, "hold", id=lot, lot_key=lot, source="recall:r1", kind="recall",
                          placed_at=HOUR.format(hour))
        said(connection, "1", "anna 1", "first", 1)
        said(connection, "2", "anna 2", "second", 3)
        said(connection, "3", "anna 3", "grown", 1)
        said(connection, "4", "ben 1", "first", 1)
        said(connection, "5", "ben 2", "second", 5)
        said(connection, "6", "carl 1", "first", 1)
        for person in ("anna 1", "ben 1"):
            insert_filled(connection, "consumer_notice", recall_id="r1", person_id=person, id=person, state="sent",
                          queued_at=HOUR.format(2), settled_at=HOUR.format(4))
    upgrade(empty)
    assert differences(empty) == []
    with empty.read() as session:
        assert {(one.person_id, one.lot_key) for one in session.scalars(select(ConsumerLot))} == {
            ("anna 1", "first"), ("anna 1", "second"), ("ben 1", "first")}
