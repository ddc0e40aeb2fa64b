"""What a CAPA is about, taken back; and that a cause that was found and one that cannot be found exclude each other."""
from __future__ import annotations

import pytest
from sqlalchemy import select, update

from tests.factories_capa import capa_in, opened_capa, step
from tests.factories_recall import House, make_house, opened
from traceapp.audit.model import AuditEntry
from traceapp.capa.model import Capa
from traceapp.capa.queries import capas_about
from traceapp.capa.service import (
    AddCause,
    GiveUpCause,
    JudgeCause,
    LinkCapa,
    LinkTo,
    UnlinkCapa,
    add_cause,
    give_up_cause,
    judge_cause,
    link_capa,
    unlink_capa,
)
from traceapp.capa.states import CapaState
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import Database
from traceapp.recall.model import Recall


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    return make_house(database, clock)


def test_a_link_by_mistake_is_taken_back_and_the_recall_looks_for_another_capa(
        database: Database, clock: FixedClock, house: House) -> None:
    recall = opened(database, clock, house)
    wrong, right = opened_capa(database, clock, house), opened_capa(database, clock, house)
    with database.write() as session:
        for capa in (wrong, right):
            link_capa(session, house.writer, clock, LinkCapa(capa.id, LinkTo("recall", recall.id)))
        assert session.get_one(Recall, recall.id).capa_id == wrong.id
    with pytest.raises(InvalidInput), database.write() as session:
        unlink_capa(session, house.writer, clock, UnlinkCapa(wrong.id, "recall", recall.id, " "))
    with database.write() as session:
        unlink_capa(session, house.writer, clock, UnlinkCapa(wrong.id, "recall", recall.id, "Another recall was meant."))
    with database.read() as session:
        session.expire_all()
        assert session.get_one(Recall, recall.id).capa_id == right.id
        assert [one.id for one in capas_about(session, "recall", recall.id)] == [right.id]
        entry, = session.scalars(select(AuditEntry).where(AuditEntry.action == "capa.unlinked"))
        assert "Another recall was meant." in str(entry.data)
    with pytest.raises(NotFound), database.write() as session:
        unlink_capa(session, house.writer, clock, UnlinkCapa(wrong.id, "recall", recall.id, "Once more."))


def test_what_a_capa_was_opened_from_and_a_recall_that_ended_with_it_stay_linked(
        sqlite: Database, clock: FixedClock) -> None:
    house = make_house(sqlite, clock)
    recall, supplier = opened(sqlite, clock, house), house.maker.supplier.id
    capa = opened_capa(sqlite, clock, house, LinkTo("supplier", supplier), LinkTo("recall", recall.id))
    with sqlite.write() as session:
        session.execute(update(Recall).where(Recall.id == recall.id).values(state="terminated"))
    for kind, target, code in (("supplier", supplier, "opened-from-it"), ("recall", recall.id, "recall-ended")):
        with pytest.raises(Conflict) as refused, sqlite.write() as session:
            unlink_capa(session, house.writer, clock, UnlinkCapa(capa.id, kind, target, "Not this."))
        assert refused.value.code == code


def test_a_confirmed_cause_and_none_to_be_found_exclude_each_other(
        database: Database, clock: FixedClock, house: House) -> None:
    capa = capa_in(database, clock, house, CapaState.investigating)
    with database.write() as session:
        give_up_cause(session, house.writer, clock, GiveUpCause(capa.id, "All packs were thrown away"))
        cause = add_cause(session, house.writer, clock, AddCause(capa.id, "method", "Cured too short"))
        judge_cause(session, house.writer, clock, JudgeCause(capa.id, cause.id, "confirmed", "Log of the oven"))
        assert session.get_one(Capa, capa.id).no_cause == ""
    with pytest.raises(Conflict) as refused, database.write() as session:
        give_up_cause(session, house.writer, clock, GiveUpCause(capa.id, "Nothing is known"))
    assert refused.value.code == "cause-confirmed"
    step(database, clock, house, "plan", capa.id)
    with database.read() as session:
        assert "All packs were thrown away" in str(session.scalars(select(AuditEntry.data).where(
            AuditEntry.action == "capa.cause_given_up")).all())
