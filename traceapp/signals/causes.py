"""Which ancestor best explains where the complaints are? Exposure-weighted Bayes factors over a genealogy.

Given their total, complaints fall on finished lots in proportion to exposure; an ancestor that multiplies the rate
of its descendants by R shifts them towards those. Every ancestor is weighed against "no cause" by the likelihood of
that shift, averaged over plausible R.
Source: the conditional (multinomial) form of Kulldorff M, Commun Stat Theory Methods 1997;26:1481-1496, with the
likelihood-by-exposure idea of Kaufman J et al., PLoS Comput Biol 2014;10:e1003692.
"""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from traceapp.core.errors import InvalidInput

from .beliefs import Beliefs, Known
from .errors import NoExposure, require_count, require_not_negative
from .genealogy import Edge, membership, shares_of_leaves
from .samples import Found, LogOdds, Result, log_odds
from .scan import scan_poisson
from .separation import Split, children_of, made_from, splits_among
from .shifts import (
    LARGEST_RATIO,
    RATE_RATIOS,
    Told,
    Values,
    explained_complaints,
    log_bayes_factors,
    rate_ratio,
    since_when,
    starts,
)

__all__ = ["RATE_RATIOS", "Beliefs", "CauseClass", "Chance", "Known", "Lot", "Ranking", "explain_away", "rank_causes"]

MOST_CAUSES = 5
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Lot:
    """A finished lot: complaints so far, and its exposure on any common scale (expected count, or units in use)."""

    name: str
    complaints: int
    exposure: float


@dataclass(frozen=True, slots=True)
class Chance:
    """How many Monte Carlo replications a p-value gets, from which seed, and how many classes are described, the
    likeliest first (None: all)."""

    replications: int = 999
    seed: int = 0
    described: int | None = None


@dataclass(frozen=True, slots=True)
class CauseClass:
    """Nodes that the complaints cannot tell apart, and how well they explain them.

    `lots` are the exposed lots made from them; `complaints`, `expected` (their share of the total by exposure and
    dose) and `exposure` are sums over these. `rate_ratio` is the likeliest, with 95 % profile limits; None stands
    for "no bound" (no complaint outside, or no lot outside). `explained` is the number of complaints beyond what
    the rate outside gives. `llr` and `p` are those of the scan statistic over all classes and days. `splits` says which
    samples would tell the members apart. `since`: the day on which the fault of a lasting thing most likely began,
    where that is likelier than "since ever"; the numbers are then those of the lots from that day on. `doses`: the part
    of each of `lots` that came from it or went its way.
    """

    members: tuple[str, ...]
    lots: tuple[str, ...]
    complaints: int
    expected: float
    exposure: float
    log_bf: float
    posterior: float
    rate_ratio: float | None
    low: float
    high: float | None
    explained: float
    llr: float
    p: float
    splits: tuple[Split, ...] = ()
    since: float | None = None
    doses: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Classes by posterior, highest first; `no_cause` is the posterior of chance alone. `chances` holds the posterior
    of every node, that of a class divided among its members by their weights; `since` the days on which the faults of
    lasting nodes most likely began, where they did not last for ever."""

    classes: tuple[CauseClass, ...]
    no_cause: float
    chances: Mapping[str, float] = field(default_factory=dict)
    since: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """Node classes over exposed lots: member names and one row of dose shares a class, log Bayes factors, and since
    when (None: since ever). `late` holds the lots since each day on which the fault of a class may have begun."""

    members: list[tuple[str, ...]]
    doses: csr_matrix
    log_bf: Values
    since: list[float | None]
    late: dict[tuple[int, float], tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Classes divided by what samples say of their members: members, the row of the class, ln of prior times
    likelihood, and at last the posteriors."""

    members: list[tuple[str, ...]]
    rows: list[int]
    posterior: Values
    no_cause: float


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """The exposed lots with their numbers as arrays; `part` of the exposure sums to 1."""

    lots: Sequence[Lot]
    complaints: Values
    exposure: Values

    @property
    def part(self) -> Values:
        return np.asarray(self.exposure / self.exposure.sum())


def rank_causes(
    lots: Sequence[Lot],
    edges: Sequence[Edge],
    *,
    shares: Mapping[Edge, float] | None = None,
    beliefs: Beliefs | None = None,
    chance: Chance | None = None,
) -> Ranking:
    """All ancestors of the lots, and the lots themselves, by the probability that they are the cause.

    `edges` are (parent, child) of a DAG whose sinks or inner nodes include the lots; `shares` as in
    `genealogy.shares_of_leaves`. Lots without exposure do not speak, but may be what to sample. Without any
    complaint, or with one exposed lot only, complaints teach nothing; samples still do.
    Raises NoExposure for complaints about a lot without exposure; InvalidInput for what makes no sense.
    """
    beliefs, chance = beliefs or Beliefs(), chance or Chance()
    data = _exposed(lots)
    sets = _sets(data, [lot.name for lot in lots], edges, shares, beliefs.known)
    since = {node: day for day, members in zip(sets.since, sets.members, strict=True) if day is not None
             for node in members if node in beliefs.known.lasting}
    known = beliefs.known.given(since)
    parts = _posterior(sets, beliefs, log_odds(known.results, edges))
    scan = scan_poisson(data.complaints, data.exposure, _scan_nodes(sets), replications=chance.replications,
                        seed=chance.seed)
    found = {finding.node: finding for finding in scan.findings}
    children = children_of(edges)
    described = []
    for index in np.argsort(-parts.posterior, kind="stable").tolist()[:chance.described]:
        row, members = parts.rows[index], parts.members[index]
        finding = found[_scan_name(row, sets.since[row])]
        described.append(replace(
            _describe(sets, row, data, known), members=members, posterior=float(parts.posterior[index]),
            llr=finding.llr, p=finding.p,
            splits=splits_among(members, {node: beliefs.weight(node) for node in members}, children,
                                available=known.available)))
    return Ranking(tuple(described), parts.no_cause, _chances(parts, beliefs), since)


def explain_away(
    lots: Sequence[Lot],
    edges: Sequence[Edge],
    *,
    shares: Mapping[Edge, float] | None = None,
    beliefs: Beliefs | None = None,
    chance: Chance | None = None,
    first: CauseClass | None = None,
) -> tuple[CauseClass, ...]:
    """Causes one after the other: each top class is taken as given, and the rest is ranked again.

    Taking a class as given multiplies the exposure of its lots by what its rate ratio (by dose) adds, and leaves out
    the bad samples that it explains. Stops before the first top class whose scan p-value is above `ALPHA`, or that is
    already taken, and after `MOST_CAUSES`. `first` is the top class of the ranking where that is known already.
    """
    beliefs, chance = beliefs or Beliefs(), replace(chance or Chance(), described=1)
    taken: list[CauseClass] = []
    now, top = list(lots), first
    while len(taken) < MOST_CAUSES:
        if top is None:
            (top,) = rank_causes(now, edges, shares=shares, beliefs=beliefs, chance=chance).classes
        if top.p > ALPHA or any(top.members == cause.members for cause in taken):
            break
        taken.append(top)
        now = _raised(now, top, edges, shares)
        left = _left_open(beliefs.known.results, top.members[0], edges)
        beliefs, top = replace(beliefs, known=replace(beliefs.known, results=left)), None
    return tuple(taken)


def _raised(lots: Sequence[Lot], cause: CauseClass, edges: Sequence[Edge], shares: Mapping[Edge, float] | None
            ) -> list[Lot]:
    """The lots with the exposure that a cause taken as given amounts to."""
    node, names, raised = cause.members[0], [lot.name for lot in lots], set(cause.lots)
    below = made_from(node, children_of(edges))
    dose = shares_of_leaves(names, [edge for edge in edges if edge[0] in below], shares)[node]
    ratio = LARGEST_RATIO if cause.rate_ratio is None else cause.rate_ratio
    return [replace(lot, exposure=lot.exposure * (1 + (ratio - 1) * dose[at])) if lot.name in raised else lot
            for at, lot in enumerate(lots)]


def _left_open(results: Sequence[Result], cause: str, edges: Sequence[Edge]) -> tuple[Result, ...]:
    """The results that a cause taken as given does not explain."""
    below = made_from(cause, children_of(edges)) if results else set()
    return tuple(result for result in results
                 if result.found != Found.contaminated or result.node not in below or cause in result.unseen)


def _exposed(lots: Sequence[Lot]) -> _Data:
    for lot in lots:
        require_count(lot.complaints, lot.name)
        require_not_negative(lot.exposure, lot.name)
        if lot.complaints > 0 and lot.exposure == 0:
            raise NoExposure("Lot %(lot)s has %(count)s complaints but no exposure: check its shipments.",
                             place=lot.name, lot=lot.name, count=lot.complaints)
    exposed = [lot for lot in lots if lot.exposure > 0]
    if not exposed:
        raise InvalidInput("No lot has been in use: there is nothing to rank.", place="lots")
    return _Data(exposed, np.array([lot.complaints for lot in exposed], dtype=float),
                 np.array([lot.exposure for lot in exposed]))


def _sets(data: _Data, everything: Sequence[str], edges: Sequence[Edge], shares: Mapping[Edge, float] | None,
          known: Known) -> _Sets:
    """Nodes with the same exposed lots in the same doses are one class. Lots not exposed are nodes like others."""
    twice = next((lot for lot, number in Counter(everything).items() if number > 1), None)
    if twice is not None:
        raise InvalidInput("Lot %(lot)s is listed twice.", place=twice, lot=twice)
    groups: dict[tuple[tuple[tuple[int, float], ...], str], list[str]] = {}
    for node, doses in shares_of_leaves([lot.name for lot in data.lots], edges, shares).items():
        places = repr(sorted(known.places[node].items())) if known.places.get(node) else ""
        key = tuple(sorted((leaf, round(dose, 9)) for leaf, dose in doses.items())), places
        groups.setdefault(key, []).append(node)
    members = [tuple(sorted(nodes)) for nodes in groups.values()]
    doses = membership([dict(group) for group, _ in groups], len(data.lots))
    log_bf = log_bayes_factors(doses, data.complaints, data.part)
    since: list[float | None] = [None] * len(members)
    return _with_days(_Sets(members, doses, log_bf, since), data, known)


def _with_days(sets: _Sets, data: _Data, known: Known) -> _Sets:
    """The same where a class with a lasting member may have begun on any day of its lots, if all days are known, and
    where the places of complaints tell more than their lots."""
    lasting, part = frozenset(known.lasting), data.part
    made = np.array([known.days.get(lot.name, np.nan) for lot in data.lots])
    for row, members in enumerate(sets.members):
        inside, doses = _row(sets.doses, row)
        all_days = _days_of(lasting.intersection(members), known, data, made)
        lasts = inside.size > 1 and not lasting.isdisjoint(members) and not np.isnan(all_days[inside]).any()
        if not lasts and not known.places.get(members[0]):
            continue
        days = all_days[inside] if lasts else np.zeros(inside.size)
        change = next((known.changed[node] for node in members if node in known.changed), None) if lasts else None
        sets.log_bf[row], sets.since[row] = since_when(
            _told(data, known.places.get(members[0]), (inside, doses, days)), part[inside] * doses, days, change,
            total=float(data.complaints.sum()))
        sets.late.update({(row, day): tuple(inside[days >= day].tolist())
                          for day in starts(days, change).tolist()[1:]})
        began = sets.since[row]
        if began is not None:
            doses[days < began] = 0.0
    return sets


def _days_of(lasting: frozenset[str], known: Known, data: _Data, made: Values) -> Values:
    """The days on which lots met the lasting members of a class: those of making, unless all have days of their own."""
    if not lasting or not all(node in known.met for node in lasting):
        return made
    met = known.met[min(lasting)]
    return np.array([met.get(lot.name, day) for lot, day in zip(data.lots, made, strict=True)])


def _told(data: _Data, places: Mapping[str, Sequence[tuple[float, int]]] | None,
          lots: tuple[NDArray[np.int64], Values, Values]) -> Told:
    """The complaints of these lots (positions, doses, days), those whose place is known with its dose."""
    inside, doses, days = lots
    counts = data.complaints[inside].copy()
    if not places:
        return Told(counts, doses, days)
    more: list[tuple[float, float, float]] = []
    for at, lot in enumerate(inside.tolist()):
        for dose, count in places.get(data.lots[lot].name, ()):
            seen = min(float(count), float(counts[at]))
            counts[at] -= seen
            more.append((seen, dose, float(days[at])))
    extra = np.array(more, dtype=float).reshape(-1, 3)
    return Told(*(np.concatenate([own, added]) for own, added in zip((counts, doses, days), extra.T, strict=True)))


def _row(doses: csr_matrix, row: int) -> tuple[NDArray[np.int64], Values]:
    begin, end = doses.indptr[row], doses.indptr[row + 1]
    return doses.indices[begin:end], doses.data[begin:end]


def _scan_nodes(sets: _Sets) -> dict[str, tuple[int, ...]]:
    """The lots of every class, and of it since every day on which its fault may have begun: all that was looked at."""
    bounds, indices = sets.doses.indptr, sets.doses.indices
    whole = {_scan_name(row, None): tuple(indices[bounds[row]:bounds[row + 1]].tolist())
             for row in range(len(sets.members))}
    return whole | {_scan_name(*which): lots for which, lots in sets.late.items()}


def _scan_name(row: int, since: float | None) -> str:
    return f"{row}" if since is None else f"{row} since {since!r}"


def _prior(sets: _Sets, beliefs: Beliefs) -> Values:
    """The prior of each class; a group of classes that is empty leaves its prior to the other."""
    if not (0 <= beliefs.no_cause < 1 and 0 <= beliefs.shared <= 1):
        raise InvalidInput("Prior probabilities must lie between 0 and 1.", place="beliefs")
    weights = np.array([max(beliefs.weight(node) for node in nodes) for nodes in sets.members])
    shared = np.diff(sets.doses.indptr) >= 2
    prior = np.zeros(weights.size)
    for group, mass in ((shared, beliefs.shared), (~shared, 1 - beliefs.shared)):
        if group.any():
            prior[group] = mass * weights[group] / weights[group].sum()
    if prior.sum() == 0:
        raise InvalidInput("The beliefs leave nothing for any cause.", place="beliefs")
    return np.asarray(prior * (1 - beliefs.no_cause) / prior.sum())


def _posterior(sets: _Sets, beliefs: Beliefs, odds: LogOdds) -> _Parts:
    """Posteriors of the classes, each divided where samples say different things of its members."""
    members: list[tuple[str, ...]] = []
    rows: list[int] = []
    logs: list[float] = []
    with np.errstate(divide="ignore"):
        joint = np.log(_prior(sets, beliefs)) + sets.log_bf
        no_cause = float(np.log(beliefs.no_cause))
    for row, nodes in enumerate(sets.members):
        alike: dict[float, list[str]] = {}
        for node in nodes:
            alike.setdefault(round(odds.get(node, 0.0), 9), []).append(node)
        whole = sum(beliefs.weight(node) for node in nodes)
        for gain, ours in alike.items():
            members.append(tuple(ours))
            rows.append(row)
            logs.append(joint[row] + gain + math.log(sum(beliefs.weight(node) for node in ours) / whole))
    chances = np.exp(np.array([*logs, no_cause]) - logsumexp([*logs, no_cause]))
    return _Parts(members, rows, chances[:-1], float(chances[-1]))


def _chances(parts: _Parts, beliefs: Beliefs) -> dict[str, float]:
    found = {}
    for nodes, posterior in zip(parts.members, parts.posterior.tolist(), strict=True):
        whole = sum(beliefs.weight(node) for node in nodes)
        found.update({node: posterior * beliefs.weight(node) / whole for node in nodes})
    return found


def _describe(sets: _Sets, row: int, data: _Data, known: Known) -> CauseClass:
    inside, doses = _row(sets.doses, row)
    inside, doses = inside[doses > 0], doses[doses > 0]
    total, held = float(data.complaints.sum()), float(data.part[inside] @ doses)
    told = _told(data, known.places.get(sets.members[row][0]), (inside, doses, np.zeros(inside.size)))
    likeliest, low, high = rate_ratio(told.counts, told.doses, total, held)
    return CauseClass(
        members=sets.members[row], lots=tuple(data.lots[lot].name for lot in inside.tolist()),
        complaints=int(told.counts[told.doses > 0].sum()), expected=total * held,
        exposure=float(data.exposure[inside].sum()), log_bf=float(sets.log_bf[row]), posterior=0.0,
        rate_ratio=likeliest, low=low, high=high,
        explained=explained_complaints(told.counts, told.doses, held, likeliest), llr=0.0, p=1.0, since=sets.since[row],
        doses=tuple(doses.tolist()),
    )
