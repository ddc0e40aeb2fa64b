"""A report that came in, alone: as a file of its own, and as a hash of what it says whoever sends it on."""
from __future__ import annotations

import hashlib
import json
from typing import Any

from .model import Icsr, Section
from .references import DRUG, REACTION
from .writer import write_batch

# What whoever sends a report on writes anew. Source: ICH E2B(R3), C.1.1, C.1.2, C.1.9.1.r, C.3.
OF_THE_SENDER = ("N.2.r.", "C.3.")
_OF_THE_HEAD = frozenset({"C.1.1", "C.1.2", "C.1.8.1", "C.1.8.2", "C.1.9.1", "FDA.C.1.7.1", "FDA.C.1.12", "C.1.CN.1",
                          "C.1.CN.2", "C.1.CN.3", DRUG, REACTION})
EARLIER = "C.1.9.1.r"


def alone(batch: Section, report: Icsr) -> bytes:
    """A file with that report of the batch only."""
    return write_batch(Section(batch.name, batch.values, {report.name: [report]}, batch.marks, batch.kept))


def content_of(report: Icsr) -> str:
    """The hash of what a report says of the case: the same when another house sends it on."""
    return hashlib.sha256(json.dumps(_said(report), ensure_ascii=True, sort_keys=True).encode("ascii")).hexdigest()


def _said(section: Section) -> dict[str, Any]:
    values = {element: [value.text, value.null] for element, value in section.values.items()
              if element not in _OF_THE_HEAD and not element.startswith(OF_THE_SENDER)}
    inner = {name: [_said(one) for one in found] for name, found in section.sections.items() if name != EARLIER}
    return {"values": values, "sections": inner, "kept": [piece.xml for piece in section.kept]}
