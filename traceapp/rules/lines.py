"""What the command line prints about clocks: one record a matching rule, or the undetermined one."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from .clocks import ZONES, Situation, judge
from .words import kinds_of, role_of, triggers_of


def situation_of(jurisdiction: str, kind: str, actors: Iterable[str], triggers: Iterable[str],
                 device_class: str = "") -> Situation:
    """A situation in people's words. Raises InvalidInput for a word that no rule has."""
    wanted = jurisdiction.strip().upper()
    return Situation({"UK": "GB"}.get(wanted, wanted), frozenset(kinds_of(kind)), frozenset(map(role_of, actors)),
                     frozenset(one for word in triggers for one in triggers_of(word)), device_class)


def due_records(situation: Situation, started_at: datetime) -> Iterator[dict[str, object]]:
    """A record for each rule that matches, the earliest first; without any, one with the identifier `undetermined`."""
    judgement = judge(situation, started_at)
    for clock in judgement.clocks:
        rule = clock.rule
        at = clock.due.at or judgement.review_by
        yield {"id": rule.id, "due": _text(at), "limit": rule.limit, "unit": rule.unit, "starts": rule.starts,
               "recipient": rule.recipient, "report": rule.report, "article": rule.article, "source": rule.source,
               "mark": rule.mark, "repeats": rule.repeats, "says": rule.limit_text,
               "is_day_of_law": clock.due.at is not None, "is_provisional": clock.due.is_provisional}
    if not judgement.clocks:
        yield {"id": "undetermined", "due": _text(judgement.undetermined_until),
               "decide_by": _text(judgement.review_by), "is_provisional": judgement.is_provisional,
               "has_rules": situation.jurisdiction in ZONES}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
