"""Reports that are compared with a new one: those whose learning lies nearest, within two months of it. Pure."""
from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import attrgetter

from .likeness import SUSPECTED, Common, Facts, likeness, may_be_alike

WITHIN = timedelta(days=60)
EACH_WAY = 100
"""So many that were learned of before the new one are compared, and as many after."""
_FEWEST = 50
"""A report is looked for among at least so many: in a small lot too, most that look alike are two events."""


@dataclass(frozen=True, slots=True)
class Known:
    """A report that is there already."""

    learned: date
    id: str
    facts: Facts


_ORDER = attrgetter("learned", "id")


@dataclass(slots=True)
class Neighbours:
    """The known reports of one lot, or of one contact, by when they were learned of."""

    _known: list[Known] = field(default_factory=list)

    @classmethod
    def of(cls, known: Iterable[Known]) -> Neighbours:
        """All of them at once."""
        return cls(sorted(known, key=_ORDER))

    def add(self, known: Known) -> None:
        """One more."""
        insort(self._known, known, key=_ORDER)

    def near(self, learned: date) -> list[Known]:
        """Those that are compared with a report of this day."""
        middle = bisect_left(self._known, learned, key=attrgetter("learned"))
        around = self._known[max(0, middle - EACH_WAY):middle + EACH_WAY]
        return [known for known in around if abs(known.learned - learned) <= WITHIN]


def most_alike(facts: Facts, known: Iterable[Known]) -> str | None:
    """The id of the known report that most likely tells of the same event; None when none is likely enough."""
    others = {one.id: one.facts for one in known}
    contacts = Counter(other.contact for other in others.values() if other.contact)
    texts = Counter(other.text for other in others.values() if other.text)
    common = Common(max(1, contacts[facts.contact or ""]), max(1, texts[facts.text]))
    among = max(_FEWEST, len(others))
    best, best_id = SUSPECTED, None
    for key, other in others.items():
        if may_be_alike(facts, other, among, common):
            probability = likeness(facts, other, among, common).probability
            if probability >= best:
                best, best_id = probability, key
    return best_id


__all__ = ["EACH_WAY", "WITHIN", "Known", "Neighbours", "most_alike"]
