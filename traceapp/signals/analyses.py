"""An analyst's whole question, from CSV text to a table: disproportionality, scan, causes."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from traceapp.core.errors import InvalidInput

from .causes import Chance, Lot, rank_causes
from .disproportionality import chi_square, information_component, proportional_reporting_ratio, reporting_odds_ratio
from .errors import NoExposure, require_count
from .genealogy import Edge, shares_of_leaves
from .lines import Record
from .pairs import Convention, PairCounts, count_rows, count_totals
from .reading import Columns, numbers, read_columns
from .scan import Scan, scan_bernoulli, scan_poisson, scan_tree_temporal
from .screen import points_of
from .shrinkage import Prior, fit, points, scores

# A full fit takes seconds up to here; above it, cells of a count are averaged along E first.
_FIT_IN_FULL = 50_000
_MOST_DAYS = 4000


def disproportionality_records(
    lines: Iterable[str],
    *,
    convention: Convention = "report",
    prior: Prior | None = None,
    strata: Sequence[str] = (),
) -> list[Record]:
    """One record a pair that occurs: counts, E, and every measure; None where a table does not define one.

    Columns `report,product,event`, or `product,event,n` with counts already made (pair convention). `prior` is that
    of the shrinkage, fitted to the data where None. `strata` name columns whose combination stratifies E.
    """
    counts = _read_pairs(lines, convention, strata)
    table = counts.tables()
    prr, ror = proportional_reporting_ratio(table), reporting_odds_ratio(table)
    component = information_component(counts.a, counts.expected)
    if prior is None:
        gather = points if counts.a.size <= _FIT_IN_FULL else points_of
        prior = fit(gather(counts.a, counts.expected)).prior
    shrunk = scores(prior, counts.a, counts.expected)
    columns: dict[str, Sequence[float | int | str | None]] = {
        "product": counts.products, "event": counts.events, "a": counts.a.tolist(), "n_i": counts.n_i.tolist(),
        "m_j": counts.m_j.tolist(), "N": [counts.total] * counts.a.size, "E": counts.expected.tolist(),
        "RR": (counts.a / counts.expected).tolist(), "PRR": _plain(prr.value), "PRR025": _plain(prr.low),
        "ROR": _plain(ror.value), "ROR025": _plain(ror.low), "chi2_yates": _plain(chi_square(table)),
        "IC": _plain(component.value), "IC025": _plain(component.low), "EBGM": shrunk.ebgm.tolist(),
        "EB05": shrunk.eb05.tolist(), "EB95": shrunk.eb95.tolist(),
    }  # fmt: skip
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _read_pairs(lines: Iterable[str], convention: Convention, strata: Sequence[str]) -> PairCounts:
    # Headers are read without regard to capitals; so are the names of strata.
    strata = [name.strip().lower() for name in strata]
    columns = read_columns(lines, ("product", "event", *strata), ("report", "n"))
    if "report" in columns and "n" in columns:
        raise InvalidInput("The header has both a column report and a column n with counts: take one of them away.",
                           code="two-counts", place="row 1")
    if "report" in columns:
        layers = None
        if strata:
            layers = ["\x1f".join(cells) for cells in zip(*(columns[name] for name in strata), strict=True)]
        return count_rows(columns["report"], columns["product"], columns["event"], convention=convention,
                          strata=layers)
    if "n" not in columns:
        raise InvalidInput("The header needs a column report, or a column n with counts.", code="missing-column",
                           place="row 1")
    if strata:
        raise InvalidInput("Strata need reports, not counts.", place="strata")
    return count_totals(columns["product"], columns["event"], numbers(columns, "n", int, least=1))


def _plain(figures: np.ma.MaskedArray) -> list[float | None]:
    """The values; None where masked. +inf stays."""
    return [None if hidden else value
            for value, hidden in zip(figures.data.tolist(), np.ma.getmaskarray(figures).tolist(), strict=True)]


def scan_poisson_records(
    nodes: Iterable[str], edges: Iterable[str], *, replications: int = 9999, seed: int = 0
) -> list[Record]:
    """`node,cases,population` and `parent,child` -> every node of the DAG by its ratio. Rows of a node add up."""
    columns = read_columns(nodes, ("node", "cases", "population"), source="nodes")
    leaves = list(dict.fromkeys(columns["node"]))
    cases = _sums(leaves, columns, "cases", int)
    population = _sums(leaves, columns, "population", float)
    for leaf in np.flatnonzero((cases > 0) & (population == 0)).tolist():
        raise NoExposure("Node %(node)s has cases, but no population.", place=columns.at(leaves[leaf]),
                         node=leaves[leaf])
    return _scan_records(scan_poisson(cases, population, _nodes(leaves, edges), replications=replications, seed=seed))


def scan_bernoulli_records(
    nodes: Iterable[str], edges: Iterable[str], probability: float | None = None, *, replications: int = 9999,
    seed: int = 0,
) -> list[Record]:
    """`node,cases,population` (population: trials, cases among them) and the probability of a case by chance.

    Where no probability is stated it is that of the file: all cases / all trials.
    """
    columns = read_columns(nodes, ("node", "cases", "population"), source="nodes")
    leaves = list(dict.fromkeys(columns["node"]))
    cases, trials = _sums(leaves, columns, "cases", int), _sums(leaves, columns, "population", int)
    for leaf in np.flatnonzero(cases > trials).tolist():
        raise InvalidInput("Node %(node)s has more cases than it has population.", place=columns.at(leaves[leaf]),
                           node=leaves[leaf])
    if probability is None:
        probability = float(cases.sum() / trials.sum()) if trials.sum() else 0.0
    return _scan_records(scan_bernoulli(cases, trials, _nodes(leaves, edges), probability, replications=replications,
                                        seed=seed))


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """The days looked at and the windows in them, first and last days included; None stands for the default.

    `span`: those of the data. `start` and `end`: where a window may begin and end, the span. `longest`: half the
    span, rounded up.
    """

    span: tuple[int, int] | None = None
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    shortest: int = 1
    longest: int | None = None

    def windows(self, span: tuple[int, int]) -> list[tuple[int, int]]:
        """All windows of the plan within `span`. Raises InvalidInput where there is none."""
        require_count(self.shortest, "shortest", least=1)
        half = (span[1] - span[0]) // 2 + 1
        longest = half if self.longest is None else require_count(self.longest, "longest", least=1)
        starts, ends = self.start or span, self.end or span
        found = [(first, last) for first in range(max(starts[0], span[0]), min(starts[1], span[1]) + 1)
                 for last in range(max(first + self.shortest - 1, ends[0], first),
                                   min(first + longest - 1, ends[1], span[1]) + 1)]
        if not found:
            raise InvalidInput("No window of days fits the plan.", place="span")
        return found


def scan_tree_temporal_records(
    nodes: Iterable[str], edges: Iterable[str], plan: WindowPlan, *, replications: int = 999, seed: int = 0
) -> list[Record]:
    """`node,cases,day` with whole days -> the best window of each node. Rows of a node and day add up."""
    columns = read_columns(nodes, ("node", "cases", "day"), source="nodes")
    leaves = list(dict.fromkeys(columns["node"]))
    position = {leaf: index for index, leaf in enumerate(leaves)}
    days, cases = numbers(columns, "day", int), numbers(columns, "cases", int, least=0)
    span = plan.span or (min(days), max(days))
    if not 0 <= span[1] - span[0] < _MOST_DAYS:
        raise InvalidInput("The span must have between 1 and %(most)s days.", place="span", most=_MOST_DAYS)
    table = np.zeros((len(leaves), span[1] - span[0] + 1))
    for row, (leaf, day, count) in enumerate(zip(columns["node"], days, cases, strict=True), start=1):
        if not span[0] <= day <= span[1]:
            raise InvalidInput("Day %(day)s lies outside the span (data row %(row)s).", row=row, day=day,
                               place=columns.at(f"data row {row}, day"))
        table[position[leaf], day - span[0]] += count
    moved = [(first - span[0], last - span[0]) for first, last in plan.windows(span)]
    found = scan_tree_temporal(table, _nodes(leaves, edges), moved, replications=replications, seed=seed)
    return _scan_records(found, span[0])


def _scan_records(scan: Scan, first_day: int = 0) -> list[Record]:
    records: list[Record] = []
    for finding in scan.findings:
        record: dict[str, float | int | str | None] = {
            "node": finding.node, "C": finding.count, "E": finding.expected, "RR": finding.rate_ratio,
            "excess": finding.excess, "LLR": finding.llr, "p": finding.p,
        }  # fmt: skip
        if finding.window is not None:
            record |= {"from": finding.window[0] + first_day, "to": finding.window[1] + first_day}
        records.append(record)
    return records


def _sums(
    leaves: Sequence[str], columns: Columns, name: str, kind: type[int] | type[float]
) -> NDArray[np.float64]:
    position = {leaf: index for index, leaf in enumerate(leaves)}
    values = numbers(columns, name, int, least=0) if kind is int else numbers(columns, name, float, least=0.0)
    sums = np.zeros(len(leaves))
    np.add.at(sums, [position[leaf] for leaf in columns["node"]], values)
    return sums


def _nodes(leaves: Sequence[str], edges: Iterable[str]) -> Mapping[str, Collection[int]]:
    columns = read_columns(edges, ("parent", "child"), source="edges")
    return shares_of_leaves(leaves, _edges(columns, leaves, "nodes"))


def _edges(columns: Columns, leaves: Collection[str], other: str) -> list[Edge]:
    """The edges. Raises InvalidInput where none leads to a leaf: then the two files call things differently."""
    edges: list[Edge] = list(zip(columns["parent"], columns["child"], strict=True))
    if set(leaves).isdisjoint(name for edge in edges for name in edge):
        raise InvalidInput("Nothing of the file with %(other)s is named in the one with edges: do both call things "
                           "alike?", code="no-edge", place="edges", other=other)
    return edges


def _shares(columns: Columns, edges: Sequence[Edge]) -> dict[Edge, float]:
    """The share of each edge; an empty cell says that it is not known, which counts as the whole."""
    columns["share"] = [cell or "1" for cell in columns["share"]]
    found: dict[Edge, float] = {}
    for row, (edge, share) in enumerate(zip(edges, numbers(columns, "share", float), strict=True), start=1):
        if not 0 < share <= 1:
            raise InvalidInput("The share of %(parent)s in %(child)s must be above 0 and at most 1, not %(share)s.",
                               place=columns.at(f"data row {row}, share"), parent=edge[0], child=edge[1], share=share)
        if found.setdefault(edge, share) != share:
            raise InvalidInput("%(parent)s has two shares in %(child)s (data row %(row)s).",
                               place=columns.at(f"data row {row}, share"), parent=edge[0], child=edge[1], row=row)
    return found


def cause_records(lots: Iterable[str], edges: Iterable[str], *, replications: int = 999, seed: int = 0) -> list[Record]:
    """`lot,complaints,exposure` and `parent,child[,share]` -> classes by posterior, the last one being no cause.

    `members` and `sample` are separated by “;”; a sample reads `what to test > members that a bad result points to`.
    """
    columns = read_columns(lots, ("lot", "complaints", "exposure"), source="lots")
    found = [Lot(*row) for row in zip(columns["lot"], numbers(columns, "complaints", int, least=0),
                                      numbers(columns, "exposure", float, least=0.0), strict=True)]
    links = read_columns(edges, ("parent", "child"), ("share",), source="edges")
    pairs = _edges(links, columns["lot"], "lots")
    shares = _shares(links, pairs) if "share" in links else None
    ranking = rank_causes(found, pairs, shares=shares, chance=Chance(replications, seed))
    records: list[Record] = []
    for rank, entry in enumerate(ranking.classes, start=1):
        records.append({
            "rank": rank, "members": ";".join(entry.members), "lots": len(entry.lots), "complaints": entry.complaints,
            "expected": entry.expected, "exposure": entry.exposure, "log_bf": entry.log_bf,
            "posterior": entry.posterior, "rate_ratio": entry.rate_ratio, "rr025": entry.low, "rr975": entry.high,
            "explained": entry.explained, "LLR": entry.llr, "p": entry.p,
            "sample": ";".join(f"{split.sample} > {' '.join(split.points_to)}" for split in entry.splits),
        })  # fmt: skip
    empty: dict[str, float | int | str | None] = dict.fromkeys(records[0])
    return [*records, empty | {"members": "(no cause)", "posterior": ranking.no_cause, "log_bf": 0.0}]
