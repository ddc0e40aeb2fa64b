"""What people report: a background at the stated rates over the units delivered, and the reactions to one adhesive."""
from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count

from .acts import Act, Handle, LotName, Report
from .chance import Calendar, chance, delay_days, poisson
from .making import Batch
from .shipping import Line
from .tables import Rate, items, phrases, rates

# Days before today on which the reactions to the plasters of the bad adhesive came in, lot by lot: the first one
# thirteen days ago; enough in the end for the first two lots to cross the alarm line by themselves, too few to say
# anything about the other lots one by one.
STORY_REPORTS: tuple[tuple[float, ...], ...] = (
    (13.1, 10.4, 7.3, 4.7, 2.9, 2.1, 1.45, 1.15, 0.8, 0.5, 0.16), (9.2, 6.1, 3.6, 2.3, 1.5, 0.9, 0.55, 0.3),
    (2.6, 0.7), (1.2,))
_RESULT_SHARE = 0.7
_CHANNELS = ("consumer", "consumer", "consumer", "consumer", "hospital", "hospital", "telephone", "wechat", "sales",
             "email")
_AGES = ("0-1", "2-13", "14-17", "18-44", "18-44", "45-64", "45-64", "65+", "unknown")
_HARM_KINDS = ("harm", "glue")


class _Teller:
    """Numbers the reports and finds words for them."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        self.seed, self.calendar = seed, calendar
        self.numbers = count(1)

    def report(self, at: datetime, line: Line, kind: str) -> Report:
        """A report about a lot at one consignee's place."""
        number = next(self.numbers)
        dice = chance(self.seed, f"report {line.lot.number} {at.isoformat()} {kind}")
        is_harm = kind in _HARM_KINDS
        narrative, terms = words(dice, kind)
        channel = dice.choice(_CHANNELS)
        affected = dice.choice(("me", "me", "patient", "my_child", "other")) if is_harm else "nobody"
        person = (affected, dice.choice(_AGES), dice.choice(("female", "female", "male"))) if is_harm else (
            "nobody", "unknown", "unknown")
        may_be_called = affected != "my_child" and person[1] not in ("0-1", "2-13") and dice.random() < 0.35
        return Report(
            at, number, line.lot, kind, channel, _capture(dice, channel, kind), narrative, terms,
            _seriousness(dice, kind), person, line.consignee.city, (at - timedelta(days=dice.randint(0, 3))).date(),
            line.consignee.code if channel in ("hospital", "sales") else "",
            f"000-0000-{dice.randint(2000, 9999)}" if may_be_called else "")


def _capture(dice: random.Random, channel: str, kind: str) -> str:
    """How the lot became known; whoever reports the story's reactions has the box at hand."""
    if channel == "consumer":
        return "scan" if dice.random() < 0.85 else "typed"
    if kind == "glue":
        return "typed"
    return dice.choices(("typed", "misread", "none"), (90, 6, 4))[0]


def _seriousness(dice: random.Random, kind: str) -> tuple[str, ...]:
    """Hardly any is serious; some saw a doctor."""
    if kind not in _HARM_KINDS:
        return ()
    draw = dice.random()
    if draw < 0.015:
        return ("infection_or_disfigurement",)
    return ("saw_a_doctor",) if draw < 0.2 else ()


def words(dice: random.Random, kind: str) -> tuple[str, tuple[str, ...]]:
    """A narrative, mostly Chinese, and the codes of what it says."""
    chosen = [dice.choice([phrase for phrase in phrases() if phrase.kind == kind and phrase.part == part])
              for part in ("opening", "symptom", "ending")]
    if dice.random() < 0.1:
        return f"{chosen[0].en}: {chosen[1].en}. {chosen[2].en}", chosen[1].terms
    return f"{chosen[0].zh}，{chosen[1].zh}。{chosen[2].zh}", chosen[1].terms


def report_acts(seed: int, calendar: Calendar, lines: Sequence[Line], story: Sequence[Batch],
                extra: Iterable[tuple[LotName, str, Sequence[float]]]) -> Iterator[Act]:
    """Every report with what staff did about it, in no order. `extra`: (lot, kind, days before today)."""
    teller = _Teller(seed, calendar)
    told_lots = {batch.lot for batch in story}
    for line in lines:
        rate = rates()[line.lot.product]
        dice = chance(seed, f"complaints {line.lot.number} {line.consignee.code} {line.day}")
        for kind, share in _kinds(line.lot.product, rate):
            if kind == "harm" and line.lot in told_lots:
                continue
            for _ in range(poisson(dice, line.units * share)):
                at = calendar.at(line.day, 10) + timedelta(days=delay_days(dice, rate))
                if at <= calendar.now:
                    yield from _with_handling(seed, calendar, teller.report(at, line, kind))
    told = [(batch.lot, "glue", days) for batch, days in zip(story, STORY_REPORTS, strict=False)]
    for lot, kind, days in [*told, *extra]:
        dice = chance(seed, f"told {lot.number} {kind}")
        for back in days:
            at = calendar.before(back)
            there = [line for line in lines if line.lot == lot and calendar.at(line.day, 12) < at]
            if there:
                yield from _with_handling(seed, calendar, teller.report(at, dice.choice(there), kind))


def _kinds(product: str, rate: Rate) -> tuple[tuple[str, float], ...]:
    if items()[product].kind == "ivd":
        return (("harm", rate.harm), ("result", rate.quality * _RESULT_SHARE),
                ("quality", rate.quality * (1 - _RESULT_SHARE)), ("service", rate.service))
    return ("harm", rate.harm), ("quality", rate.quality), ("service", rate.service)


def _with_handling(seed: int, calendar: Calendar, report: Report) -> Iterator[Act]:
    yield report
    for step, at in _handling(chance(seed, f"handling {report.lot.number} {report.at.isoformat()}"), report):
        if at <= calendar.now:
            yield Handle(at, report.number, step)


def _handling(dice: random.Random, report: Report) -> Iterator[tuple[str, datetime]]:
    """What staff does, when: looked at within the hours promised, mostly; closed after one to four weeks."""
    is_grave = "infection_or_disfigurement" in report.seriousness
    is_slow = dice.random() < 0.06
    looked_at = report.at + timedelta(hours=(dice.uniform(20, 60) if is_slow else dice.uniform(1, 7)) / (
        4 if is_grave else 1))
    yield "triage", looked_at
    is_harm = report.kind in _HARM_KINDS
    if is_harm:
        decided = looked_at + timedelta(hours=dice.uniform(2, 20))
        is_event = report.kind == "glue" or is_grave or dice.random() < 0.4
        yield ("promote" if is_event else "decline"), decided
        if is_event:
            yield "assess", decided + timedelta(hours=dice.uniform(20, 70))
            yield "close_event", decided + timedelta(days=dice.uniform(9, 20))
    answered = looked_at + timedelta(hours=dice.uniform(0.5, 3.5))
    yield "answer", answered
    yield "close", answered + timedelta(days=dice.uniform(3, 26) if is_harm else dice.uniform(1, 12))
