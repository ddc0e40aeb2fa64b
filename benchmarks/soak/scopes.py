"""Random plants by the thousand: what a recall takes in, beside an oracle that follows every unit."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.scopes import Plant, Units, plant, store_house, store_plants
from traceapp import models
from traceapp.db import Database
from traceapp.recall.scope import propose_scope, units_of

from .genealogies import postgresql, sqlite
from .options import Options

ROUNDS = 5_000
_LARGEST = 16


def scopes(options: Options) -> dict[str, Any]:
    """How many scopes there were, which differed, and how sharp they are: where quantities decide, every lot in scope
    really has something of the bad one; where units are mixed, at least those that must have it and at most those that
    can. On PostgreSQL, where the machine has it, a tenth of them."""
    rounds = options.rounds or ROUNDS
    every = [plant(options.seed + number, largest=_LARGEST) for number in range(rounds)]
    figures: dict[str, Any] = {}
    differing: list[str] = []
    for open_database, some in ((sqlite, every), (postgresql, every[:max(1, rounds // 10)])):
        try:
            with open_database() as database:
                models.metadata.create_all(database.engine)
                store_house(database)
                for start in range(0, len(some), 500):
                    store_plants(database, some[start:start + 500])
                figures[database.dialect] = Sharpness()
                differing += list(compare(database, some, figures[database.dialect]))
        except LookupError:
            figures["postgresql"] = Sharpness()
    return {"ok": not differing, "differing": differing[:20],
            **{name: one.told() for name, one in figures.items()}}


class Sharpness:
    """What is counted over many scopes. `decided`: quantities say of every lot whether it has something of the bad
    one."""

    def __init__(self) -> None:
        self.scopes = self.decided = self.mixed = self.lots = self.must = self.holds = 0

    def told(self) -> dict[str, Any]:
        """The figures; of mixed scopes the share of lots that have to and that really have something bad."""
        return {"scopes": self.scopes, "decided": self.decided, "mixed": self.mixed,
                "mixed_least": round(self.must / self.lots, 3) if self.lots else None,
                "mixed_really": round(self.holds / self.lots, 3) if self.lots else None}


def compare(database: Database, every: list[Plant], figures: Sharpness) -> Iterator[str]:
    """What differs, as text: the set of lots, the units of consignees, a growth that is more than a difference."""
    with database.read() as session:
        for of in every:
            root, second = of.of.seed % 3 % of.of.lots, (of.of.seed // 7) % of.of.lots
            numbers = {of.of.key(number): number for number in range(of.of.lots)}
            scope = propose_scope(session, of.of.key(root))
            grown = propose_scope(session, (of.of.key(root), of.of.key(second)))
            session.expunge_all()
            found = {numbers[key] for key in scope.lot_keys}
            name = f"{database.dialect} seed {of.of.seed}"
            told = Units(of, root)
            yield from (f"{name}: {what}" for what in differences(told, found, figures))
            away = {(of.of.key(lot), f"c{consignee}"): units for (lot, consignee), units in told.away().items()
                    if lot in found}
            if units_of(scope) != away:
                yield f"{name}: units"
            new = {numbers[key] for key in grown.lot_keys - scope.lot_keys}
            both = Units(of, root, second)
            if not scope.lot_keys <= grown.lot_keys or new != both.to_recall(both.could) - found:
                yield f"{name}: growth"


def differences(told: Units, found: set[int], figures: Sharpness) -> Iterator[str]:
    """How the lots of a scope differ from what the oracle says."""
    figures.scopes += 1
    if found != told.to_recall(told.could):
        yield "lots"
    if told.must is None or told.holds is None:
        return
    must, holds = told.to_recall(told.must), told.to_recall(told.holds)
    if not must <= holds <= found:
        yield "bounds"
    if told.must == told.could:
        figures.decided += 1
        if holds != found:
            yield "decided by quantities"
        return
    figures.mixed += 1
    figures.lots += len(found)
    figures.must += len(must)
    figures.holds += len(holds)
