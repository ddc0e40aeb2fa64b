"""Console: the hazard evaluation filled in with what the house knows, each figure with its source; and the classes by
jurisdiction."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from traceapp.recall.classes import classifications_of
from traceapp.recall.hazard_facts import HazardFacts, hazard_facts
from traceapp.recall.model import Recall, RecallEvaluation
from traceapp.web.context import world
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import moment, number, unit
from traceapp.web.words import AFFECTED, AGE_BANDS, SEVERITIES, Words, joined_words, word

from .recall_phase_words import HAZARD_WORDS

_CHOICES = ("seriousness", "likelihood", "proposed_class")


def hazard_form(db: Session, case: Recall, last: RecallEvaluation | None) -> tuple[dict[str, str], dict[str, str]]:
    """(values of the form, {factor: what is known of it now}): the values of the last version where there is one, else
    what is known."""
    known = {name: text for name, text in _known(hazard_facts(db, case, world().clock.now())).items() if text}
    if last is None:
        return known, {}
    values = {name: str(last.content.get(name, "")) for name in (*HAZARD_WORDS, *_CHOICES)}
    return values, {name: text for name, text in known.items() if text != values.get(name)}


def classes_of(db: Session, case: Recall) -> list[Any]:
    """The classes by jurisdiction, the latest first."""
    return classifications_of(db, case.id)[::-1]


def _known(facts: HazardFacts) -> dict[str, str]:
    return {"harm_so_far": _harm(facts), "populations": _people(facts), "defective": _defective(facts),
            "detectability": _seen(facts)}


def _source(facts: HazardFacts) -> str:
    """What every figure was counted from."""
    return ngettext("[Counted from the cases about %(num)d batch in scope, %(at)s.]",
                    "[Counted from the cases about %(num)d batches in scope, %(at)s.]", facts.lots,
                    at=moment(facts.at, current_locale()))


def _harm(facts: HazardFacts) -> str:
    events = _("Adverse events: %(events)s, of them %(deaths)s deaths and %(serious)s serious.",
               events=facts.events, deaths=facts.deaths, serious=facts.serious)
    reports = _("Complaints of harm or not judged yet: %(count)s (%(parts)s). Malfunctions without harm: %(others)s.",
                count=facts.harmful, parts=_counts(facts.by_severity, SEVERITIES) or "–", others=facts.malfunctions)
    usual = "" if facts.expected is None else _("For what was in use %(expected)s reports of harm are usual.",
                                                expected=f"{facts.expected:.1f}")
    return "\n".join(text for text in (events, reports, usual, _source(facts)) if text)


def _people(facts: HazardFacts) -> str:
    if not facts.harmful:
        return ""
    return "\n".join((
        _("By age: %(parts)s.", parts=_counts(facts.by_age, AGE_BANDS)),
        _("Who was affected: %(parts)s.", parts=_counts(facts.by_affected, AFFECTED)), _source(facts)))


def _defective(facts: HazardFacts) -> str:
    if not facts.sent:
        return ""
    units = joined_words([f"{number(amount, current_locale())} {unit(code, current_locale()) if code else ''}".strip()
                          for code, amount in facts.sent.items()])
    return "\n".join((
        _("Sent and not come back: %(units)s. Reports so far: %(reports)s; a report is not a defective unit, and not "
          "every one is reported.", units=units, reports=facts.reports),
        _("[From the despatches of the batches in scope, as last counted.]")))


def _seen(facts: HazardFacts) -> str:
    if not facts.reports:
        return ""
    return "\n".join((
        _("Of %(all)s reports %(without)s tell of a fault that was seen before it harmed anybody.", all=facts.reports,
          without=facts.malfunctions), _source(facts)))


def _counts(counts: Mapping[str, int], words: Words) -> str:
    ordered = [code for code in words if code in counts] + [code for code in counts if code not in words]
    return joined_words([_("%(name)s: %(count)s", name=word(words, code), count=counts[code]) for code in ordered])
