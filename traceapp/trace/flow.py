"""How much of one lot is in another, along every path between them. Exact: fractions inside, decimals outside. Pure."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import SCALE, Quantity


@dataclass(frozen=True, slots=True)
class Link:
    """`quantity` of the parent, in the parent's unit, went into the child; None: not stated."""

    parent: str
    child: str
    quantity: Decimal | None


_Share = Callable[[Link, Fraction], Fraction | None]


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


def downstream_amounts(root: str, links: Iterable[Link], made: Mapping[str, Decimal]) -> dict[str, Fraction | None]:
    """For each lot reached, how much of the root went into it, in the root's unit.

    A parent hands on what it holds of the root in proportion to what of the parent went into the child. None where a
    quantity on the way is not stated, a parent's whole is not known, or a circle makes it unknowable.
    """
    known = list(links)

    def share(link: Link, amount: Fraction) -> Fraction | None:
        whole = made.get(link.parent)
        if not whole or link.quantity is None:
            return None
        return amount * Fraction(link.quantity) / Fraction(whole)

    return _flow(root, [(link.parent, link.child, link) for link in known], Fraction(made.get(root) or 0), share)


def upstream_amounts(root: str, links: Iterable[Link], made: Mapping[str, Decimal]) -> dict[str, Fraction | None]:
    """For each lot that the root was made of, how much of it is in the root, in that lot's own unit.

    What is in an intermediate lot counts by the part of the intermediate that is in the root. None as downstream.
    """
    known = list(links)

    def share(link: Link, amount: Fraction) -> Fraction | None:
        whole = made.get(link.child)
        if not whole or link.quantity is None:
            return None
        return Fraction(link.quantity) * amount / Fraction(whole)

    return _flow(root, [(link.child, link.parent, link) for link in known], Fraction(made.get(root) or 0), share)


def _flow(root: str, steps: list[tuple[str, str, Link]], whole: Fraction,
          share: _Share) -> dict[str, Fraction | None]:
    """Amounts in the order in which every source of a lot is known before the lot; what never gets its turn stands
    in a circle or behind one."""
    leaving: dict[str, list[tuple[str, Link]]] = defaultdict(list)
    waiting: dict[str, int] = defaultdict(int)
    for source, target, link in steps:
        leaving[source].append((target, link))
        waiting[target] += 1
    amounts: dict[str, Fraction | None] = {root: whole if whole else None}
    sums: dict[str, Fraction | None] = {}
    ready = [root] if not waiting.get(root) else []
    while ready:
        source = ready.pop()
        amount = amounts[source]
        for target, link in leaving[source]:
            part = None if amount is None else share(link, amount)
            before = sums.get(target, Fraction(0))
            sums[target] = None if part is None or before is None else before + part
            waiting[target] -= 1
            if not waiting[target]:
                amounts[target] = sums[target]
                ready.append(target)
    for target in waiting:
        amounts.setdefault(target, None)
    return amounts


def as_decimal(amount: Fraction | None) -> Decimal | None:
    """The amount to six decimals, half to even."""
    if amount is None:
        return None
    return Decimal(round(amount * 10**SCALE)).scaleb(-SCALE).normalize() + 0
