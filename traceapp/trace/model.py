"""Tables of the trace: facts (events), and what is derived from them.

Every large table has the lot in its primary key (a row without a lot takes a typed subject key in the same column),
so that a distributed database keeps all of one lot together.
"""
from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.db import Base, JsonText, Revisioned, UtcTime, enum_check

from .policy import ReleaseState

# What is looked for among all lots (see gaps.py) lies in indexes of its own; both sides are told in these words.
OVERDRAWN = "item_kind = 'lot' AND made > 0 AND consumed + shipped + sampled + lost > made + returned"
OF_NOWHERE = "is_own = 0 AND item_kind = 'lot' AND made = 0"
IN_USE = "is_own = 1 AND consumed + shipped > 0"
CONSUMED = "is_own = 1 AND consumed > 0"
UNSTATED = "direction = 'down' AND kind = 'made' AND quantity IS NULL"


def _those(name: str, where: str) -> Index:
    """The index of the rows of a table for which this holds, by their lot. The column that the condition begins with
    stands first: SQLite, which may know no statistics, takes the index for it."""
    return Index(name, where.partition(" ")[0], "lot_key", sqlite_where=text(where), postgresql_where=text(where))


class ItemKind(StrEnum):
    """`lot`: a class with a lot number; `instance`: one serialised thing; `container`: a logistic unit."""

    lot = "lot"
    instance = "instance"
    container = "container"
    class_only = "class_only"


class HoldKind(StrEnum):
    manual = "manual"
    recall = "recall"


class Event(Base):
    """One EPCIS 2.0 event, kept as it was captured. `id` is time-ordered, so months are ranges of it, and new events
    are the end of its key."""

    __tablename__ = "event"
    append_only = True
    __table_args__ = (PrimaryKeyConstraint("id", "subject_key"), Index("ix_event_recorded_at", "recorded_at", "id"),
                      Index("ix_event_time", "event_time", "id"), Index("ix_event_capture", "capture_id", "id"))

    subject_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(String(8))
    event_time: Mapped[datetime] = mapped_column(UtcTime)
    zone_offset: Mapped[str] = mapped_column(String(6))
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)
    biz_step: Mapped[str | None] = mapped_column(Text)
    disposition: Mapped[str | None] = mapped_column(Text)
    read_point: Mapped[str | None] = mapped_column(Text)
    biz_location: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(100))
    document: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text, default="[]")
    capture_id: Mapped[str | None] = mapped_column(String(32))
    actor_id: Mapped[str] = mapped_column(String(80))


class SeenEvent(Base):
    """Which event identifiers and hashes (`ni:…`) are stored, and where: stored once, however often it comes."""

    __tablename__ = "seen_event"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    subject_key: Mapped[str] = mapped_column(String(32))
    id: Mapped[str] = mapped_column(String(32))


class EventItem(Base):
    """Which trace items an event names, in which role, with how much. `quantity` None: not stated.
    Roles: `object`, `input`, `output`, `child`, `parent`; `process` is a transformation's own identifier. `at` is the
    event's time; `is_class`: it stood in a list of quantities. What does not `stand` is found by queries of events
    alone: nothing follows from it. `value`: how it was written, None for the URI of the lot itself."""

    __tablename__ = "event_item"
    # On SQLite the events of a lot lie together in the key itself, in the order of time.
    __table_args__ = ({"sqlite_with_rowid": False},)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(8), primary_key=True)
    is_class: Mapped[bool] = mapped_column(primary_key=True, default=False)
    subject_key: Mapped[str] = mapped_column(String(32))
    quantity: Mapped[Decimal | None]
    unit: Mapped[str | None] = mapped_column(String(3))
    stands: Mapped[bool] = mapped_column(default=True)
    value: Mapped[str | None] = mapped_column(Text)


class MasterRecord(Base):
    """A vocabulary element that came with somebody's document: every attribute, also those that we don't use."""

    __tablename__ = "master_record"
    __table_args__ = (Index("ix_master_record_uri", "uri"),)

    capture_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    uri: Mapped[str] = mapped_column(String(2000))
    attributes: Mapped[Any] = mapped_column(JsonText)


class Capture(Base):
    """One captured document: whole, with its header, and what was noticed about it."""

    __tablename__ = "capture"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    captured_at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(300))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    events: Mapped[int] = mapped_column(Integer)
    duplicates: Mapped[int] = mapped_column(Integer, default=0)
    header: Mapped[Any] = mapped_column(JsonText)
    findings: Mapped[Any] = mapped_column(JsonText)


class Lot(Revisioned, Base):
    """A trace item. `lot_key` follows from `uri`. The sums are kept beside it, so that stock needs no walk:
    stock = made + returned - consumed - shipped - sampled - lost. `is_own`: we answer for its balance; of other
    people's lots the sums say what their events told. `started_at`: received or made. `name` is from master data,
    where the product is not ours."""

    __tablename__ = "lot"
    __table_args__ = (
        enum_check("item_kind", ItemKind), enum_check("release_state", ReleaseState),
        CheckConstraint("is_own = 0 OR made + returned - consumed - shipped - sampled - lost >= 0",
                        name="own_stock_is_not_negative"),
        CheckConstraint("made >= 0 AND consumed >= 0 AND shipped >= 0 AND returned >= 0 AND sampled >= 0 "
                        "AND lost >= 0", name="sums_are_not_negative"),
        Index("ix_lot_product_made", "product_id", "made_on"), Index("ix_lot_number", "number"),
        Index("ix_lot_created", "created_at"), Index("ix_lot_class", "class_uri"),
        _those("ix_lot_overdrawn", OVERDRAWN), _those("ix_lot_of_nowhere", OF_NOWHERE),
        _those("ix_lot_in_use", IN_USE), _those("ix_lot_consumed", CONSUMED))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    uri: Mapped[str] = mapped_column(String(2000))
    item_kind: Mapped[str] = mapped_column(String(12), default=ItemKind.lot)
    product_id: Mapped[str | None] = mapped_column(String(32))
    class_uri: Mapped[str | None] = mapped_column(String(2000))
    number: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(300), default="")
    supplier_lot_number: Mapped[str] = mapped_column(String(80), default="")
    supplier_id: Mapped[str | None] = mapped_column(String(32), index=True)
    origin: Mapped[str] = mapped_column(String(120), default="")
    site_id: Mapped[str | None] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    made_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    unit: Mapped[str | None] = mapped_column(String(3))
    made: Mapped[Decimal] = mapped_column(default=Decimal(0))
    consumed: Mapped[Decimal] = mapped_column(default=Decimal(0))
    shipped: Mapped[Decimal] = mapped_column(default=Decimal(0))
    returned: Mapped[Decimal] = mapped_column(default=Decimal(0))
    sampled: Mapped[Decimal] = mapped_column(default=Decimal(0))
    lost: Mapped[Decimal] = mapped_column(default=Decimal(0))
    is_own: Mapped[int] = mapped_column(Integer, default=1)
    release_state: Mapped[str] = mapped_column(String(10), default=ReleaseState.pending)
    released_at: Mapped[datetime | None] = mapped_column(UtcTime)
    released_by: Mapped[str | None] = mapped_column(String(120))
    release_note: Mapped[str] = mapped_column(Text, default="")
    is_on_hold: Mapped[bool] = mapped_column(default=False)
    is_recalled: Mapped[bool] = mapped_column(default=False)
    flags: Mapped[Any] = mapped_column(JsonText, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcTime)

    @property
    def stock(self) -> Decimal:
        return self.made + self.returned - self.consumed - self.shipped - self.sampled - self.lost


class Production(Base):
    """How a batch was made: everything that surveillance will ask for later."""

    __tablename__ = "production"
    __table_args__ = (Index("ix_production_work_order", "work_order"), Index("ix_production_equipment", "equipment"),
                      Index("ix_production_line", "line", "made_at"),
                      Index("ix_production_shift", "shift", "made_at"),
                      Index("ix_production_operator", "operator", "made_at"),
                      Index("ix_production_load", "sterilisation_load", "made_at"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    work_order: Mapped[str] = mapped_column(String(80), default="")
    line: Mapped[str] = mapped_column(String(80), default="")
    shift: Mapped[str] = mapped_column(String(80), default="")
    equipment: Mapped[str] = mapped_column(String(80), default="")
    operator: Mapped[str] = mapped_column(String(80), default="")
    sterilisation_load: Mapped[str] = mapped_column(String(80), default="")
    quantity: Mapped[Decimal]
    retained_samples: Mapped[Decimal] = mapped_column(default=Decimal(0))
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    event_id: Mapped[str] = mapped_column(String(32))


class LotEdge(Base):
    """One line of the genealogy, stored twice: under the parent (`down`) and under the child (`up`), so that both
    directions are local. `quantity` of the parent went into the child, in the parent's unit; None: not stated. `until`:
    when it was taken out of its container again; None: it was made into the child, or is still in it."""

    __tablename__ = "lot_edge"
    # The lines of a lot lie together in the key itself, with what a walk needs to know: it reads nothing else.
    __table_args__ = (PrimaryKeyConstraint("lot_key", "direction", "other_key", "event_id",
                                           postgresql_include=["at", "until", "kind"]),
                      _those("ix_lot_edge_unstated", UNSTATED), {"sqlite_with_rowid": False})

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    direction: Mapped[str] = mapped_column(String(4), primary_key=True)
    other_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    quantity: Mapped[Decimal | None]
    unit: Mapped[str | None] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UtcTime)
    until: Mapped[datetime | None] = mapped_column(UtcTime)


class Hold(Base):
    """A stop on a lot; it stands until it is lifted. `source` is `manual` or `recall:<id>`."""

    __tablename__ = "hold"
    __table_args__ = (enum_check("kind", HoldKind), Index("ix_hold_source", "source"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime] = mapped_column(UtcTime)
    placed_by: Mapped[str] = mapped_column(String(80))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    lifted_by: Mapped[str | None] = mapped_column(String(80))
    lift_reason: Mapped[str | None]


class Inspection(Base):
    """An inspection report of a lot; the verdict follows from its results."""

    __tablename__ = "inspection"
    __table_args__ = (enum_check("verdict", ("conforming", "non_conforming")),)

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    report_number: Mapped[str] = mapped_column(String(80))
    laboratory: Mapped[str] = mapped_column(String(200), default="")
    inspected_at: Mapped[datetime] = mapped_column(UtcTime)
    sample_size: Mapped[Decimal] = mapped_column(default=Decimal(0))
    verdict: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(32))


class TestResult(Base):
    """One characteristic against its limits. A result in words has `text` and `expected_text` instead of numbers."""

    __tablename__ = "test_result"
    __test__ = False

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    inspection_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(20), default="")
    value: Mapped[Decimal | None]
    lower: Mapped[Decimal | None]
    upper: Mapped[Decimal | None]
    text: Mapped[str] = mapped_column(String(200), default="")
    expected_text: Mapped[str] = mapped_column(String(200), default="")
    is_within: Mapped[bool]


class Shipment(Base):
    """A despatch to one consignee. Its lines stand under their lots. `late_reason`: why it was booked only after a lot
    of it was stopped, which it had left before; empty for all others."""

    __tablename__ = "shipment"
    __table_args__ = (Index("ix_shipment_consignee", "consignee_id", "shipped_at"),
                      Index("ix_shipment_document", "document_number"), Index("ix_shipment_lane", "lane", "shipped_at"),
                      Index("ix_shipment_from_site", "from_site_id", "shipped_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_number: Mapped[str] = mapped_column(String(80))
    consignee_id: Mapped[str] = mapped_column(String(32))
    from_site_id: Mapped[str | None] = mapped_column(String(32))
    carrier_id: Mapped[str | None] = mapped_column(String(32))
    lane: Mapped[str] = mapped_column(String(80), default="")
    shipped_at: Mapped[datetime] = mapped_column(UtcTime)
    late_reason: Mapped[str] = mapped_column(Text, default="", server_default="")


class ShipmentLine(Base):
    """Units of one lot in one despatch; consignee and time stand here too, so that scope needs no other table.
    `packs` of `gtin` hold `units` of the product's own unit; a return is a line with a negative number."""

    __tablename__ = "shipment_line"
    __table_args__ = (Index("ix_shipment_line_consignee", "consignee_id", "shipped_at"),
                      Index("ix_shipment_line_shipment", "shipment_id"))

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    shipment_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    consignee_id: Mapped[str] = mapped_column(String(32))
    shipped_at: Mapped[datetime] = mapped_column(UtcTime)
    gtin: Mapped[str | None] = mapped_column(String(14))
    packs: Mapped[Decimal]
    units: Mapped[Decimal]
    event_id: Mapped[str] = mapped_column(String(32))


class PositionState(StrEnum):
    """`at` a place; `transit`: sent to a place or party, no arrival told; `inside` a container and wherever that is;
    `unknown`: it left, or was unpacked, and nobody said where to."""

    at = "at"
    transit = "transit"
    inside = "inside"
    unknown = "unknown"


class ItemPosition(Base):
    """How much of an item was where from `since` until `until` (None: still), by its own events. `place` is the URI of
    the place, of the container, or of whom it is sent to; `spot_key` is the key of a container itself, or follows from
    state and place. `quantity` None: not known. `owner` and `possessor` are URIs, empty where nobody said; `is_stock`:
    it is our own stock."""

    __tablename__ = "item_position"
    __table_args__ = (enum_check("state", PositionState), Index("ix_item_position_spot", "spot_key", "since"),
                      {"sqlite_with_rowid": False})

    lot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcTime, primary_key=True)
    spot_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    until: Mapped[datetime | None] = mapped_column(UtcTime)
    state: Mapped[str] = mapped_column(String(8))
    place: Mapped[str] = mapped_column(String(2000), default="")
    owner: Mapped[str] = mapped_column(String(2000), default="")
    possessor: Mapped[str] = mapped_column(String(2000), default="")
    quantity: Mapped[Decimal | None]
    unit: Mapped[str | None] = mapped_column(String(3))
    is_stock: Mapped[bool] = mapped_column(default=False)
    event_id: Mapped[str] = mapped_column(String(32))
