"""What a scope comes to in plain sentences: what is in, what stays out, and what nobody knows."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from traceapp.core.places import country
from traceapp.recall.scope_mass import Mass
from traceapp.recall.side_by_side import Side
from traceapp.web.cause_words import per_cent
from traceapp.web.ui import current_locale
from traceapp.web.words import joined_words

from .recall_rule_words import RuleNames
from .workbench_rules import Column
from .workbench_tables import amount_words

_MOST_CAUSES = 4
ClassName = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Plain:
    """One scope in sentences. `rules`: from what it starts."""

    name: str
    rules: tuple[str, ...]
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    unknown: tuple[str, ...]


def plain_words(column: Column, names: RuleNames, class_name: ClassName, kept_out: Sequence[str] = ()) -> Plain:
    """`class_name`: what the class of causes at a place of the ranking is called; `kept_out`: what else stays out."""
    one = column.found
    return Plain(column.name, tuple(names.rule(rule) for rule in column.rules), _inside(one),
                 (*_outside(column, class_name), *kept_out), _unknown(column))


def _inside(one: Side) -> tuple[str, ...]:
    lots = one.scope.lots
    if not lots:
        return (_("Nothing. No batch of which anything is left or was sent is found by this."),)
    found = [ngettext("%(num)d batch.", "%(num)d batches.", len(lots))]
    for row in one.positions:
        if row.sent:
            found.append(_("%(units)s were sent out.", units=amount_words(row.sent, row.unit)))
        if row.stock:
            found.append(_("%(units)s are in our store.", units=amount_words(row.stock, row.unit)))
    if one.scope.consignees:
        found.append(ngettext("%(num)d consignee has some of it (%(where)s).",
                              "%(num)d consignees have some of it (%(where)s).", len(one.scope.consignees),
                              where=joined_words([country(code, current_locale()) if code else _("country not known")
                                                    for code in one.countries])))
    silent = sum(not who.has_address for who in one.scope.consignees)
    if silent:
        found.append(ngettext("%(num)d of them has no address for recalls: telephone.",
                              "%(num)d of them have no address for recalls: telephone.", silent))
    return tuple(found)


def _outside(column: Column, class_name: ClassName) -> tuple[str, ...]:
    one = column.found
    found = list(_causes_outside(one.mass, class_name)) if one.mass else [
        _("Whether the cause reaches further cannot be said: no signal with a ranking of causes is named.")]
    if any(not rule.downstream for rule in column.rules):
        found.append(_("What was made of the batches that it starts from is not in."))
    passed = one.scope.passed_through
    if passed:
        found.append(ngettext(
            "%(num)d intermediate batch on the way is used up, so nothing of it can be recalled.",
            "%(num)d intermediate batches on the way are used up, so nothing of them can be recalled.", passed))
    return tuple(found)


def _causes_outside(mass: Mass, class_name: ClassName) -> tuple[str, ...]:
    found = [ngettext("If it is %(cause)s (%(chance)s): %(num)d of its %(lots)d batches in use is not in.",
                      "If it is %(cause)s (%(chance)s): %(num)d of its %(lots)d batches in use are not in.",
                      missing, cause=class_name(place), chance=per_cent(posterior), lots=lots)
             for place, posterior, missing, lots in mass.open[:_MOST_CAUSES]]
    if not found:
        return (_("No cause that the reports point to: every batch in use of each is in."),)
    rest = len(mass.open) - len(found)
    return (*found, ngettext("… and %(num)d more", "… and %(num)d more", rest)) if rest else tuple(found)


def _unknown(column: Column) -> tuple[str, ...]:
    one = column.found
    found = []
    for row in one.positions:
        if row.transit:
            found.append(_("%(units)s were sent and nobody has told of their arrival.",
                           units=amount_words(row.transit, row.unit)))
        if row.unknown:
            found.append(_("%(units)s: nobody has said where they are.", units=amount_words(row.unknown, row.unit)))
    untold = sum(lot.why == "unknown" for lot in one.scope.lots)
    if untold:
        found.append(ngettext("%(num)d batch of somebody else is in of which nobody told the amount.",
                              "%(num)d batches of somebody else are in of which nobody told the amount.", untold))
    if not all(rule.mixing for rule in column.rules):
        found.append(_("Whether some of it got into other materials in one silo or tank was not looked at."))
    return tuple(found)
