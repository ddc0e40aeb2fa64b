"""What an event is among the critical tracking events, and which elements such an event has. Pure.

Source: FSMA 204 (21 CFR 1.1325 to 1.1350), as a model of form; the kinds are those of our field.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from traceapp.epcis import Event

from . import acts


class Tracking(StrEnum):
    """`creation`: a lot or thing begins without a recorded input; `other`: a step that we do not know."""

    receiving = "receiving"
    transformation = "transformation"
    creation = "creation"
    packing = "packing"
    unpacking = "unpacking"
    shipping = "shipping"
    shipping_void = "shipping_void"
    returning = "returning"
    dispensing = "dispensing"
    disposal = "disposal"
    other = "other"
    inspection = "inspection"
    decision = "decision"
    hold = "hold"
    hold_lifted = "hold_lifted"
    observation = "observation"


# What follows changes neither where a lot is nor what it is.
NOT_CRITICAL = frozenset({Tracking.inspection, Tracking.decision, Tracking.hold, Tracking.hold_lifted,
                          Tracking.observation})
_ACTS = {
    "receive": Tracking.receiving, "produce": Tracking.transformation, "ship": Tracking.shipping,
    "return": Tracking.returning, "dispose": Tracking.disposal, "inspect": Tracking.inspection,
    "decide": Tracking.decision, "place-hold": Tracking.hold, "lift-hold": Tracking.hold_lifted,
}
_STEPS = {
    "receiving": Tracking.receiving, "arriving": Tracking.receiving, "accepting": Tracking.receiving,
    "shipping": Tracking.shipping, "departing": Tracking.shipping, "void_shipping": Tracking.shipping_void,
    "commissioning": Tracking.creation, "creating_class_instance": Tracking.creation,
    "packing": Tracking.packing, "unpacking": Tracking.unpacking,
    "dispensing": Tracking.dispensing, "retail_selling": Tracking.dispensing,
    "destroying": Tracking.disposal, "decommissioning": Tracking.disposal,
    "inspecting": Tracking.inspection, "sampling": Tracking.inspection, "holding": Tracking.hold,
} | dict.fromkeys((
    "cycle_counting", "encoding", "entering_exiting", "loading", "picking", "reserving", "sensor_reporting",
    "staging_outbound", "stock_taking", "stocking", "storing", "transporting", "unloading"), Tracking.observation)
_PACKED = {"ADD": Tracking.packing, "DELETE": Tracking.unpacking, "OBSERVE": Tracking.observation}
_BEGUN_OR_ENDED = {"ADD": Tracking.creation, "DELETE": Tracking.disposal}

# Which groups of elements an event of the kind has; what such an event does not say is unknown, all else is blank.
FROM, TO, PAPER = "from", "to", "paper"
ELEMENTS: dict[Tracking, frozenset[str]] = {
    Tracking.receiving: frozenset({FROM, PAPER}), Tracking.returning: frozenset({FROM, PAPER}),
    Tracking.shipping: frozenset({FROM, TO, PAPER}), Tracking.transformation: frozenset({PAPER}),
}


@dataclass(frozen=True, slots=True)
class TrackingLine:
    """One item in one role of one event. None: the event or the records do not say. Names are in both languages as
    (Chinese, English); `papers` are (type, number); `side` is the role that the event gives the item."""

    kind: Tracking
    side: str
    at: datetime
    zone_offset: str
    step: str | None
    disposition: str | None
    event_type: str
    event_id: str
    recorded_at: datetime
    is_own_record: bool
    item_kind: str
    item_uri: str
    number: str
    gtin: str | None
    product_code: str | None
    product: tuple[str, str] | None
    quantity: Decimal | None
    unit: str | None
    supplier_lot: str | None
    has_supplier: bool
    source: Place | None
    sent_from: tuple[Place | None, Place | None]
    sent_to: tuple[Place | None, Place | None]
    place: Place | None
    papers: tuple[tuple[str, str], ...]
    made_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Place:
    """A party or a location. `name` None: only its identifier is known."""

    uri: str
    name: tuple[str, str] | None = None
    address: str | None = None


def tracking_of(said: Event, *, is_own: bool) -> Tracking:
    """Which kind an event is. `is_own`: an act of ours; of others' events our own extension members say nothing."""
    act = acts.read(said)[0] if is_own else ""
    if act in _ACTS:
        return _ACTS[act]
    if said.type == "TransformationEvent":
        return Tracking.transformation
    if said.type in ("AggregationEvent", "AssociationEvent"):
        return _PACKED.get(said.action or "", Tracking.other)
    known = _STEPS.get(said.biz_step or "")
    begun = _BEGUN_OR_ENDED.get(said.action or "")
    if known == Tracking.receiving and said.disposition == "returned":
        return Tracking.returning
    # Who only marks or counts a thing that the same event brings into being has begun it all the same.
    if begun is not None and known in (None, Tracking.observation):
        return begun
    return known or Tracking.other
