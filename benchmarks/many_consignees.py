"""A batch that went to thousands of consignees, each with one contact, and the three people who recall it: made by the
use cases as far as one consignee goes, the others are rows like its own; so are further batches of its glue."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, PartyContact
from traceapp.catalog.parties import NewParty, NewSite, create_party, create_site
from traceapp.catalog.service import Ingredient, Level, NewProduct, create_product
from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.ids import name_key, new_id
from traceapp.core.quantity import Quantity
from traceapp.db import Base
from traceapp.gs1 import check_digit
from traceapp.identity.service import NewUser, actor_of, create_user
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.model import Recall
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    DecideRecall,
    Hazard,
    OpenRecall,
    SignEvaluation,
    SubmitRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    decide_recall,
    open_recall,
    sign_evaluation,
    submit_recall,
    write_evaluation,
)
from traceapp.trace.model import Lot, LotEdge, ShipmentLine
from traceapp.trace.production import InputLot, ProduceBatch, produce_batch
from traceapp.trace.receiving import ReceiveLot, receive_lot
from traceapp.trace.release import Decide, release_lot
from traceapp.trace.shipping import ShipLine, ShipLots, ship_lots
from traceapp.world import World

PASSWORD = "bench run 5 amber lighthouse"
_STEM = "0952123456801"
_UNITS = Decimal(20)
_TEXTS = OpenRecall(
    recall_class="I", title_zh="创可贴胶层致敏", title_en="Plaster adhesive causes reactions", reason="14 reports",
    risk_zh="皮肤可能红肿、起水疱。", risk_en="The skin can become red and blistered.",
    action_zh="停止使用，单独存放。", action_en="Stop using it and keep it apart.", contact="0512-0000 0000",
    trigger_kind="complaint")
_HAZARD = Hazard(harm_so_far="14 people with blisters", conditions="worn for a night", populations="children sooner",
                 seriousness="moderate", likelihood="occasional", consequences="red skin", conclusion="take it back",
                 proposed_class="I")


@dataclass(frozen=True, slots=True)
class Team:
    """Who writes, decides, and signs for medicine."""

    writer: Actor
    manager: Actor
    medic: Actor


def make_case(world: World, consignees: int, lots: int = 1) -> tuple[Team, Recall]:
    """An empty installation filled, and a recall of the batch as it was decided, ready to be submitted; of its glue
    where there are more lots."""
    with world.database.write() as session:
        people = [create_user(session, SYSTEM, world.clock, NewUser(name, name, role, PASSWORD)) for name, role in (
            ("writer", "quality"), ("manager", "quality_manager"), ("medic", "quality_manager"))]
        session.flush()
        team = Team(*map(actor_of, people))
        lot = _lot(session, world, team.writer)
        _add_consignees(session, world, lot, consignees)
        root = _add_lots(session, lot, lots - 1) if lots > 1 else lot.lot_key
    with world.database.write() as session:
        return team, _decided(session, world, team, root)


def submit_and_approve(world: World, team: Team, recall: Recall) -> tuple[float, float]:
    """Freeze the scope, then start the recall with a notice to everybody: the seconds of each, with its commit."""
    with _timed() as frozen, world.database.write() as session:
        submit_recall(session, team.writer, world.clock, SubmitRecall(recall.id, PASSWORD, "all of it"))
    with _timed() as queued, world.database.write() as session:
        approve_recall(session, team.manager, world.clock, ApproveRecall(recall.id, PASSWORD, "yes"),
                       vault=world.vault)
    return frozen[0], queued[0]


@contextmanager
def _timed() -> Iterator[list[float]]:
    taken: list[float] = []
    begun = perf_counter()
    yield taken
    taken.append(perf_counter() - begun)


def _lot(session: Session, world: World, who: Actor) -> Lot:
    clock, at = world.clock, world.clock.now() - timedelta(days=20)
    own = create_party(session, who, clock, NewParty("OWN", "示例敷料厂", "Example Dressings"))
    create_site(session, who, clock, NewSite(own.id, "PLANT", "一厂", "Plant one", is_own=True))
    supplier = create_party(session, who, clock, NewParty("SUP", "胶厂", "Glue works", roles=("supplier",)))
    glue = create_product(session, who, clock, NewProduct("GLUE", "material", "压敏胶", "Adhesive", "KGM"))
    plaster = create_product(session, who, clock, NewProduct(
        "PLASTER", "device", "创可贴", "Plaster", "EA", levels=(Level("unit", _STEM + check_digit(_STEM)),),
        shelf_life_days=730, recipe=(Ingredient(glue.id, Decimal(1)),), recipe_output=Decimal(1000)))
    raw = receive_lot(session, who, clock, ReceiveLot(glue.id, "G-1", supplier.id, "S-1",
                                                      Quantity(Decimal(10_000), "KGM"), at))
    release_lot(session, who, clock, Decide(raw.lot_key, "certificate"))
    lot = produce_batch(session, who, clock, ProduceBatch(
        plaster.id, "P-1", Quantity(Decimal(4_000_000), "EA"), at + timedelta(days=1),
        (InputLot(raw.lot_key, Quantity(Decimal(4000), "KGM")),)))
    release_lot(session, who, clock, Decide(lot.lot_key, "tested"))
    first = create_party(session, who, clock, NewParty("H-0", "第0医院", "Hospital 0", roles=("user_facility",)))
    ship_lots(session, who, clock, ShipLots(first.id, "D-0", at + timedelta(days=3), None, "",
                                            (ShipLine(lot.lot_key, None, _UNITS),)))
    session.flush()
    return lot


def _add_consignees(session: Session, world: World, lot: Lot, count: int) -> None:
    first = session.scalars(select(ShipmentLine).where(ShipmentLine.lot_key == lot.lot_key)).one()
    line = _values(first)
    now = world.clock.now()
    parties, contacts, lines = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    for number in range(count):
        party_id = first.consignee_id if number == 0 else new_id(now)
        parties.append({"id": party_id, "code": f"H-{number}", "name_zh": f"第{number}医院",
                        "name_en": f"Hospital {number}", "country": "CN", "created_at": now, "revision": 1})
        contacts.append({"id": new_id(now), "party_id": party_id, "name": "Ward", "email": f"ward@h{number}.example"})
        lines.append(line | {"consignee_id": party_id, "position": first.position + number})
    if count > 1:
        session.execute(insert(Party), parties[1:])
    session.execute(insert(PartyContact), contacts)
    if count > 1:
        session.execute(insert(ShipmentLine), lines[1:])
    session.execute(update(Lot).where(Lot.lot_key == lot.lot_key).values(shipped=_UNITS * count))


def _add_lots(session: Session, lot: Lot, count: int) -> str:
    """So many lots like this one, each with one line to one of its consignees; the raw lot of them all."""
    raw = session.scalars(select(LotEdge).where(LotEdge.other_key == lot.lot_key, LotEdge.direction == "down")).one()
    sent = session.scalars(select(ShipmentLine).where(ShipmentLine.lot_key == lot.lot_key)).all()
    like, down = _values(lot), _values(raw)
    lines = [_values(one) for one in sent]
    lots, edges, despatched = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    for number in range(count):
        uri = lot.uri.replace(f"/{lot.number}", f"/W-{number}")
        key = name_key(uri)
        lots.append(like | {"lot_key": key, "uri": uri, "number": f"W-{number}", "shipped": _UNITS})
        edges += [down | {"other_key": key}, down | {"lot_key": key, "direction": "up", "other_key": raw.lot_key}]
        despatched.append(lines[number % len(lines)] | {"lot_key": key, "position": 1})
    for table, rows in ((Lot, lots), (LotEdge, edges), (ShipmentLine, despatched)):
        session.execute(insert(table), rows)
    return raw.lot_key


def _values(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _decided(session: Session, world: World, team: Team, root: str) -> Recall:
    clock = world.clock
    recall = open_recall(session, team.writer, clock, replace(_TEXTS, root_lot_keys=(root,)))
    assess_recall(session, team.writer, clock, AssessRecall(recall.id))
    write_evaluation(session, team.writer, clock, WriteEvaluation(recall.id, _HAZARD))
    for signer, meaning in ((team.writer, QUALITY), (team.medic, MEDICAL)):
        sign_evaluation(session, signer, clock, SignEvaluation(recall.id, meaning, PASSWORD))
    return decide_recall(session, team.manager, clock, DecideRecall(recall.id, "I", "14 reports", PASSWORD))
