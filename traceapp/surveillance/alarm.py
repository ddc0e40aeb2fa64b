"""What the detector watches and what it says when something stands out. Pure: names and values, no database."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class NodeKind(StrEnum):
    """What lots have in common. `upstream` is a material lot or a bulk that they were made from; lines, equipment,
    operators, suppliers, sites, lanes and consignees are watched by the quarter in which the lots were made or sent,
    so that a fault that begins late is not drowned in all that went before."""

    lot = "lot"
    upstream = "upstream"
    supplier = "supplier"
    line = "line"
    equipment = "equipment"
    operator = "operator"
    load = "load"
    site = "site"
    lane = "lane"
    consignee = "consignee"


class SeverityGroup(StrEnum):
    """Which complaints are counted together: all of harm or not yet judged, or the major and critical ones only."""

    harm = "harm"
    serious = "serious"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A node whose reports crossed its line. `node_key` is the key of a lot or upstream lot, else a key of its own;
    `lot_keys` are the finished lots in it; `name` is what people call it (a number, a line and shift with its quarter);
    `evidence` holds the numbers as plain values, ready to be frozen."""

    kind: NodeKind
    node_key: str
    name: str
    group: SeverityGroup
    method: str
    product_id: str | None
    lot_keys: tuple[str, ...]
    since: date
    observed: int
    expected: float
    llr: float
    critical: float
    evidence: dict[str, Any]
