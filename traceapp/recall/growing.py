"""What of a scope came since it was followed last, at the cost of what happened and not of the scope.

A lot can only come in by something that names it, or by what was made of such a lot: from the lots that events named
the genealogy is walked up to the starts of the rules, and down from those that are reached and new.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.trace.many_keys import listed
from traceapp.trace.model import LotEdge
from traceapp.trace.reach_reads import KEY

from .correcting import corrected_ways
from .proposing import seeds_for
from .scope import Scope, scope_along
from .scope_reads import parts, walked
from .scope_rule import Rule, RuleKind

# What these find depends on where lots lie, in what, and beside what: that is looked at as a whole.
_BY_PLACE = (RuleKind.site, RuleKind.excursion)
_MOST_ABOVE = 20_000
Ways = dict[str, set[str]]


def can_grow_by_events(rules: Sequence[Rule]) -> bool:
    """Whether what events name tells all that these rules may find anew."""
    return not any(rule.mixing or rule.kind in _BY_PLACE or any(key.startswith("site:") for key in rule.keys)
                   for rule in rules)


def grown(session: Session, rules: Sequence[Rule], touched: Collection[str], known: Collection[str],
          recall_id: str | None = None) -> Scope | None:
    """What the rules find that comes by these lots and is not known; None where too much lies above them."""
    without = corrected_ways(session, recall_id)
    below = _below(session, touched, without)
    if below is None:
        return None
    near = {*touched, *below}
    came_from: dict[str, str | None] = {}
    for rule in rules:
        seeds = seeds_for(session, rule, without, near)
        starts: dict[str, str | None] = {key: None for key in seeds if key not in known}
        if rule.downstream:
            starts |= {key: before for key, before in _reached(seeds, below).items()
                       if key in touched and key not in known and key not in starts}
            starts = walked(session, starts, without=without)
        for key, before in starts.items():
            came_from.setdefault(key, before)
    return scope_along(session, came_from, "rules")


def _below(session: Session, touched: Collection[str], without: Collection[tuple[str, str]]) -> Ways | None:
    """{lot: what of these lots and of what lies above them was made of it directly}; None for far too many."""
    found: Ways = defaultdict(set)
    seen = {key for key in touched if KEY.fullmatch(key)}
    frontier = sorted(seen)
    while frontier:
        above = set()
        for part in parts(frontier):
            for child, parent in session.execute(select(LotEdge.lot_key, LotEdge.other_key).where(
                    LotEdge.lot_key.in_(listed(session, part)), LotEdge.direction == "up")):
                if (parent, child) not in without:
                    found[parent].add(child)
                    above.add(parent)
        frontier = sorted(above - seen)
        seen |= above
        if len(seen) > _MOST_ABOVE:
            return None
    return found


def _reached(seeds: Collection[str], below: Mapping[str, set[str]]) -> dict[str, str]:
    """{what lies below a start: from which lot it is reached}."""
    found: dict[str, str] = {}
    waiting = list(seeds)
    while waiting:
        parent = waiting.pop()
        for child in sorted(below.get(parent, ())):
            if child not in found and child not in seeds:
                found[child] = parent
                waiting.append(child)
    return found
