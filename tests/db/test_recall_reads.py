"""What others read of recalls: the public only what was announced, staff by filter, all of it at scale."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import event, insert, select

from tests.factories import PASSWORD
from tests.factories_recall import TEXTS, VAULT, House, Tray, decide, deliver, make_house, opened, running, submitted
from traceapp.catalog.model import Party, PartyContact
from traceapp.core.clock import FixedClock
from traceapp.core.ids import name_key
from traceapp.db import Database
from traceapp.recall.model import Notice, RecallLedger
from traceapp.recall.notice_reads import Standing, notice_page, notice_rows
from traceapp.recall.public import facts_of_sources, public_recall, public_recalls, recalls_of_lot
from traceapp.recall.queries import RecallFilter, recall_page, scope_rows, signatures, totals_of
from traceapp.recall.scope import propose_scope
from traceapp.recall.service import ApproveRecall, OpenRecall, SubmitRecall, approve_recall, open_recall, submit_recall
from traceapp.recall.states import NoticeState
from traceapp.trace.model import Lot, LotEdge, ShipmentLine


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_the_public_sees_announced_recalls_with_their_batches_as_text(database: Database, clock: FixedClock,
                                                                      house: House) -> None:
    opened(database, clock, house)
    submitted(database, clock, house)
    recall = running(database, clock, house)
    with database.read() as session:
        page = public_recalls(session)
        assert public_recall(session, "RC-0000-NOSUCH") is None
        found = public_recall(session, recall.reference)
    assert [entry.facts.reference for entry in page.rows] == [recall.reference]
    assert page.total == 1
    assert found is not None
    assert found.lots_text("zh") == "创可贴：批号 P-1、P-2"
    assert found.lots_text("en") == "Plaster: batch P-1, P-2"
    assert {lot.gtin for lot in found.lots} == {"06901234500011"}
    assert found.facts.announced_at == clock.now()
    assert not found.facts.is_closed


def test_the_inner_reason_and_raw_materials_are_not_public(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall = running(sqlite, clock, house)
    with sqlite.read() as session:
        found = public_recall(session, recall.reference)
    assert found is not None
    assert TEXTS.reason not in str(found)
    assert "A-1" not in [lot.number for lot in found.lots]


def test_a_batch_leads_to_its_recalls_by_hold_and_by_lot(database: Database, clock: FixedClock, house: House) -> None:
    draft, recall = opened(database, clock, house), running(database, clock, house)
    with database.reading() as connection:
        facts, = facts_of_sources(connection, ("manual", f"recall:{recall.id}", f"recall:{draft.id}"))
        assert (facts.id, facts.risk["zh"]) == (recall.id, TEXTS.risk_zh)
        assert facts_of_sources(connection, ("manual",)) == ()
        assert recalls_of_lot(connection, house.first.lot_key) == (facts,)
        assert recalls_of_lot(connection, house.other.lot_key) == ()


def test_a_list_is_narrowed_by_each_filter_and_paged(database: Database, clock: FixedClock, house: House) -> None:
    drafts = []
    for number in range(3):
        clock.move_to(clock.now() + timedelta(minutes=1))
        drafts.append(opened(database, clock, house, replace(TEXTS, title_zh=f"召回{number}", root_lot_keys=(
            house.other.lot_key,))))
    recall = running(database, clock, house, replace(TEXTS, recall_class="I", root_lot_keys=(house.glue.lot_key,)))

    def found(**wanted: object) -> list[str]:
        with database.read() as session:
            return [row.id for row in recall_page(session, RecallFilter(**wanted)).rows]  # type: ignore[arg-type]

    assert found(text="召回1") == [drafts[1].id]
    assert found(text=recall.reference.lower()) == [recall.id]
    assert found(states=("notifying",)) == [recall.id]
    assert found(recall_class="I") == [recall.id]
    assert found(lot_key=house.first.lot_key) == [recall.id]
    assert found(consignee_id=house.maker.clinic.id) == [recall.id]
    assert set(found(opened_from=drafts[2].opened_at)) == {drafts[2].id, recall.id}
    assert found(opened_before=drafts[1].opened_at) == [drafts[0].id]
    with database.read() as session:
        first = recall_page(session, RecallFilter(states=("draft",), limit=2))
        rest = recall_page(session, RecallFilter(states=("draft",), limit=2, after=first.next))
    assert [row.id for row in (*first.rows, *rest.rows)] == [draft.id for draft in reversed(drafts)]
    assert (first.total, rest.next) == (3, None)


def test_one_recall_is_read_with_scope_signatures_and_funnel(database: Database, clock: FixedClock,
                                                             house: House) -> None:
    recall = running(database, clock, house)
    deliver(database, clock, Tray())
    with database.read() as session:
        assert [(row.number, row.path, row.made) for row in scope_rows(session, recall.id)] == [
            ("A-1", "A-1", D(10)), ("P-1", "A-1 → B-1 → P-1", D(1000)), ("P-2", "A-1 → P-2", D(2000))]
        assert [row.user_name for row in signatures(session, recall.id)] == [
            "Test writer", "Test second", "Test manager", "Test writer", "Test manager"]
        totals = totals_of(session, recall.id)
        assert (totals.consignees, totals.notified, totals.answered) == (2, 2, 0)
        assert [row.state for row in notice_rows(session, recall.id)] == ["sent", "sent"]


def test_consignees_are_read_by_page_and_by_what_is_worth_looking_for(database: Database, clock: FixedClock,
                                                                      house: House) -> None:
    recall = running(database, clock, house)
    with database.write() as session:
        first, second = session.scalars(select(Notice).where(Notice.recall_id == recall.id)
                                        .order_by(Notice.consignee_id))
        second.state = NoticeState.uncertain
        for line in session.scalars(select(RecallLedger).where(RecallLedger.consignee_id == first.consignee_id)):
            line.on_hand, line.used = D(0), line.shipped
    with database.read() as session:
        every = notice_rows(session, recall.id)
        pages = [notice_page(session, recall.id, None, number, size=1) for number in (1, 2, 9)]
        by_standing = {standing: notice_page(session, recall.id, standing) for standing in Standing}
    assert [row for page in pages[:2] for row in page.rows] == list(every)
    assert [(page.number, page.pages, page.count) for page in pages] == [(1, 2, 2), (2, 2, 2), (2, 2, 2)]
    assert {standing: [row.consignee_id for row in page.rows] for standing, page in by_standing.items()} == {
        "open": [], "problem": [second.consignee_id], "done": [first.consignee_id]}
    assert (by_standing[Standing.open].count, by_standing[Standing.open].pages) == (0, 1)


LOTS, PARTIES = 1000, 100


def _grown(database: Database, house: House) -> str:
    """1,000 lots of one raw lot, each with three of 100 consignees; rows only."""
    root = house.other_glue.lot_key
    uris = [f"https://id.gs1.org/01/06901234500011/10/N-{number:04d}" for number in range(LOTS)]
    keys = [name_key(uri) for uri in uris]
    parties = [f"{number:032x}" for number in range(PARTIES)]
    with database.reading() as connection:
        lot, edge, line, party, contact = (
            dict(connection.execute(select(table.__table__).limit(1)).mappings().one())
            for table in (Lot, LotEdge, ShipmentLine, Party, PartyContact))
    lot |= {"item_kind": "lot", "product_id": house.maker.plaster.id, "unit": "EA", "made": D(100), "shipped": D(30),
            "consumed": D(0), "returned": D(0), "sampled": D(0), "lost": D(0)}
    with database.write() as session:
        session.execute(insert(Lot), [lot | {"lot_key": key, "number": uri[-6:], "uri": uri}
                                      for key, uri in zip(keys, uris, strict=True)])
        session.execute(insert(LotEdge), [edge | {"lot_key": mine, "direction": way, "other_key": other}
                                          for key in keys for mine, way, other in ((root, "down", key),
                                                                                   (key, "up", root))])
        session.execute(insert(Party), [party | {"id": key, "code": f"C{key[-3:]}", "gln": None,
                                                 "name_en": f"Clinic {key[-3:]}"} for key in parties])
        session.execute(insert(PartyContact), [contact | {"id": "c" + key[1:], "party_id": key,
                                                          "email": f"q@{key[-3:]}.example"} for key in parties])
        session.execute(insert(ShipmentLine), [
            line | {"lot_key": key, "shipment_id": f"s{step}", "consignee_id": parties[(row + step) % PARTIES],
                    "packs": D(10), "units": D(10)} for row, key in enumerate(keys) for step in range(3)])
    return root


def test_a_thousand_lots_at_a_hundred_consignees_take_a_dozen_statements(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    root, seen = _grown(sqlite, house), []
    with sqlite.read() as session:
        propose_scope(session, house.glue.lot_key)  # statements compiled

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(sqlite.engine, "before_cursor_execute", note)
    with sqlite.read() as session:
        scope = propose_scope(session, root)
    event.remove(sqlite.engine, "before_cursor_execute", note)
    assert (len(scope.lots), len(scope.consignees)) == (LOTS + 2, PARTIES + 1)  # the raw lot and its own batch too
    assert sum(total.shipped for total in scope.totals) == D(LOTS * 30 + 500)
    assert len(seen) <= 12


def test_a_thousand_lots_are_recalled_with_one_notice_a_consignee(sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    root = _grown(sqlite, house)
    command: OpenRecall = replace(TEXTS, root_lot_keys=(root,))
    with sqlite.write() as session:
        recall = open_recall(session, house.writer, clock, command)
    with sqlite.write() as session:
        decide(session, clock, house, recall)
        submit_recall(session, house.writer, clock, SubmitRecall(recall.id, PASSWORD))
    with sqlite.write() as session:
        approve_recall(session, house.manager, clock, ApproveRecall(recall.id, PASSWORD), vault=VAULT)
    tray = Tray()
    while deliver(sqlite, clock, tray):
        pass
    assert len({letter.to for letter in tray.letters}) == len(tray.letters) == PARTIES + 1
    with sqlite.read() as session:
        totals = totals_of(session, recall.id)
    assert (totals.notified, totals.lines) == (PARTIES + 1, LOTS * 3 + 1)
