"""Rules of a scope in the reader's words, and as the fields of a form in the address of a page."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id
from traceapp.catalog.model import Party, Site
from traceapp.catalog.queries import sites
from traceapp.recall.rule_names import BAR, RECORDED
from traceapp.recall.scope_asked import Because
from traceapp.recall.scope_rule import WINDOWED, Rule, RuleKind
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.sensor_model import Excursion
from traceapp.web.cause_words import NODE_KINDS
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import day as shown_day
from traceapp.web.ui.display import moment as shown_moment
from traceapp.web.words import joined_words, own_name

RULE_KINDS: dict[str, Any] = {
    RuleKind.lots: lazy_gettext("Batches, raw or finished"), RuleKind.supplier: lazy_gettext("A supplier"),
    RuleKind.line: lazy_gettext("A line"), RuleKind.shift: lazy_gettext("A shift"),
    RuleKind.equipment: lazy_gettext("A machine"), RuleKind.operator: lazy_gettext("An operator"),
    RuleKind.load: lazy_gettext("A sterilisation load"), RuleKind.site: lazy_gettext("A site or warehouse"),
    RuleKind.lane: lazy_gettext("A lane"), RuleKind.consignee: lazy_gettext("A consignee"),
    RuleKind.excursion: lazy_gettext("A sensor excursion"), RuleKind.cause: lazy_gettext("A cause of the signal")}
_STARTS: dict[str, Any] = {
    RuleKind.lots: lazy_gettext("Batches %(what)s"), RuleKind.supplier: lazy_gettext("What came from %(what)s"),
    RuleKind.line: lazy_gettext("What was made on line %(what)s"),
    RuleKind.shift: lazy_gettext("What was made in shift %(what)s"),
    RuleKind.equipment: lazy_gettext("What was made on machine %(what)s"),
    RuleKind.operator: lazy_gettext("What operator %(what)s made"),
    RuleKind.load: lazy_gettext("What was sterilised in load %(what)s"),
    RuleKind.site: lazy_gettext("What was kept at or sent from %(what)s"),
    RuleKind.lane: lazy_gettext("What was sent by lane %(what)s"),
    RuleKind.consignee: lazy_gettext("What %(what)s got"),
    RuleKind.excursion: lazy_gettext("What was there during the excursion %(what)s"),
    RuleKind.cause: lazy_gettext("The likely cause %(what)s")}
_MOST_NAMED = 6
# Rules and reasons that name partners or sites by their ids.
_BY_ID = (RuleKind.supplier, RuleKind.site, RuleKind.consignee)


@dataclass(slots=True)
class RuleNames:
    """The names of all that rules and reasons speak of, read in four queries; those of sites stand among `parties`."""

    lots: dict[str, str] = field(default_factory=dict)
    parties: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    excursions: dict[str, str] = field(default_factory=dict)

    def start(self, rule: Rule) -> str:
        """What the rule starts from, by name."""
        shown = [self._name(rule, key) for key in rule.keys[:_MOST_NAMED]]
        more = len(rule.keys) - len(shown)
        return joined_words(shown) + (f" … (+{more})" if more > 0 else "")

    def typed(self, rule: Rule) -> str:
        """The keys of the rule as a person would type them."""
        if rule.kind in (RuleKind.cause, RuleKind.excursion):
            return BAR.join(rule.keys)
        return ", ".join(self.codes.get(key) or self.lots.get(key, key) for key in rule.keys)

    def _name(self, rule: Rule, key: str) -> str:
        if rule.kind in _BY_ID:
            return self.parties.get(key, key)
        if rule.kind == RuleKind.excursion:
            return self.excursions.get(key, key)
        kind, _colon, ref = key.partition(":")
        if rule.kind == RuleKind.cause and ref:
            return f"{NODE_KINDS[kind]} {self.parties.get(ref, ref)}" if kind in NODE_KINDS else ref
        return self.lots.get(key, key)

    def rule(self, rule: Rule) -> str:
        """The rule as one sentence."""
        parts = [_days(rule.since, rule.until)] if rule.since or rule.until else []
        if rule.by_arrival:
            parts.append(_("by when it came in"))
        parts.append(_("with what was made of it") if rule.downstream else _("without what was made of it"))
        if rule.mixing:
            parts.append(_("and what was mixed with it"))
        return _("%(start)s (%(more)s)", start=str(_STARTS[rule.kind]) % {"what": self.start(rule)},
                 more=joined_words(parts))

    def why(self, because: Because) -> str:
        """Why a lot is a start."""
        at, until = _moment(because.at), _moment(because.until) or _("today")
        who = self.parties.get(because.what, because.what)
        texts = {
            RuleKind.lots: _("Chosen"), RuleKind.cause: _("Likely cause"),
            RuleKind.supplier: _("Received from %(who)s, %(at)s", who=who, at=at),
            RuleKind.line: _("Made on line %(what)s, %(at)s", what=because.what, at=at),
            RuleKind.shift: _("Made in shift %(what)s, %(at)s", what=because.what, at=at),
            RuleKind.equipment: _("Made on machine %(what)s, %(at)s", what=because.what, at=at),
            RuleKind.operator: _("Made by operator %(what)s, %(at)s", what=because.what, at=at),
            RuleKind.load: _("Sterilised in load %(what)s, %(at)s", what=because.what, at=at),
            RuleKind.site: _("Sent out from %(who)s, %(at)s", who=who, at=at) if because.units is not None else _(
                "Lay at %(who)s from %(at)s until %(until)s", who=who, at=at, until=until),
            RuleKind.lane: _("Sent by lane %(what)s, %(at)s", what=because.what, at=at),
            RuleKind.consignee: _("Sent to %(who)s, %(at)s", who=who, at=at),
            RuleKind.excursion: _("Was there from %(at)s until %(until)s", at=at, until=until),
            "mixed": _("Lay in %(what)s with %(other)s from %(at)s until %(until)s", what=because.what,
                       other=self.lots.get(because.other, because.other), at=at, until=until)}
        return texts[because.kind]


def _days(since: date | None, until: date | None) -> str:
    first, last = (shown_day(one, current_locale()) if one else "" for one in (since, until))
    if not first:
        return _("until %(until)s", until=last)
    if not last:
        return _("from %(since)s on", since=first)
    return _("on %(since)s", since=first) if first == last else _("from %(since)s to %(until)s", since=first,
                                                                  until=last)


def _moment(at: datetime | None) -> str:
    return shown_moment(at, current_locale()) if at is not None else ""


def rule_names(session: Session, rules: Iterable[Rule], reasons: Iterable[Because] = ()) -> RuleNames:
    """The names for these rules and reasons."""
    lots: set[str] = set()
    parties: set[str] = set()
    excursions: set[str] = set()
    for rule in rules:
        about = parties if rule.kind in _BY_ID else excursions if rule.kind == RuleKind.excursion else lots
        for key in rule.keys[:_MOST_NAMED] if rule.kind not in RECORDED else ():
            _kind, colon, ref = key.partition(":")
            (parties if colon else about).add(ref or key)
    for because in reasons:
        parties |= {because.what} if because.kind in _BY_ID else set()
        lots |= {because.other} if because.other else set()
    found: dict[str, Party | Site] = {**parties_by_id(session, parties)}
    if parties - found.keys():
        found |= {site.id: site for site in sites(session) if site.id in parties}
    names = RuleNames({key: lot.number for key, lot in lots_by_key(session, lots).items()},
                      {key: own_name(party) for key, party in found.items()},
                      {key: party.code for key, party in found.items()})
    for key in sorted(excursions):
        lot_key, _slash, excursion_id = key.partition("/")
        row = session.get(Excursion, (lot_key, excursion_id))
        if row is not None:
            names.excursions[key] = _moment(row.began_at)
    return names


def rule_query(letter: str, rule: Rule) -> dict[str, str]:
    """The fields of one rule in the address of the workbench."""
    found = {f"{letter}_kind": str(rule.kind), f"{letter}_key": BAR.join(rule.keys) if rule.kind in (
        RuleKind.cause, RuleKind.excursion) else ",".join(rule.keys)}
    if rule.kind in WINDOWED:
        found |= {f"{letter}_from": rule.since.isoformat() if rule.since else "",
                  f"{letter}_until": rule.until.isoformat() if rule.until else ""}
    found |= {f"{letter}_alone": "" if rule.downstream else "1", f"{letter}_mix": "1" if rule.mixing else "",
              f"{letter}_signal": rule.signal_id, f"{letter}_arrival": "1" if rule.by_arrival else ""}
    return {name: value for name, value in found.items() if value}

