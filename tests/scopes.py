"""Random plants with quantities and despatches, and an oracle that knows of every unit what is in it.

The lines are those of `tests.genealogies`; here each takes units out of its parent, lots are sold or used up, and some
come back. The oracle keeps units in lists of its own and follows them one by one.
"""
from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from tests.genealogies import START, Genealogy, genealogy, moment
from traceapp.catalog.model import Party, Product
from traceapp.db import Database
from traceapp.trace.model import Lot, LotEdge, ShipmentLine

MADE, CONSIGNEES = 12, 4
_MATERIAL, _FINISHED = "p-material", "p-finished"


@dataclass(frozen=True, slots=True)
class Taken:
    """So many units of `parent` went into `child`; None: nobody wrote down how many. `packed`: it lies in a container,
    and is still there."""

    parent: int
    child: int
    units: int | None
    packed: bool


@dataclass(frozen=True, slots=True)
class Plant:
    """Every lot was MADE units. `sent`: (lot, consignee, units), below zero for what came back. `pooled`: lots whose
    units were made of one line each; in the others every unit has something of every line."""

    of: Genealogy
    taken: tuple[Taken, ...]
    sent: tuple[tuple[int, int, int], ...]
    finished: frozenset[int]
    pooled: frozenset[int]

    def shares(self, number: int) -> list[tuple[Taken, int, int]]:
        """The lines into a lot with the units of it, from and to, that they are in."""
        lines = [line for line in self.taken if line.child == number]
        made = [line for line in lines if not line.packed]
        if number not in self.pooled:
            return [(line, 0, MADE) for line in lines]
        cuts = [MADE * at // len(made) for at in range(len(made) + 1)] if made else []
        return [(line, 0, MADE) for line in lines if line.packed] + list(zip(made, cuts, cuts[1:], strict=False))


def plant(seed: int, *, largest: int = 12) -> Plant:
    """The same seed gives the same plant; nothing is taken or sent that is not there."""
    of, chance = genealogy(seed, largest=largest), random.Random(seed + 1_000_003)
    left = dict.fromkeys(range(of.lots), MADE)
    taken = []
    for line in of.lines:
        if line.kind != "made":
            taken.append(Taken(line.parent, line.child, None, True))
            continue
        # Three of four plants make nothing out of itself, so that every unit can be followed.
        parent, child = sorted((line.parent, line.child)) if seed % 4 else (line.parent, line.child)
        if left[parent]:
            units = chance.choice((left[parent], chance.randint(1, left[parent]), chance.randint(1, left[parent])))
            left[parent] -= units
            taken.append(Taken(parent, child, None if chance.random() < 0.03 else units, False))
    sent = []
    for number in range(of.lots):
        for consignee in range(CONSIGNEES):
            if left[number] and chance.random() < 0.3:
                units = chance.randint(1, left[number])
                sent.append((number, consignee, units))
                back = chance.choice((0, 0, units, chance.randint(0, units)))
                sent += [(number, consignee, -back)] if back else []
                left[number] += back - units
    finished = frozenset(number for number in range(of.lots) if number not in of.things and chance.random() < 0.4)
    pooled = frozenset(number for number in range(of.lots) if chance.random() < 0.6)
    return Plant(of, tuple(taken), tuple(sent), finished, pooled)


class Units:
    """What can be in each lot of a root (`could`), what has to be (`must`), and what is, where units are taken at
    random (`holds`); the last two only where no lot is made out of itself, and None else."""

    def __init__(self, of: Plant, *roots: int) -> None:
        self.of, self.roots = of, roots
        self.could = self._could()
        order = self._order()
        self.must = None if order is None else self._must(order)
        self.holds = None if order is None else self._holds(order)

    def _could(self) -> set[int]:
        found, before = set(self.roots), set[int]()
        while found != before:
            before = set(found)
            for line in self.of.taken:
                if line.parent in found and line.units != 0:
                    found.add(line.child)
        return found

    def _order(self) -> list[int] | None:
        """Lots, what they were made of first; None where that goes round in a circle."""
        parents: dict[int, set[int]] = {number: set() for number in range(self.of.of.lots)}
        for line in self.of.taken:
            parents[line.child].add(line.parent)
        order: list[int] = []
        while parents:
            ready = sorted(number for number, those in parents.items() if not those - set(order))
            if not ready:
                return None
            order += ready
            for number in ready:
                del parents[number]
        return order

    def _must(self, order: list[int]) -> set[int]:
        """Lots in which the root's units are whatever was taken: more was taken than the parent has clean ones."""
        least = dict.fromkeys(order, 0)
        for number in self.roots:
            least[number] = MADE
        for number in order:
            sums = [least[number]]
            for line, start, stop in self.of.shares(number):
                if line.packed:  # a container has no units of its own: what lies in it is in it
                    sums.append(min(1, least[line.parent]))
                elif line.units is not None:
                    sure = max(0, line.units - (MADE - least[line.parent]))
                    sums.append(_fewest(sure, line.units, stop - start))
            # Lines of their own units add up; where all are in every unit, the largest share counts.
            least[number] = min(MADE, sum(sums)) if number in self.of.pooled else max(sums)
        return {number for number, units in least.items() if units > 0}

    def _holds(self, order: list[int]) -> set[int]:
        """Lots that really have something of the roots, when each line takes units at random."""
        chance = random.Random(self.of.of.seed)
        bad = {number: [number in self.roots] * MADE for number in order}
        shelf: dict[int, list[bool]] = {}
        for number in order:
            for line, start, stop in self.of.shares(number):
                if line.packed:
                    bad[number][0] = bad[number][0] or any(bad[line.parent])
                    continue
                took = [shelf[line.parent].pop() for _ in range(line.units or 1)]
                for at in range(start, stop):
                    first = (at - start) * len(took) // (stop - start)
                    after = max(first + 1, (at - start + 1) * len(took) // (stop - start))
                    bad[number][at] = bad[number][at] or any(took[first:after])
            shelf[number] = chance.sample(bad[number], MADE)
        return {number for number, units in bad.items() if any(units)}

    def to_recall(self, numbers: Iterable[int]) -> set[int]:
        """Of these lots the ones of which something can be taken back."""
        away = self.away()
        left = {number: MADE - sum(units for lot, _consignee, units in self.of.sent if lot == number) - sum(
            line.units or 0 for line in self.of.taken if line.parent == number and not line.packed)
            for number in range(self.of.of.lots)}
        return {number for number in numbers if number in self.roots or number in self.of.finished or left[number] > 0
                or any(lot == number for lot, _consignee in away) or any(
                    lot == number and units > 0 for lot, _consignee, units in self.of.sent)}

    def away(self) -> dict[tuple[int, int], int]:
        """{(lot, consignee): units that are there}."""
        sums: dict[tuple[int, int], int] = defaultdict(int)
        for lot, consignee, units in self.of.sent:
            sums[lot, consignee] += units
        return {pair: units for pair, units in sums.items() if units > 0}


def _fewest(sure: int, took: int, made: int) -> int:
    """The fewest of `made` units that `sure` of the `took` ones are in, shared out as evenly as whole units can be."""
    return math.ceil(sure / math.ceil(took / made)) if took >= made else sure * (made // took)


def store_plants(database: Database, every: Iterable[Plant]) -> None:
    """Put the plants into the tables as events would have put them there."""
    lots: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []
    for one in every:
        lots += [_lot(one, number) for number in range(one.of.lots)]
        edges += [edge for at, line in enumerate(one.taken) for edge in _edges(one, at, line)]
        sent += [{"lot_key": one.of.key(lot), "shipment_id": f"s{at}", "position": 0, "consignee_id": f"c{consignee}",
                  "shipped_at": moment(11), "packs": Decimal(units), "units": Decimal(units), "event_id": f"s{at}"}
                 for at, (lot, consignee, units) in enumerate(one.sent)]
    with database.write() as session:
        for table, rows in ((Lot, lots), (LotEdge, edges), (ShipmentLine, sent)):
            if rows:
                session.connection().execute(insert(table), rows)


def store_house(database: Database) -> None:
    """The products and consignees that all plants share."""
    with database.write() as session:
        session.add_all(Product(id=key, code=key, kind=kind, name_zh=key, name_en=key, identity_uri=f"urn:test:{key}",
                                unit="EA", created_at=START) for key, kind in (
            (_MATERIAL, "material"), (_FINISHED, "device")))
        session.add_all(Party(id=f"c{number}", code=f"C{number}", name_zh=f"c{number}", name_en=f"c{number}",
                              country="CN", created_at=START) for number in range(CONSIGNEES))


def _lot(one: Plant, number: int) -> dict[str, Any]:
    out = sum(units for lot, _consignee, units in one.sent if lot == number and units > 0)
    back = -sum(units for lot, _consignee, units in one.sent if lot == number and units < 0)
    # What nobody wrote down is not in the sums either.
    used = sum(line.units or 0 for line in one.taken if line.parent == number and not line.packed)
    return {"lot_key": one.of.key(number), "uri": f"urn:test:{one.of.seed}:{number}", "number": str(number), "name": "",
            "item_kind": "container" if number in one.of.things else "lot", "supplier_lot_number": "", "origin": "",
            "product_id": None if number in one.of.things else _FINISHED if number in one.finished else _MATERIAL,
            "started_at": START, "unit": "EA", "made": Decimal(MADE), "consumed": Decimal(used),
            "shipped": Decimal(out), "returned": Decimal(back), "sampled": 0, "lost": 0, "is_own": 1,
            "release_state": "released", "release_note": "", "is_on_hold": False, "is_recalled": False, "flags": [],
            "created_at": START, "revision": 1}


def _edges(one: Plant, at: int, line: Taken) -> Iterable[dict[str, Any]]:
    for here, direction, there in ((line.parent, "down", line.child), (line.child, "up", line.parent)):
        yield {"lot_key": one.of.key(here), "direction": direction, "other_key": one.of.key(there),
               "kind": "packed" if line.packed else "made", "event_id": f"e{at}", "unit": "EA",
               "quantity": None if line.units is None else Decimal(line.units), "at": START, "until": None}
