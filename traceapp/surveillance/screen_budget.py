"""How unlikely by chance must be what the screens make a task of, so that all such tasks of a year stay within the
share of the screens in the false-alarm budget? The union bound over all looks of a year, half of the share for pairs of
lot and term, half for jumps.

A pair is looked at anew whenever one more report names both, so that there are as many looks as reports name terms;
given the margins its number is hypergeometric. A term is looked at once a day; given its reports of the four weeks, and
a rate that does not change, each of them is of the last day with the same chance, so that its number is binomial.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product, ProductKind
from traceapp.signals.budget import SCREENS

from .budget import lots_of_year, promise_now

# A product that begins must not spend a year's part on its first reports and terms.
LEAST_LOOKS, LEAST_TERMS = 1000, 12
_DAYS = 365


@dataclass(frozen=True, slots=True)
class Allowed:
    """The false tasks that the screens of one product may raise in a year."""

    a_year: float = 0.0

    def of_pair(self, looks: int) -> float:
        """How likely by chance a pair may be; `looks`: the terms that the reports of the last year name."""
        return self.a_year / 2 / max(looks, LEAST_LOOKS)

    def of_jump(self, terms: int) -> float:
        """How likely by chance a jump of one term on one day may be."""
        return self.a_year / 2 / (_DAYS * max(terms, LEAST_TERMS))


def allowed_now(session: Session, on: date) -> Allowed:
    """What the screens of each product may spend: all products share alike."""
    split = promise_now(session).split
    products = session.scalar(select(func.count()).select_from(Product).where(
        Product.kind != ProductKind.material)) or 1
    return Allowed(split.promised(lots_of_year(session, on)) * split.weights.get(SCREENS, 0.0) / 100 / products)


def chance_of_pair(reports: int, lot_reports: int, term_reports: int, whole: int) -> float:
    """The chance of so many reports or more with both, given how many are of the lot, of the term, and in all."""
    from scipy.stats import hypergeom

    return float(hypergeom.sf(reports - 1, whole, term_reports, lot_reports))


def chance_of_jump(on_the_day: int, in_all: int, days: int) -> float:
    """The chance of so many reports or more on the last of so many days, given how many came in all."""
    from scipy.stats import binom

    return float(binom.sf(on_the_day - 1, in_all, 1 / days))
