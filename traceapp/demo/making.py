"""Which batches are made when, and which raw lots they are made from: two years, planned backwards from the batches."""
from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

from .acts import Act, Inspect, LotName, Produce, Receive, Reject, Release
from .chance import Calendar, chance
from .measuring import measured
from .tables import Item, Material, items, materials, recipes, suppliers

# The plasters of the bad adhesive, in days before today: the last one waits for its release.
STORY_DAYS = (27, 24, 20, 16, 12, 5)
STORY_SIZE = 8000
# The other products' last batches are older than the last plaster that was shipped, so that a plaster is the newest
# code that somebody can hold: the one that the front page offers.
_LAST_OTHER = STORY_DAYS[-2] + 4
STORY_PRODUCT, STORY_MATERIAL = "PLASTER", "GLUE"
FINISHED_SAMPLE = Decimal(32)
# One lot is in use for at most this share of its shelf life, and no longer than so many days.
_SHARE_OF_SHELF, _LONGEST_USE = 0.55, 220
_QUIET_BEFORE, _QUIET_AFTER = 45, 5
_PIECES = "EA"
_MONOMER = tuple(map(Decimal, ("0.046", "0.053", "0.061", "0.068", "0.077", "0.085", "0.097")))
# Raw lots that failed their tests: material, days before today, why they were rejected.
_REFUSED = (("GLUE", 335, "剥离强度低于下限，退回供应商 / peel adhesion below the limit, sent back"),
            ("ANTIBODY", 515, "效价不足，退回供应商 / titre too low, sent back"))
_NOT_STERILE = "无菌检查不合格，整批报废 / failed the test of sterility"


@dataclass(slots=True)
class Batch:
    """One batch of a product or of a material that we make. `fate`: released, rejected or waiting."""

    lot: LotName
    day: int
    quantity: Decimal
    retained: Decimal
    tested_on: int
    released_on: int
    place: tuple[tuple[str, str], ...]
    fate: str = "released"
    inputs: list[tuple[LotName, Decimal]] = field(default_factory=list)

    @property
    def product(self) -> str:
        return self.lot.product

    @property
    def sample(self) -> Decimal:
        return FINISHED_SAMPLE if self.product in items() else materials()[self.product].sample


@dataclass(slots=True)
class Bought:
    """One lot of a bought material."""

    lot: LotName
    supplier: str
    quantity: Decimal
    received_on: int
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Supply:
    """All batches and bought lots, and those that the story is about."""

    batches: tuple[Batch, ...]
    bought: tuple[Bought, ...]
    story: tuple[Batch, ...]

    @property
    def bad_lot(self) -> Bought:
        return next(lot for lot in self.bought if lot.is_bad)


class _Numbers:
    """Lot numbers that nobody has yet: prefix and day for batches, prefix and month for bought lots."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.given: Counter[str] = Counter()

    def batch(self, code: str, prefix: str, day: int) -> LotName:
        return LotName(code, self._next(f"{prefix}{self.calendar.at(day, 4):%y%m%d}", ""))

    def bought(self, code: str, prefix: str, day: int) -> LotName:
        return LotName(code, self._next(f"{prefix}{self.calendar.at(day, 4):%y%m}", "-"))

    def _next(self, stem: str, sign: str) -> str:
        self.given[stem] += 1
        return f"{stem}{sign}{self.given[stem]:02d}"


def plan_supply(seed: int, scale: float, calendar: Calendar) -> Supply:
    """Batches with their inputs, and the lots bought for them."""
    numbers = _Numbers(calendar)
    finished = [batch for item in items().values() for batch in _batches_of(seed, scale, calendar, item, numbers)]
    finished.sort(key=lambda batch: (batch.day, batch.product))
    story = tuple(batch for batch in finished if batch.product == STORY_PRODUCT)[-len(STORY_DAYS):]
    story[-1].fate = "waiting"
    _reject_one(finished, calendar)
    feeder = _Feeder(seed, calendar, numbers, story[0].day)
    # Made materials first: they are batches that need raw lots themselves.
    made = [batch for material in materials().values() if material.is_made
            for batch in feeder.make(material, finished)]
    everything = sorted([*finished, *made], key=lambda batch: (batch.day, batch.product))
    for material in materials().values():
        if not material.is_made:
            feeder.buy(material, everything)
    return Supply(tuple(everything), tuple(feeder.bought), story)


def _batches_of(seed: int, scale: float, calendar: Calendar, item: Item, numbers: _Numbers) -> Iterator[Batch]:
    dice = chance(seed, f"batches {item.code}")
    is_story = item.code == STORY_PRODUCT
    last = calendar.today - (STORY_DAYS[0] + 8 if is_story else _LAST_OTHER)
    count = max(3, round(item.batches * scale))
    gap = (last - 2) / (count - 1)
    for number in range(count):
        day = round(2 + number * gap + (dice.uniform(-0.2, 0.2) * gap if 0 < number < count - 1 else 0))
        size = round(item.batch_size * dice.uniform(0.92, 1.04) / 10) * 10
        yield _batch(dice, calendar, item, numbers, (day, size))
    for back in STORY_DAYS if is_story else ():
        yield _batch(dice, calendar, item, numbers, (calendar.today - back, STORY_SIZE))


def _batch(dice: random.Random, calendar: Calendar, item: Item, numbers: _Numbers, made: tuple[int, int]) -> Batch:
    day, size = made
    line = dice.choice(item.lines)
    place = {"work_order": f"WO{calendar.at(day, 4):%y%m%d}-{item.prefix}", "line": line, "shift": dice.choice("ABC"),
             "equipment": f"{line}-M{dice.randint(1, 3)}", "operator": f"op-{dice.randint(1, 14):02d}",
             "sterilisation_load": f"EO{calendar.at(day + 1, 4):%y%m%d}" if item.code == "HYDRO" else ""}
    tested_on = day + item.wait_days
    return Batch(numbers.batch(item.code, item.prefix, day), day, Decimal(size), Decimal(item.retained), tested_on,
                 tested_on + 1, tuple(place.items()))


def _reject_one(finished: Sequence[Batch], calendar: Calendar) -> None:
    """One batch of dressing fails its test of sterility, about nine months ago."""
    wanted = calendar.today - 270
    dressings = [batch for batch in finished if batch.product == "HYDRO"]
    min(dressings, key=lambda batch: abs(batch.day - wanted)).fate = "rejected"


class _Feeder:
    """Gives every batch its lots: one lot feeds a run of batches, the next takes over, sometimes within a batch."""

    def __init__(self, seed: int, calendar: Calendar, numbers: _Numbers, story_day: int) -> None:
        self.seed, self.calendar, self.numbers, self.story_day = seed, calendar, numbers, story_day
        self.bought: list[Bought] = []

    def make(self, material: Material, users: Sequence[Batch]) -> list[Batch]:
        """The batches of a material that we make ourselves."""
        made: list[Batch] = []

        def add(first: Batch, quantity: Decimal) -> LotName:
            day = first.day - material.wait_days - 3
            dice = chance(self.seed, f"made {material.code} {len(made)}")
            place = (("work_order", f"WO{self.calendar.at(day, 4):%y%m%d}-{material.prefix}"), ("line", "M1"),
                     ("shift", dice.choice("AB")), ("equipment", f"K{dice.randint(1, 2)}"),
                     ("operator", f"op-{dice.randint(15, 20)}"))
            made.append(Batch(self.numbers.batch(material.code, material.prefix, day), day, quantity, Decimal(0),
                              day + 1, first.day - 1, place))
            return made[-1].lot

        self._feed(material, users, add)
        return made

    def buy(self, material: Material, users: Sequence[Batch]) -> None:
        """The lots of a material that is bought."""
        dice = chance(self.seed, f"bought {material.code}")

        def add(first: Batch, quantity: Decimal) -> LotName:
            day = first.day - dice.randint(10, 18)
            lot = self.numbers.bought(material.code, material.prefix, day)
            is_bad = material.code == STORY_MATERIAL and first.day == self.story_day
            supplier = material.suppliers[0] if is_bad else dice.choice(material.suppliers)
            self.bought.append(Bought(lot, supplier, quantity, day, is_bad))
            return lot

        self._feed(material, users, add)

    def _feed(self, material: Material, users: Sequence[Batch], add: Callable[[Batch, Decimal], LotName]) -> None:
        uses = [(batch, amount) for batch in users
                if (amount := _amount(self.seed, material, batch)) is not None]
        dice = chance(self.seed, f"feeding {material.code}")
        starts = self._starts(dice, material, [batch.day for batch, _ in uses])
        shares: list[list[tuple[Batch, Decimal]]] = []
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(uses)], strict=True)):
            run = list(uses[start:end])
            batch, amount = run[0]
            is_fresh = not shares or batch.day - shares[-1][0][0].day <= _longest_use(material)
            if number and material.code != STORY_MATERIAL and is_fresh and dice.random() < 0.5:
                rest = _fitting(material, amount * Decimal(f"{dice.uniform(0.25, 0.6):.3f}"))
                shares[-1].append((batch, rest))
                run[0] = (batch, amount - rest)
            shares.append(run)
        for run in shares:
            needed = sum((amount for _, amount in run), material.sample)
            quantity = _rounded_up(needed * Decimal(f"{dice.uniform(1.015, 1.05):.3f}"), material.step)
            lot = add(run[0][0], quantity)
            for batch, amount in run:
                batch.inputs.append((lot, amount))

    def _starts(self, dice: random.Random, material: Material, days: Sequence[int]) -> list[int]:
        """At which uses a new lot is opened.

        The bad adhesive begins with the first plaster of the story and lasts until today; no other material of the
        plaster changes its lot about that day, so that nothing else was in exactly the same plasters.
        """
        starts: list[int] = []
        wanted, in_plaster = 0, any(row.material == material.code for row in recipes()[STORY_PRODUCT])
        for position, day in enumerate(days):
            if not starts:
                is_new = True
            elif material.code == STORY_MATERIAL and day >= self.story_day:
                is_new = day == self.story_day
            elif -_QUIET_BEFORE <= day - self.story_day <= _QUIET_AFTER and in_plaster and (
                    material.code != STORY_MATERIAL):
                is_new = False
            else:
                is_new = position - starts[-1] >= wanted or day - days[starts[-1]] > _longest_use(material)
            if is_new:
                starts.append(position)
                wanted = max(1, material.span + dice.choice((-1, 0, 0, 1)))
        return starts


def _longest_use(material: Material) -> float:
    """Days from the first batch to the last that one lot may feed."""
    return min(_LONGEST_USE, material.shelf_days * _SHARE_OF_SHELF)


def _amount(seed: int, material: Material, batch: Batch) -> Decimal | None:
    """What a batch takes: what its recipe asks for and expects to lose, a little more or less."""
    for row in recipes().get(batch.product, ()):
        if row.material == material.code:
            dice = chance(seed, f"amount {batch.lot.number} {material.code}")
            nominal = row.quantity * batch.quantity / row.output / (1 - row.loss)
            return _fitting(material, nominal * Decimal(f"{min(max(dice.gauss(1, 0.007), 0.98), 1.02):.4f}"))
    return None


def _fitting(material: Material, amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1) if material.unit == _PIECES else Decimal("0.001"), ROUND_CEILING)


def _rounded_up(amount: Decimal, step: Decimal) -> Decimal:
    return Decimal(math.ceil(amount / step)) * step


def supply_acts(seed: int, calendar: Calendar, supply: Supply) -> Iterator[Act]:
    """Receiving, testing, making and deciding, in no order."""
    rising = _rising(supply)
    for bought in supply.bought:
        yield from _bought_acts(seed, calendar, bought, rising)
    for material, back, why in _REFUSED:
        yield from _refused_acts(seed, calendar, materials()[material], calendar.today - back, why)
    for batch in supply.batches:
        yield from _batch_acts(seed, calendar, batch)


def _receive(seed: int, calendar: Calendar, lot: LotName, facts: tuple[str, Decimal, int]) -> Receive:
    supplier, quantity, day = facts
    dice = chance(seed, f"receive {lot.number}")
    made_on = (calendar.at(day, 2) - timedelta(days=dice.randint(6, 25))).date()
    number = f"{supplier[4:6]}{dice.randint(10000, 99999)}"
    return Receive(calendar.at(day, dice.uniform(0.5, 4)), lot, supplier, number, quantity,
                   suppliers()[supplier].origin, made_on, f"COA-{lot.number}")


def _rising(supply: Supply) -> dict[LotName, Decimal]:
    """The residual monomer of the bad adhesive and of the supplier's lots before it: each within its limit, each above
    the one before."""
    bad = supply.bad_lot
    same = sorted((lot for lot in supply.bought if lot.lot.product == STORY_MATERIAL and lot.supplier == bad.supplier
                   and lot.received_on <= bad.received_on), key=lambda lot: lot.received_on)[-len(_MONOMER):]
    return {lot.lot: amount for lot, amount in zip(same, _MONOMER[-len(same):], strict=True)}


def _bought_acts(seed: int, calendar: Calendar, bought: Bought, rising: Mapping[LotName, Decimal]) -> Iterator[Act]:
    lot, day, material = bought.lot, bought.received_on, materials()[bought.lot.product]
    yield _receive(seed, calendar, lot, (bought.supplier, bought.quantity, day))
    special = {"Residual monomer": rising[lot]} if lot in rising else {}
    yield Inspect(calendar.at(day + 2, 5), lot, f"R-{lot.number}", "青禾质检室 Qinghe QC", material.sample,
                  measured(seed, lot, special))
    yield Release(calendar.at(day + 4, 2), lot, "")


def _refused_acts(seed: int, calendar: Calendar, material: Material, day: int, why: str) -> Iterator[Act]:
    lot = LotName(material.code, f"{material.prefix}{calendar.at(day, 4):%y%m}-R1")
    yield _receive(seed, calendar, lot, (material.suppliers[-1], 40 * material.step, day))
    yield Inspect(calendar.at(day + 2, 5), lot, f"R-{lot.number}", "青禾质检室 Qinghe QC", material.sample,
                  measured(seed, lot, fails=True))
    yield Reject(calendar.at(day + 3, 3), lot, why)


def _batch_acts(seed: int, calendar: Calendar, batch: Batch) -> Iterator[Act]:
    yield Produce(calendar.at(batch.day, 6), batch.lot, batch.quantity, batch.retained, tuple(batch.inputs),
                  batch.place)
    is_rejected = batch.fate == "rejected"
    yield Inspect(calendar.at(batch.tested_on, 7), batch.lot, f"R-{batch.lot.number}", "青禾质检室 Qinghe QC",
                  batch.sample, measured(seed, batch.lot, fails=is_rejected))
    if batch.fate == "released":
        yield Release(calendar.at(batch.released_on, 1), batch.lot, "")
    elif is_rejected:
        yield Reject(calendar.at(batch.released_on, 1), batch.lot, _NOT_STERILE)
