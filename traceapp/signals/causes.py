"""Which ancestor best explains where the complaints are? Exposure-weighted Bayes factors over a genealogy.

Given their total, complaints fall on finished lots in proportion to exposure; an ancestor that multiplies the rate
of its descendants by R shifts them towards those. Every ancestor is weighed against "no cause" by the likelihood of
that shift, averaged over plausible R.
Source: the conditional (multinomial) form of Kulldorff M, Commun Stat Theory Methods 1997;26:1481-1496, with the
likelihood-by-exposure idea of Kaufman J et al., PLoS Comput Biol 2014;10:e1003692.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from traceapp.core.errors import InvalidInput

from .errors import NoExposure, require_count, require_not_negative, require_positive
from .genealogy import Edge, membership, shares_of_leaves
from .scan import scan_poisson
from .separation import Split, splits

RATE_RATIOS = (2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
MOST_CAUSES = 5
_LARGEST_RATIO = 1e6
_WHOLE = 1 - 1e-12
_HALF_CHI_SQUARE_95 = 1.920729410347062


@dataclass(frozen=True, slots=True)
class Lot:
    """A finished lot: complaints so far, and its exposure on any common scale (expected count, or units in use)."""

    name: str
    complaints: int
    exposure: float


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed before looking: `no_cause`, then `shared` of the rest for causes of two lots or more.

    `weights` raise or lower single nodes (default 1 each), as closed corrective actions teach. Within a class of
    nodes that cannot be told apart the greatest weight counts, so that naming one thing twice does not raise it.
    """

    no_cause: float = 0.5
    shared: float = 0.8
    weights: Mapping[str, float] | None = None

    def weight(self, node: str) -> float:
        """The relative prior weight of a node."""
        return 1.0 if self.weights is None else require_positive(self.weights.get(node, 1.0), "weights")


@dataclass(frozen=True, slots=True)
class Chance:
    """How many Monte Carlo replications a p-value gets, and from which seed."""

    replications: int = 999
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CauseClass:
    """Nodes that the complaints cannot tell apart, and how well they explain them.

    `lots` are the exposed lots made from them; `complaints`, `expected` (their share of the total by exposure and
    dose) and `exposure` are sums over these. `rate_ratio` is the likeliest, with 95 % profile limits; None stands
    for "no bound" (no complaint outside, or no lot outside). `explained` is the number of complaints beyond what
    the rate outside gives. `llr` and `p` are those of the scan statistic over all classes. `splits` says which
    samples would tell the members apart.
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


@dataclass(frozen=True, slots=True)
class Ranking:
    """Classes by posterior, highest first; `no_cause` is the posterior of chance alone."""

    classes: tuple[CauseClass, ...]
    no_cause: float


@dataclass(frozen=True, slots=True, eq=False)
class _Classes:
    """Node classes over exposed lots: member names and one row of dose shares a class."""

    members: list[tuple[str, ...]]
    doses: csr_matrix


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
    complaint, or with one exposed lot only, nothing is learnt and posteriors equal priors.
    Raises NoExposure for complaints about a lot without exposure; InvalidInput for what makes no sense.
    """
    beliefs, chance = beliefs or Beliefs(), chance or Chance()
    exposed = _exposed(lots)
    classes = _classes([lot.name for lot in exposed], [lot.name for lot in lots], edges, shares)
    complaints = np.array([lot.complaints for lot in exposed], dtype=float)
    exposure = np.array([lot.exposure for lot in exposed])
    log_bf = _log_bayes_factors(classes.doses, complaints, exposure / exposure.sum())
    posterior, no_cause = _posterior(classes, log_bf, beliefs)
    scan = scan_poisson(complaints, exposure, _scan_nodes(classes.doses), replications=chance.replications,
                        seed=chance.seed)
    found = {int(finding.node): finding for finding in scan.findings}
    described = []
    for index in np.argsort(-posterior, kind="stable").tolist():
        entry = _describe(classes, index, exposed, (complaints, exposure))
        described.append(replace(
            entry, log_bf=float(log_bf[index]), posterior=float(posterior[index]), llr=found[index].llr,
            p=found[index].p,
            splits=splits(entry.members, {node: beliefs.weight(node) for node in entry.members}, edges)))
    return Ranking(tuple(described), no_cause)


def explain_away(
    lots: Sequence[Lot],
    edges: Sequence[Edge],
    *,
    shares: Mapping[Edge, float] | None = None,
    beliefs: Beliefs | None = None,
    chance: Chance | None = None,
    alpha: float = 0.05,
) -> tuple[CauseClass, ...]:
    """Causes one after the other: each top class is taken as given, and the rest is ranked again.

    Taking a class as given multiplies the exposure of its lots by what its rate ratio (by dose) adds. Stops before
    the first top class whose scan p-value is above `alpha`, or that is already taken, and after `MOST_CAUSES`.
    """
    doses = shares_of_leaves([lot.name for lot in lots], edges, shares)
    position = {lot.name: index for index, lot in enumerate(lots)}
    taken: list[CauseClass] = []
    now = list(lots)
    while len(taken) < MOST_CAUSES:
        ranking = rank_causes(now, edges, shares=shares, beliefs=beliefs, chance=chance)
        top = ranking.classes[0]
        if top.p > alpha or any(top.members == cause.members for cause in taken):
            break
        taken.append(top)
        ratio = _LARGEST_RATIO if top.rate_ratio is None else top.rate_ratio
        dose = doses[top.members[0]]
        now = [replace(lot, exposure=lot.exposure * (1 + (ratio - 1) * dose.get(position[lot.name], 0.0)))
               for lot in now]
    return tuple(taken)


def _exposed(lots: Sequence[Lot]) -> list[Lot]:
    for lot in lots:
        require_count(lot.complaints, lot.name)
        require_not_negative(lot.exposure, lot.name)
        if lot.complaints > 0 and lot.exposure == 0:
            raise NoExposure("Lot %(lot)s has %(count)s complaints but no exposure: check its shipments.",
                             place=lot.name, lot=lot.name, count=lot.complaints)
    exposed = [lot for lot in lots if lot.exposure > 0]
    if not exposed:
        raise InvalidInput("No lot has been in use: there is nothing to rank.", place="lots")
    return exposed


def _classes(
    exposed: Sequence[str], everything: Sequence[str], edges: Sequence[Edge], shares: Mapping[Edge, float] | None
) -> _Classes:
    """Nodes with the same exposed lots in the same doses are one class. Lots not exposed are nodes like others."""
    if len(set(everything)) != len(everything):
        raise InvalidInput("A lot is listed twice.", place="lots")
    groups: dict[tuple[tuple[int, float], ...], list[str]] = {}
    for node, doses in shares_of_leaves(exposed, edges, shares).items():
        groups.setdefault(tuple(sorted((leaf, round(dose, 9)) for leaf, dose in doses.items())), []).append(node)
    members = [tuple(sorted(nodes)) for nodes in groups.values()]
    return _Classes(members, membership([dict(group) for group in groups], len(exposed)))


def _scan_nodes(doses: csr_matrix) -> dict[str, tuple[int, ...]]:
    bounds = doses.indptr
    return {str(row): tuple(doses.indices[bounds[row]:bounds[row + 1]].tolist()) for row in range(doses.shape[0])}


def _log_bayes_factors(
    doses: csr_matrix, complaints: NDArray[np.float64], part: NDArray[np.float64]
) -> NDArray[np.float64]:
    """ln of the mean over R of prod_l (1 + (R-1) w_l)^c_l / (1 + (R-1) sum_l f_l w_l)^T; shape (classes,)."""
    total, held = complaints.sum(), doses @ part
    rows = []
    for ratio in RATE_RATIOS:
        gain = doses.copy()
        gain.data = np.log1p((ratio - 1) * gain.data)
        rows.append(gain @ complaints - total * np.log1p((ratio - 1) * held))
    return np.asarray(logsumexp(np.array(rows), axis=0) - math.log(len(RATE_RATIOS)))


def _posterior(classes: _Classes, log_bf: NDArray[np.float64], beliefs: Beliefs) -> tuple[NDArray[np.float64], float]:
    """Posterior of each class, and of no cause; a group of classes that is empty leaves its prior to the other."""
    if not (0 <= beliefs.no_cause < 1 and 0 <= beliefs.shared <= 1):
        raise InvalidInput("Prior probabilities must lie between 0 and 1.", place="beliefs")
    weights = np.array([max(beliefs.weight(node) for node in nodes) for nodes in classes.members])
    shared = np.diff(classes.doses.indptr) >= 2
    prior = np.zeros(weights.size)
    for group, mass in ((shared, beliefs.shared), (~shared, 1 - beliefs.shared)):
        if group.any():
            prior[group] = mass * weights[group] / weights[group].sum()
    if prior.sum() == 0:
        raise InvalidInput("The beliefs leave nothing for any cause.", place="beliefs")
    prior *= (1 - beliefs.no_cause) / prior.sum()
    with np.errstate(divide="ignore"):
        logs = np.append(np.log(prior) + log_bf, np.log(beliefs.no_cause))
    chances = np.exp(logs - logsumexp(logs))
    return chances[:-1], float(chances[-1])


def _describe(
    classes: _Classes, index: int, exposed: Sequence[Lot], data: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> CauseClass:
    complaints, exposure = data
    begin, end = classes.doses.indptr[index], classes.doses.indptr[index + 1]
    inside, doses = classes.doses.indices[begin:end], classes.doses.data[begin:end]
    total, part = float(complaints.sum()), exposure / exposure.sum()
    counts = complaints[inside]
    held = float(part[inside] @ doses)
    likeliest, low, high = _rate_ratio(counts, doses, total, held)
    ratio = _LARGEST_RATIO if likeliest is None else max(likeliest, 1.0)
    # A complaint of a lot with dose w comes from the cause with probability w / (1 + (R-1) w).
    explained = float(counts @ ((ratio - 1) * doses / (1 + (ratio - 1) * doses))) if held <= _WHOLE else 0.0
    return CauseClass(
        members=classes.members[index], lots=tuple(exposed[lot].name for lot in inside.tolist()),
        complaints=int(counts.sum()), expected=total * held, exposure=float(exposure[inside].sum()),
        log_bf=0.0, posterior=0.0, rate_ratio=likeliest, low=low, high=high, explained=explained, llr=0.0, p=1.0,
    )


def _rate_ratio(
    counts: NDArray[np.float64], doses: NDArray[np.float64], total: float, held: float
) -> tuple[float | None, float, float | None]:
    """The likeliest rate ratio and its 95 % profile limits; None for no bound, 0 for the lower limit of nothing."""
    if total == 0 or held > _WHOLE:
        return None, 0.0, None

    def slope(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        return float(counts @ (doses / (1 + (ratio - 1) * doses))) - total * held / (1 + (ratio - 1) * held)

    def support(log_ratio: float) -> float:
        step = math.expm1(log_ratio)
        return float(counts @ np.log1p(step * doses)) - total * math.log1p(step * held)

    span = math.log(_LARGEST_RATIO)
    if slope(span) > 0:
        peak = span
    elif slope(-span) < 0:
        peak = -span
    else:
        peak = brentq(slope, -span, span)
    floor = support(peak) - _HALF_CHI_SQUARE_95
    low = brentq(lambda x: support(x) - floor, -span, peak) if support(-span) < floor else -math.inf
    high = brentq(lambda x: support(x) - floor, peak, span) if support(span) < floor else math.inf
    return (None if peak == span else math.exp(peak) if peak > -span else 0.0,
            math.exp(low), None if math.isinf(high) else math.exp(high))
