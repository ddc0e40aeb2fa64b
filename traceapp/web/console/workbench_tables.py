"""The tables of a workbench: totals side by side, batches and why they are in, who has them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from traceapp.core.places import country
from traceapp.recall.scope import ScopeConsignee, ScopeLot
from traceapp.recall.scope_asked import Because
from traceapp.recall.side_by_side import Side
from traceapp.web.cause_words import per_cent
from traceapp.web.reading import given
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import number as shown_number
from traceapp.web.ui.display import unit as unit_word
from traceapp.web.words import joined_words

from .recall_rule_words import RuleNames
from .workbench_rules import Column

_PAGE = 50
_POSITIONS: tuple[tuple[str, Any], ...] = (
    ("made", lambda: _("Made")), ("stock", lambda: _("In our store")), ("made_into", lambda: _("Made into others")),
    ("lost", lambda: _("Samples, destroyed, lost")), ("transit", lambda: _("Sent, arrival not told")),
    ("consignee", lambda: _("At consignees")), ("used", lambda: _("Used")), ("back", lambda: _("On its way back")),
    ("passed_on", lambda: _("Passed on")), ("destroyed", lambda: _("Destroyed")), ("corrected", lambda: _("Put right")),
    ("unknown", lambda: _("Not known")))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a long table: its rows, its number, how many pages and how many rows there are."""

    rows: Sequence[Any]
    number: int
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Total:
    """A row of the totals: what, in which unit, a value a column."""

    what: str
    unit: str
    values: tuple[Any, ...]


def countries_of(one: Side) -> str:
    """The countries that are known, by name."""
    return joined_words([country(code, current_locale()) for code in one.countries if code])


def totals_table(columns: Sequence[Column]) -> list[Total]:
    """The totals side by side; a row that is empty everywhere is left out."""
    sides = [column.found for column in columns]
    rows = [
        Total(_("Batches"), "", tuple(len(one.scope.lots) for one in sides)),
        Total(_("Consignees"), "", tuple(len(one.scope.consignees) for one in sides)),
        Total(_("Countries"), "", tuple(countries_of(one) or "–" for one in sides))]
    for unit in dict.fromkeys(row.unit for one in sides for row in one.positions):
        by_side: list[Mapping[str, Any]] = [
            next(({name: getattr(row, name) for name, _text in _POSITIONS} for row in one.positions
                  if row.unit == unit), {}) for one in sides]
        for name, text in _POSITIONS:
            values = tuple(positions.get(name, 0) for positions in by_side)
            if any(values):
                rows.append(Total(text(), unit or "", values))
    return rows + _chances(sides)


def _chances(sides: Sequence[Side]) -> list[Total]:
    masses = [one.mass for one in sides]
    if not any(masses):
        return []
    return [Total(text, "", tuple(_chance(getattr(mass, name)) if mass else "–" for mass in masses))
            for text, name in ((_("Chance that it covers the cause"), "inside"),
                               (_("Chance that the cause lies outside"), "outside"),
                               (_("Chance that there is no common cause"), "no_cause"),
                               (_("Other causes, each unlikely"), "rest"))]


def _chance(share: float) -> str:
    return per_cent(share) if share else "0 %"


def lot_page(columns: Sequence[Column], names: RuleNames) -> Page:
    """One page of all lots of all columns: (the lot, why it is in the first scope that has it, which have it)."""
    every: dict[str, tuple[ScopeLot, Side]] = {}
    for column in columns:
        for lot in column.found.scope.lots:
            every.setdefault(lot.lot_key, (lot, column.found))
    keys = [column.found.scope.lot_keys for column in columns]
    page = _paged(list(every.values()), "page")
    return Page([(lot, _why(names, lot, one), tuple(lot.lot_key in own for own in keys)) for lot, one in page.rows],
                page.number, page.count, page.total)


def _why(names: RuleNames, lot: ScopeLot, one: Side) -> str:
    """Why a lot is in: its start's reason, after the number of the start where that is another lot."""
    found = one.found.why(lot.lot_key)
    if found is None:
        return ""
    because: Because = found[1]
    text = names.why(because)
    return text if len(lot.path) == 1 else _("%(start)s: %(why)s", start=lot.path[0], why=text)


def consignee_page(columns: Sequence[Column]) -> Page:
    """One page of everybody who has units in some column, those with most in the first one first: (who, units a column
    in words)."""
    units = [{lot.lot_key: lot.unit for lot in column.found.scope.lots} for column in columns]
    having = [{one.consignee_id: one for one in column.found.scope.consignees} for column in columns]
    every = {key: one for own in reversed(having) for key, one in own.items()}
    page = _paged(sorted(every.values(), key=lambda one: [
        -max((amount for _key, amount in own[one.consignee_id].units), default=Decimal(0))
        if one.consignee_id in own else Decimal(0) for own in having]), "whom")
    return Page([(one, tuple(held_words(own[one.consignee_id], names) if one.consignee_id in own else "–"
                             for own, names in zip(having, units, strict=True))) for one in page.rows],
                page.number, page.count, page.total)


def held_words(one: ScopeConsignee, units: Mapping[str, str | None]) -> str:
    """What a consignee has of the lots with these units, a sum for each unit."""
    sums: dict[str | None, Decimal] = {}
    for key, amount in one.units:
        sums[units.get(key)] = sums.get(units.get(key), Decimal(0)) + amount
    return " + ".join(amount_words(amount, unit) for unit, amount in sums.items())


def amount_words(amount: Decimal, unit: str | None) -> str:
    """A quantity with its unit."""
    locale = current_locale()
    return f"{shown_number(amount, locale)} {unit_word(unit, locale) if unit else ''}".strip()


def _paged(rows: Sequence[Any], name: str) -> Page:
    count = max(1, -(-len(rows) // _PAGE))
    text = given(name)
    number = min(max(1, int(text) if text.isdecimal() and len(text) < 6 else 1), count)
    return Page(rows[(number - 1) * _PAGE:number * _PAGE], number, count, len(rows))
