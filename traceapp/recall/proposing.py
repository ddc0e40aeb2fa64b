"""What the rules of a scope propose as things stand now, each lot with the start that it comes from."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from .correcting import corrected_ways
from .model import Recall
from .scope import Scope, scope_along, scope_among
from .scope_asked import Because, Seeds
from .scope_mixing import with_mixed
from .scope_reads import walked
from .scope_rule import Rule, RuleKind, rules_of
from .scope_seeds import seeds_of


@dataclass(frozen=True, slots=True)
class Ruled:
    """`came_from`: every lot that the rules reach, and from which one; `starts`: for each the lot that its way begins
    at; `because`: for each of these the rule (its place among `rules`) and why."""

    rules: tuple[Rule, ...]
    came_from: dict[str, str | None]
    starts: dict[str, str]
    because: dict[str, tuple[int, Because]]
    scope: Scope

    def why(self, lot_key: str) -> tuple[int, Because] | None:
        """Which rule takes a lot in, and why; None for one that no rule reaches."""
        return self.because.get(self.starts.get(lot_key, ""))


def ruled(session: Session, rules: Sequence[Rule], recall_id: str | None = None, place: str = "rules") -> Ruled:
    """Follow the rules, the first one first: what two of them reach counts for the first. What the recall corrected
    under a number of its own is in only where a rule names it. Raises NotFound for an unknown lot, at `place`, or an
    unknown excursion."""
    without = corrected_ways(session, recall_id)
    came_from: dict[str, str | None] = {}
    because: dict[str, tuple[int, Because]] = {}
    for position, rule in enumerate(rules):
        seeds = seeds_for(session, rule, without)
        reached, mixed = _reached(session, rule, seeds, without)
        because |= {key: (position, why) for key, why in (mixed | seeds).items() if key not in came_from}
        for key, before in reached.items():
            came_from.setdefault(key, before)
    return Ruled(tuple(rules), came_from, _starts(came_from), because, scope_along(session, came_from, place))


def seeds_for(session: Session, rule: Rule, without: Collection[tuple[str, str]],
              among: Collection[str] | None = None) -> Seeds:
    """The starts of a rule but for corrected stock, the ends of `without`, which only a rule that names it starts from;
    of `among` alone unless it is None."""
    corrected = {child for _parent, child in without} if rule.kind != RuleKind.lots else ()
    return {key: why for key, why in seeds_of(session, rule, among).items() if key not in corrected}


def _reached(session: Session, rule: Rule, seeds: Seeds, without: frozenset[tuple[str, str]]
             ) -> tuple[dict[str, str | None], Seeds]:
    starts: dict[str, str | None] = dict.fromkeys(seeds)
    found = walked(session, starts, without=without) if rule.downstream else starts
    if not rule.mixing:
        return found, {}
    mixed = with_mixed(session, found, rule.downstream, without)
    return mixed.came_from, mixed.seeds


def _starts(came_from: dict[str, str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in came_from:
        way = [key]
        while way[-1] not in found and (before := came_from[way[-1]]) is not None:
            way.append(before)
        start = found.get(way[-1], way[-1])
        found.update(dict.fromkeys(way, start))
    return found


def proposed(session: Session, recall: Recall) -> Ruled:
    """What the rules of a recall propose now; nothing where it has none."""
    return ruled(session, rules_of(recall.scope_rule), recall.id)


def exactly(session: Session, found: Ruled, lot_keys: Iterable[str]) -> Scope:
    """The scope of exactly these lots, with the ways to them. Raises NotFound for an unknown one."""
    return scope_among(session, found.came_from, lot_keys)
