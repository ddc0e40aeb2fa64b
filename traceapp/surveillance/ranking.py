"""The likeliest cause of a signal: its lineage, what was seen in it, samples and sensors, weighed together."""
from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from traceapp.core.errors import InvalidInput
from traceapp.signals.covariates import Mark, change_part, raised
from traceapp.signals.samples import Found, NextSample, Result, Taken, Test, next_samples
from traceapp.trace.model import Lot

from .alarm import NodeKind
from .cause_model import CauseSample
from .covariates import covariates_of
from .lineage import BY_PLACE, LASTING, Lineage, day_of, lineage_of
from .observe import Observation, observe_lots, reports_by_consignee
from .priors import BEFORE_ANY, confirmed_causes, kind_shares
from .samples import standing_samples

if TYPE_CHECKING:
    from traceapp.signals import causes
    from traceapp.signals.shifts import Change

MOST_CLASSES = 12
NO_CAUSE = 0.5
_REPLICATIONS, _FEWER, _MANY = 999, 199, 600
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Likeliest:
    """`ranking` is None for a `reason`: `too-little` to compare, or a `circle` in the genealogy. `second` are causes
    that show once the first is taken as given. `silent` lots have complaints but no exposure: they say nothing here.
    `samples` stand; `available` says where a sample of a lot would come from. `marks` raised the prior of nodes."""

    ranking: causes.Ranking | None
    reason: str
    second: tuple[causes.CauseClass, ...]
    next: tuple[NextSample, ...]
    lineage: Lineage
    seen: dict[str, Observation]
    silent: tuple[str, ...]
    samples: tuple[CauseSample, ...]
    available: dict[str, Taken]
    marks: dict[str, frozenset[Mark]]
    confirmed: dict[NodeKind, int]

    def units(self, cause: causes.CauseClass) -> Decimal:
        """Units in use that met a cause: of each of its lots the part that came from it or went its way."""
        met = (self.seen[lot].units * Decimal(repr(dose)) for lot, dose in zip(cause.lots, cause.doses, strict=True)
               if lot in self.seen)
        return sum(met, Decimal(0)).quantize(Decimal(1))


@dataclass(slots=True)
class _Answers:
    """The latest answers by the hash of what was asked: a page that is looked at again waits for nothing."""

    kept: OrderedDict[str, tuple[causes.Ranking, tuple[causes.CauseClass, ...]]] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


_answers = _Answers()


def likeliest_cause(session: Session, lot_keys: Iterable[str], on: date) -> Likeliest:
    """Every cause that the lots have above them, ranked by what was seen in all lots that share one of them.

    Lots of the same products serve for comparison. A fixed number of queries a level of the genealogy and five hundred
    lots.
    """
    lineage = lineage_of(session, lot_keys)
    seen = observe_lots(session, lineage.compared, on)
    silent = tuple(sorted(key for key, one in seen.items() if one.observed and one.expected <= 0))
    samples = standing_samples(session, lineage.lots)
    (marks, changed), confirmed = _marks(session, lineage), confirmed_causes(session)
    available = _available(lineage)
    unseen = {Taken.retained: lineage.unseen_in_retained, Taken.stock: lineage.unseen_in_stock,
              Taken.returned: frozenset[str]()}
    samples_of = {key: unseen[taken] for key, taken in available.items()}
    results = [Result(one.lot_key, Found(one.result), Test(one.sensitivity, one.specificity),
                      unseen[Taken(one.taken)]) for one in samples]
    ranking, second, reason = _rank(lineage, seen, _Evidence(results, samples_of, marks, confirmed,
                                                            _places(session, lineage, on), changed))
    following = _following(ranking, lineage, samples_of) if ranking else ()
    return Likeliest(ranking, reason, second, following, lineage, seen, silent, samples, available, marks, confirmed)


@dataclass(frozen=True, slots=True)
class _Evidence:
    results: list[Result]
    available: dict[str, frozenset[str]]
    marks: dict[str, frozenset[Mark]]
    confirmed: dict[NodeKind, int]
    places: dict[str, dict[str, list[tuple[float, int]]]] = field(default_factory=dict)
    changed: dict[str, Change] = field(default_factory=dict)


def _rank(lineage: Lineage, seen: dict[str, Observation], evidence: _Evidence
          ) -> tuple[causes.Ranking | None, tuple[causes.CauseClass, ...], str]:
    """(ranking, second causes, why there is none). Lots with complaints and no exposure are left out."""
    from traceapp.signals import causes

    lots = [causes.Lot(key, one.observed if one.expected > 0 else 0, max(0.0, one.expected))
            for key, one in sorted(seen.items())]
    exposed = [lot for lot in lots if lot.exposure > 0]
    if sum(lot.complaints for lot in exposed) < 1 or len(exposed) < 2:
        return None, (), "too-little"
    try:
        ranking, second = _answer(lots, lineage, _beliefs(lineage, evidence))
    except InvalidInput as error:
        if error.code != "cycle":
            raise
        return None, (), "circle"
    return ranking, second, ""


def _beliefs(lineage: Lineage, evidence: _Evidence) -> causes.Beliefs:
    """Every node weighs alike until closed actions raise its kind or marks raise it; the share of the lots is that of
    single lots."""
    from traceapp.signals import causes

    shares = kind_shares(evidence.confirmed)
    kinds = {node: lineage.kind_of(node) for node in (*lineage.lots, *lineage.things)}
    weights = raised({node: shares[kind] / BEFORE_ANY[kind] for node, kind in kinds.items()}, evidence.marks)
    return causes.Beliefs(NO_CAUSE, 1 - shares[NodeKind.lot], weights, _known(lineage, evidence))


def _known(lineage: Lineage, evidence: _Evidence) -> causes.Known:
    from traceapp.signals import causes

    lasting = {key for key, thing in lineage.things.items() if thing.kind in LASTING}
    days = {key: day_of(lineage.lots[key]) for key in lineage.compared}
    return causes.Known(evidence.results, days, lasting, evidence.available, evidence.places, lineage.met,
                        evidence.changed)


def _answer(lots: list[causes.Lot], lineage: Lineage, beliefs: causes.Beliefs
            ) -> tuple[causes.Ranking, tuple[causes.CauseClass, ...]]:
    """The ranking and the causes after the first, kept for the next time that just the same is asked."""
    from traceapp.signals import causes

    known = beliefs.known
    asked = (lots, sorted(lineage.edges), sorted(lineage.shares.items()), sorted((beliefs.weights or {}).items()),
             beliefs.shared, known.results, sorted(known.days.items()), sorted(known.lasting),
             sorted((node, sorted(lots.items())) for node, lots in known.places.items()),
             sorted((node, sorted(lots.items())) for node, lots in known.met.items()),
             sorted((node, one.day, one.part) for node, one in known.changed.items()),
             [(key, sorted(unseen)) for key, unseen in (known.available or {}).items()])
    key = hashlib.sha256(repr(asked).encode()).hexdigest()
    with _answers.lock:
        if key in _answers.kept:
            _answers.kept.move_to_end(key)
            return _answers.kept[key]
    chance = causes.Chance(_REPLICATIONS if len(lots) <= _MANY else _FEWER, described=MOST_CLASSES)
    found = causes.rank_causes(lots, lineage.edges, shares=lineage.shares, beliefs=beliefs, chance=chance)
    second = causes.explain_away(lots, lineage.edges, shares=lineage.shares, beliefs=beliefs,
                                 chance=causes.Chance(_FEWER), first=found.classes[0])[1:]
    with _answers.lock:
        _answers.kept[key] = found, second
        while len(_answers.kept) > _KEPT:
            _answers.kept.popitem(last=False)
    return found, second


def _following(ranking: causes.Ranking, lineage: Lineage, samples_of: dict[str, frozenset[str]]
               ) -> tuple[NextSample, ...]:
    known = _known(lineage, _Evidence([], samples_of, {}, {})).given(ranking.since)
    return next_samples(ranking.chances, lineage.edges, known.available or {})


def _available(lineage: Lineage) -> dict[str, Taken]:
    """Of which lots there is a sample, and where: kept back, in our store, or with customers; the easiest first."""
    def has(lot: Lot, taken: Taken) -> bool:
        if taken == Taken.retained:
            return lineage.retained.get(lot.lot_key, 0) > 0
        return lot.is_own == 1 and (lot.stock if taken == Taken.stock else lot.shipped) > 0

    found: dict[str, Taken] = {}
    for taken in Taken:
        found.update({lot.lot_key: taken for lot in sorted(lineage.lots.values(), key=lambda one: one.number)
                      if lot.lot_key not in found and lot.item_kind == "lot" and has(lot, taken)})
    return found


def _places(session: Session, lineage: Lineage, on: date) -> dict[str, dict[str, list[tuple[float, int]]]]:
    """For what met only a part of a lot: the complaints of the lot whose consignee is known, with the part of what that
    one got. A consignee to which the lot was never sent says nothing."""
    found: dict[str, dict[str, list[tuple[float, int]]]] = defaultdict(lambda: defaultdict(list))
    to: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for lot_key, consignee, count in reports_by_consignee(session, lineage.compared, on):
        to[lot_key].append((consignee, count))
    for thing, lot_key in lineage.shares:
        if thing not in lineage.things or lineage.things[thing].kind not in BY_PLACE:
            continue
        for consignee, count in to.get(lot_key, ()):
            way = lineage.ways.get((lot_key, consignee))
            if way is not None:
                found[thing][lot_key].append((way.get(thing, 0.0), count))
    return {thing: dict(lots) for thing, lots in found.items()}


def _marks(session: Session, lineage: Lineage) -> tuple[dict[str, frozenset[Mark]], dict[str, Change]]:
    """What sensors and inspections say of lots, and of suppliers whose results rise; and since when they do."""
    from traceapp.signals.shifts import Change

    suppliers = {thing.ref: key for key, thing in lineage.things.items() if thing.kind == NodeKind.supplier}
    found = covariates_of(session, lineage.lots, suppliers)
    rising = {suppliers[ref]: day for ref, day in found.rising().items()}
    marks = {key: marks for key, marks in found.marks_of_lots().items() if key in lineage.lots}
    return (marks | {key: frozenset({Mark.trend}) for key in rising},
            {key: Change(float(day.toordinal()), change_part()) for key, day in rising.items()})
