"""How much of one lot is in another, along every path between them. Decimals only. Pure."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TypeVar

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import SCALE, Quantity


@dataclass(frozen=True, slots=True)
class Link:
    """`quantity` of the parent, in the parent's unit, went into the child; None: not stated."""

    parent: str
    child: str
    quantity: Decimal | None


Value = TypeVar("Value")
Range = tuple[Decimal, Decimal | None]
Roots = Collection[str]
# Far finer than what is kept, and of one length however long the way: fractions would double at every step.
_EXACT = Context(prec=60)
_ZERO = Decimal(0)


def in_unit(quantity: Decimal | None, unit: str | None, wanted: str | None) -> Decimal | None:
    """The quantity in the unit wanted; None where it is not stated or does not convert."""
    if quantity is None or unit == wanted:
        return quantity
    if unit is None or wanted is None:
        return None
    try:
        return Quantity(quantity, unit).to(wanted).value
    except InvalidInput:
        return None


def downstream_amounts(roots: str | Roots, links: Iterable[Link],
                       made: Mapping[str, Decimal]) -> dict[str, Decimal | None]:
    """For each lot reached, how much of the roots (of one unit) went into it, in their unit.

    A parent hands on what it holds of the roots in proportion to what of the parent went into the child. None where a
    quantity on the way is not stated, a parent's whole is not known, or a circle makes it unknowable. What of one root
    is in another counts there: it is not counted twice.
    """
    def share(link: Link, amount: Decimal) -> Decimal | None:
        return _part(amount, link.quantity, made.get(link.parent))

    return _flow(_wholes(roots, made), [(link.parent, link.child, link) for link in links], share, _EXACT.add)


def upstream_amounts(roots: str | Roots, links: Iterable[Link],
                     made: Mapping[str, Decimal]) -> dict[str, Decimal | None]:
    """For each lot upstream, how much of it is in the roots together, in that lot's own unit. None as above."""
    def share(link: Link, amount: Decimal) -> Decimal | None:
        return _part(amount, link.quantity, made.get(link.child))

    return _flow(_wholes(roots, made), [(link.child, link.parent, link) for link in links], share, _EXACT.add)


def downstream_ranges(roots: str | Roots, links: Iterable[Link], made: Mapping[str, Decimal]) -> dict[str, Range]:
    """For each lot reached, how much of the roots (of one unit) is in it at least and at most, however the lots were
    mixed.

    All that goes out of a root is root; what a mixed lot hands on in part may be all of it or none. In the roots'
    unit; a circle leaves everything possible.
    """
    wholes = _wholes(roots, made)

    def share(link: Link, amount: Range) -> Range:
        if link.parent in wholes and link.quantity is not None:
            return link.quantity, link.quantity
        goes_whole = link.quantity is not None and bool(made.get(link.parent)) and link.quantity >= made[link.parent]
        return (amount[0] if goes_whole else _ZERO), amount[1]

    known = [whole for whole in wholes.values() if whole is not None]
    everything = sum(known, _ZERO) if len(known) == len(wholes) else None
    start: dict[str, Range | None] = {key: (whole, whole) if whole else (_ZERO, None) for key, whole in wholes.items()}
    found = _flow(start, [(link.parent, link.child, link) for link in links], share, _both)
    return {key: _within(one, everything) for key, one in found.items()}


def upstream_ranges(roots: str | Roots, links: Iterable[Link], made: Mapping[str, Decimal]) -> dict[str, Range]:
    """For each lot upstream, how much of it is in the roots together at least and at most, in that lot's own unit; at
    most None where no record limits it."""
    def share(link: Link, amount: Range) -> Range:
        child = made.get(link.child)
        is_whole = child is not None and _ZERO < child <= amount[0]
        return (link.quantity or _ZERO) if is_whole else _ZERO, link.quantity

    start: dict[str, Range | None] = {
        key: (whole or _ZERO, whole or _ZERO) for key, whole in _wholes(roots, made).items()}
    found = _flow(start, [(link.child, link.parent, link) for link in links], share, _both)
    return {key: _within(one, made.get(key)) for key, one in found.items()}


def links_from(roots: Collection[str], links: Sequence[Link], others: Collection[str]) -> list[Link]:
    """The links on the ways down from these roots. A way ends at the `others`: what is in one of them counts there."""
    leaving: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        if link.child not in others:
            leaving[link.parent].append(link)
    found: list[Link] = []
    seen, ready = set(roots), list(roots)
    while ready:
        for link in leaving[ready.pop()]:
            found.append(link)
            if link.child not in seen:
                seen.add(link.child)
                ready.append(link.child)
    return found


def _wholes(roots: str | Roots, made: Mapping[str, Decimal]) -> dict[str, Decimal | None]:
    return {key: made.get(key) or None for key in ((roots,) if isinstance(roots, str) else roots)}


def _part(amount: Decimal, quantity: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return _EXACT.divide(_EXACT.multiply(amount, quantity), whole) if quantity is not None and whole else None


def _both(one: Range, other: Range) -> Range:
    high = None if one[1] is None or other[1] is None else one[1] + other[1]
    return one[0] + other[0], high


def _within(found: Range | None, whole: Decimal | None) -> Range:
    low, high = found or (_ZERO, None)
    if not whole:
        return low, high
    return min(low, whole), whole if high is None else min(high, whole)


def _flow(wholes: Mapping[str, Value | None], steps: list[tuple[str, str, Link]],
          share: Callable[[Link, Value], Value | None],
          add: Callable[[Value, Value], Value]) -> dict[str, Value | None]:
    """Values in the order in which every source of a lot is known before the lot; what never gets its turn stands
    in a circle or behind one. A root has its whole, whatever flows into it from other roots."""
    leaving: dict[str, list[tuple[str, Link]]] = defaultdict(list)
    waiting: dict[str, int] = defaultdict(int)
    for source, target, link in steps:
        leaving[source].append((target, link))
        waiting[target] += 1
    amounts: dict[str, Value | None] = dict(wholes)
    sums: dict[str, Value | None] = {}
    ready = [root for root in wholes if not waiting.get(root)]
    while ready:
        source = ready.pop()
        amount = amounts[source]
        for target, link in leaving[source]:
            part = None if amount is None else share(link, amount)
            if target in sums:
                before = sums[target]
                sums[target] = None if part is None or before is None else add(before, part)
            else:
                sums[target] = part
            waiting[target] -= 1
            if not waiting[target]:
                if target not in wholes:
                    amounts[target] = sums[target]
                ready.append(target)
    for target in waiting:
        amounts.setdefault(target, None)
    return amounts


def as_decimal(amount: Decimal | None) -> Decimal | None:
    """The amount to six decimals, half to even."""
    if amount is None:
        return None
    # First to what is sure: a third of three is one.
    sure = amount.quantize(_SURE, context=_EXACT)
    return sure.quantize(_KEPT, context=_EXACT).normalize() + 0


_SURE, _KEPT = Decimal(1).scaleb(-24), Decimal(1).scaleb(-SCALE)
