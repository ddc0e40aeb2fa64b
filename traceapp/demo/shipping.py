"""Where the cases go: a few consignees for each lot, on their rounds; a few cases come back."""
from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .acts import Act, Consignee, LotName, SendBack, Ship
from .chance import Calendar, chance
from .consignees import ROUND_DAYS
from .making import FINISHED_SAMPLE, Batch
from .tables import items

# Which consignees take which product, and how often against each other.
_TAKERS = {"PLASTER": {"hospital": 3, "clinic": 5, "pharmacy": 5, "distributor": 2},
           "HYDRO": {"hospital": 6, "clinic": 4, "pharmacy": 1, "distributor": 2},
           "HYALUR": {"beauty": 6, "distributor": 2, "clinic": 1},
           "ANTIGEN": {"hospital": 3, "clinic": 3, "pharmacy": 5, "distributor": 3}}
_LANES = ("公路 / road", "公路 / road", "公路 / road", "快递 / express", "铁路 / rail")
_COLD_LANE = "冷链 2–8 °C / cold chain"
STORY_HOSPITALS = 6
# The first two plasters of the bad adhesive went to so many consignees each, so many of them the same.
_STORY_TAKERS, _STORY_SHARED = (12, 11), 3


@dataclass(frozen=True, slots=True)
class Line:
    """Cases of one lot for one consignee on one day."""

    lot: LotName
    consignee: Consignee
    day: int
    cases: int

    @property
    def units(self) -> int:
        return self.cases * items()[self.lot.product].case_units


def plan_lines(seed: int, batches: Iterable[Batch], story: Sequence[Batch], consignees: Sequence[Consignee],
               last_days: dict[LotName, int]) -> list[Line]:
    """Every line of every despatch; of a lot in `last_days` nothing leaves from that day on."""
    known = {batch.lot for batch in story}
    lines: list[Line] = []
    for batch in batches:
        if batch.fate == "released" and batch.product in items() and batch.lot not in known:
            lines += _lines_of(chance(seed, f"shipping {batch.lot.number}"), batch, consignees)
    lines += _story_lines(chance(seed, "shipping the story"), story, consignees)
    return [line for line in lines if line.day < last_days.get(line.lot, line.day + 1)]


def _cases_of(batch: Batch, share: float) -> int:
    units = int((batch.quantity - batch.retained - FINISHED_SAMPLE) * round(share * 1000) / 1000)
    return units // items()[batch.product].case_units


def _lines_of(dice: random.Random, batch: Batch, consignees: Sequence[Consignee]) -> Iterator[Line]:
    weights = [_TAKERS[batch.product].get(one.kind, 0) for one in consignees]
    takers: list[Consignee] = []
    for one in dice.choices(consignees, weights, k=dice.randint(4, 7)):
        if one not in takers:
            takers.append(one)
    days = [_next_round(one, batch.released_on + 1 + dice.choice((0, 0, 0, ROUND_DAYS, ROUND_DAYS, 2 * ROUND_DAYS)))
            for one in takers]
    yield from _shared_out(dice, batch, list(zip(takers, days, strict=True)), dice.uniform(0.88, 0.98))


def _next_round(consignee: Consignee, day: int) -> int:
    return day + (consignee.rhythm - day) % ROUND_DAYS


def _shared_out(dice: random.Random, batch: Batch, stops: Sequence[tuple[Consignee, int]],
                share: float) -> Iterator[Line]:
    left, sizes = _cases_of(batch, share), [dice.uniform(0.5, 1.5) for _ in stops]
    total = sum(sizes)
    for size, (consignee, day) in zip(sizes, stops, strict=True):
        cases = min(left, max(1, int(_cases_of(batch, share) * size / total)))
        if cases > 0:
            left -= cases
            yield Line(batch.lot, consignee, day, cases)


def _story_lines(dice: random.Random, story: Sequence[Batch], consignees: Sequence[Consignee]) -> Iterator[Line]:
    """The first two lots go to some twenty clinics, pharmacies and wards; the next three lie in six hospitals."""
    hospitals = [one for one in consignees if one.kind == "hospital"][:STORY_HOSPITALS]
    others = [one for one in consignees if one.kind in ("clinic", "pharmacy")]
    dice.shuffle(others)
    first, second = _STORY_TAKERS
    takers = (others[:first], others[first - _STORY_SHARED:first - _STORY_SHARED + second])
    for batch, group in zip(story[:2], takers, strict=True):
        stops = [(one, batch.released_on + 1 + number * 6 // len(group)) for number, one in enumerate(group)]
        yield from _shared_out(dice, batch, stops, 0.95)
    for position, batch in enumerate(story[2:5]):
        group = [hospitals[(2 * position + step) % len(hospitals)] for step in range(3)]
        stops = [(one, batch.released_on + 1 + number) for number, one in enumerate(dict.fromkeys(group))]
        yield from _shared_out(dice, batch, stops, 0.6)


def ship_acts(seed: int, calendar: Calendar, lines: Iterable[Line]) -> Iterator[Act]:
    """One despatch for all that a consignee gets on a day."""
    by_stop: dict[tuple[int, str], list[Line]] = defaultdict(list)
    for line in lines:
        by_stop[line.day, line.consignee.code].append(line)
    for number, ((day, consignee), stop) in enumerate(sorted(by_stop.items()), 1):
        dice = chance(seed, f"lane {day} {consignee}")
        lane = _COLD_LANE if any(line.lot.product == "HYALUR" for line in stop) else dice.choice(_LANES)
        yield Ship(_shipped_at(calendar, day, consignee), consignee, f"DN{calendar.at(day, 4):%y%m}-{number:05d}", lane,
                   tuple((line.lot, "case", line.cases) for line in stop))


def _shipped_at(calendar: Calendar, day: int, consignee: str) -> datetime:
    return calendar.at(day, 4 + int(consignee[1:]) % 40 / 10)


def return_acts(seed: int, calendar: Calendar, lines: Sequence[Line], spared: set[LotName]) -> Iterator[Act]:
    """About one line in a hundred comes back in part, two weeks later; lots in `spared` don't."""
    dice = chance(seed, "returns")
    for line in lines:
        if dice.random() < 0.012 and line.lot not in spared:
            units = min(line.units, items()[line.lot.product].case_units)
            day = line.day + dice.randint(8, 20)
            yield SendBack(calendar.at(day, 6.5), line.lot, line.consignee.code, units,
                           f"RMA{calendar.at(day, 4):%y%m}-{line.consignee.code}")
