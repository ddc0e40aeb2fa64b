"""How much of the belief about the cause of a signal a scope leaves outside. Pure."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceapp.signals.causes import Ranking


@dataclass(frozen=True, slots=True)
class Mass:
    """Posteriors, which add up to one. `inside`: causes of which every batch in use is in the scope; `outside`: those
    of which some is not, each in `open` as (place among the classes, posterior, batches missing, batches); `rest`:
    causes too unlikely to be described; `no_cause`: chance alone."""

    inside: float
    outside: float
    rest: float
    no_cause: float
    open: tuple[tuple[int, float, int, int], ...]


def mass_of(ranking: Ranking, lot_keys: Collection[str]) -> Mass:
    """What of a ranking these lots cover. A cause is covered when every batch in use that it met is in."""
    inside, open_classes = 0.0, []
    for place, one in enumerate(ranking.classes):
        missing = sum(key not in lot_keys for key in one.lots)
        if missing or not one.lots:
            open_classes.append((place, one.posterior, missing, len(one.lots)))
        else:
            inside += one.posterior
    outside = sum(posterior for _place, posterior, _missing, _lots in open_classes)
    return Mass(inside, outside, max(0.0, 1.0 - ranking.no_cause - inside - outside), ranking.no_cause,
                tuple(open_classes))

