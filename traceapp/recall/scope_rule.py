"""From where a scope starts, as data: what, which, from when until when, and whether it follows what was made of it.

Pure. `scope_seeds` finds the lots of a rule, each with the reason why it is a start.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from traceapp.core.errors import InvalidInput

MOST_KEYS = 2000
MOST_RULES = 12
# Days outside have no midnight in every time zone.
_FIRST_YEAR, _LAST_YEAR = 1990, 9000


class RuleKind(StrEnum):
    """`lots`: these, raw or finished. `supplier`: what came from it. `line`, `shift`, `equipment`, `operator`, `load`:
    what was made on it, in it or by whom, or sterilised in it. `site`: what was kept there or sent out from there.
    `lane`: what was sent by it. `consignee`: what it got. `excursion`: what was at the place, or in the container,
    while its readings were outside. `cause`: the nodes of a class of causes, which may be lots or any of the others."""

    lots = "lots"
    supplier = "supplier"
    line = "line"
    shift = "shift"
    equipment = "equipment"
    operator = "operator"
    load = "load"
    site = "site"
    lane = "lane"
    consignee = "consignee"
    excursion = "excursion"
    cause = "cause"


# Which have a time that a window can bound.
WINDOWED = frozenset(RuleKind) - {RuleKind.lots, RuleKind.excursion}


@dataclass(frozen=True, slots=True)
class Rule:
    """`keys`: lot keys; ids of partners or sites; names of lines (`line · shift` for one shift of it), shifts,
    machines, operators, loads or lanes; `lot key/excursion id`; nodes of a cause as the ranking names them. `since`
    and `until` are days at our plant, both counted. `downstream`: with all that was made of it. `mixing`: also
    materials that lay in one container with an affected one at the same time, and what was made of them from then
    on. `signal_id`: whose cause it is. `by_arrival`: suppliers of a cause count by when their lots came in, as its day
    was found; else what came before and was used from then on is in as well."""

    kind: RuleKind
    keys: tuple[str, ...]
    since: date | None = None
    until: date | None = None
    downstream: bool = True
    mixing: bool = False
    signal_id: str = ""
    by_arrival: bool = False

    @property
    def as_data(self) -> dict[str, Any]:
        """The rule as it is stored and sent; what is usual is left out."""
        found: dict[str, Any] = {"kind": str(self.kind), "keys": list(self.keys)}
        if self.since is not None:
            found["from"] = self.since.isoformat()
        if self.until is not None:
            found["until"] = self.until.isoformat()
        if not self.downstream:
            found["downstream"] = False
        if self.mixing:
            found["mixing"] = True
        if self.signal_id:
            found["signal"] = self.signal_id
        if self.by_arrival:
            found["by_arrival"] = True
        return found


def rule_from(data: Mapping[str, Any]) -> Rule:
    """The rule that was stored so."""
    return Rule(RuleKind(data["kind"]), tuple(data["keys"]), _day(data.get("from")), _day(data.get("until")),
                bool(data.get("downstream", True)), bool(data.get("mixing", False)), str(data.get("signal", "")),
                bool(data.get("by_arrival", False)))


def rules_of(stored: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a stored scope; one from before there were rules started from its chosen lots."""
    if "rules" in stored:
        return tuple(rule_from(one) for one in stored["rules"])
    roots = tuple(stored.get("roots", ()))
    return (Rule(RuleKind.lots, roots),) if roots else ()


def refuse_bad(rules: Sequence[Rule]) -> None:
    """Nothing for rules that can be followed. Raises InvalidInput."""
    if not rules or len(rules) > MOST_RULES:
        raise InvalidInput("Give between one and %(most)s rules.", code="rules", place="rules", most=MOST_RULES)
    for position, rule in enumerate(rules):
        where = f"rules/{position}"
        if not rule.keys or any(not key for key in rule.keys):
            raise InvalidInput("Say from what the scope starts.", code="no-start", place=f"{where}/keys")
        if len(rule.keys) > MOST_KEYS:
            raise InvalidInput("At most %(most)s at once.", code="too-many", place=f"{where}/keys", most=MOST_KEYS)
        if any(one is not None and not _FIRST_YEAR <= one.year <= _LAST_YEAR for one in (rule.since, rule.until)):
            raise InvalidInput("The days of a window lie between 1990 and 9000.", code="window", place=f"{where}/from")
        if rule.since is not None and rule.until is not None and rule.until < rule.since:
            raise InvalidInput("The window ends before it begins.", code="window", place=f"{where}/until")
        if rule.kind not in WINDOWED and (rule.since or rule.until):
            raise InvalidInput("What is named by itself has no window of days.", code="no-window",
                               place=f"{where}/from")


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
