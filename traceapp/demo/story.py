"""The whole story as one plan: supply, despatches, complaints, and the few lots that it is about."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

from .acts import Act, Consignee, Landmarks, LookAtPeriods, LotName, Plan, PutOnHold, RecallStep
from .chance import Calendar, chance
from .cold_chain import measure_acts
from .consignees import make_consignees
from .making import Supply, plan_supply, supply_acts
from .reports import report_acts
from .shipping import Line, plan_lines, return_acts, ship_acts
from .tables import texts
from .worked_cases import worked_up

# Days before today.
_RECALL_OPENED, _RECALLED_MADE = 262, 300
_RUNNING_OPENED, _RUNNING_MADE = 13, 60
_HELD, _HELD_MADE = 9, 45
_NORMAL_MADE = 90
# A year of the registration of plasters ended some weeks before each; the last of the reports is still to be sent.
_PERIODS = ((735, True), (380, True), (25, False))


def plan_story(now: datetime, seed: int = 1, scale: float = 1.0) -> Plan:
    """The same seed, scale and moment give the same plan. Acts are in order of time, none after `now`."""
    calendar = Calendar(now)
    consignees = make_consignees(seed, scale)
    supply = plan_supply(seed, scale, calendar)
    marks = _landmarks(supply, calendar)
    last_days = {marks.recalled: calendar.today - _RECALL_OPENED,
                 marks.being_recalled: calendar.today - _RUNNING_OPENED, marks.on_hold: calendar.today - _HELD}
    lines = plan_lines(seed, supply.batches, supply.story, consignees, last_days)
    spared = {batch.lot for batch in supply.story} | set(last_days)
    extra = ((marks.on_hold, "seal", (12.2, 11.1, 10.3, 9.6, 9.3)),
             (marks.recalled, "result", (271.0, 269.2, 268.1, 266.6, 265.3, 264.4, 263.2)))
    ships = list(ship_acts(seed, calendar, lines))
    reported = report_acts(seed, calendar, lines, supply.story, extra)
    acts = chain(supply_acts(seed, calendar, supply), ships,
                 measure_acts(seed, ships, marks.suspicious[1], calendar.now),
                 return_acts(seed, calendar, lines, spared),
                 worked_up(reported, marks.suspicious, lines, calendar),
                 [PutOnHold(calendar.before(_HELD), marks.on_hold, texts()["hold.reason"])],
                 [LookAtPeriods(calendar.before(back), "PLASTER", is_sent) for back, is_sent in _PERIODS],
                 _recall_steps(seed, calendar, marks.recalled, lines),
                 _running_steps(seed, calendar, marks.being_recalled, lines))
    ordered = sorted((act for act in acts if act.at <= calendar.now), key=lambda act: act.at)
    return Plan(consignees, tuple(ordered), marks, seed)


def _landmarks(supply: Supply, calendar: Calendar) -> Landmarks:
    story = {batch.lot for batch in supply.story}

    def near(product: str, back: int) -> LotName:
        """The released lot made nearest to so many days ago, and not later."""
        found = [batch for batch in supply.batches if batch.product == product and batch.fate == "released"
                 and batch.lot not in story and batch.day <= calendar.today - back]
        return max(found, key=lambda batch: batch.day).lot

    rejected = next(batch.lot for batch in supply.batches if batch.fate == "rejected")
    return Landmarks(
        bad_glue=supply.bad_lot.lot, suspicious=tuple(batch.lot for batch in supply.story[:2]),
        other_batches=tuple(batch.lot for batch in supply.story[2:]),
        normal=near("PLASTER", _NORMAL_MADE),
        recalled=near("ANTIGEN", _RECALLED_MADE), being_recalled=near("HYALUR", _RUNNING_MADE),
        on_hold=near("HYDRO", _HELD_MADE), rejected=rejected)


def _recall_steps(seed: int, calendar: Calendar, lot: LotName, lines: Sequence[Line]) -> Iterator[Act]:
    """The recall of an antigen test whose pouches let moisture in: approved a day later, closed in two weeks."""
    holders: list[Consignee] = list(dict.fromkeys(line.consignee for line in lines if line.lot == lot))
    opened, dice = calendar.today - _RECALL_OPENED, chance(seed, "recall")
    for step, day, hours in (("open", 0, 2.0), ("submit", 0, 6.5), ("approve", 1, 1.5), ("letters", 1, 1.52)):
        yield RecallStep(calendar.at(opened + day, hours), lot, "recall", step)
    yield RecallStep(calendar.at(opened + 6, 2), lot, "recall", "capa")
    for number, holder in enumerate(holders):
        outcome = "short" if number == 1 else dice.choice(("used", "returned", "partly", "partly"))
        answered = opened + 2 + number * 5 // len(holders)
        hours = dice.uniform(1, 8)
        yield RecallStep(calendar.at(answered, hours), lot, "recall", "answer", holder.code, outcome)
        if outcome in ("returned", "partly"):
            yield RecallStep(calendar.at(answered + 3, hours), lot, "recall", "return", holder.code, outcome)
        elif outcome == "short":
            yield RecallStep(calendar.at(answered + 2, hours), lot, "recall", "settle", holder.code, outcome)
    yield RecallStep(calendar.at(opened + 12, 5), lot, "recall", "destroy")
    yield RecallStep(calendar.at(opened + 13, 6), lot, "recall", "close")


def _running_steps(seed: int, calendar: Calendar, lot: LotName, lines: Sequence[Line]) -> Iterator[Act]:
    """The recall of a raw material with too many germs, on its way: most have answered, one letter came back and
    its reader was telephoned, another one is silent after two reminders and a call, and the notice was corrected once.
    """
    holders = sorted(dict.fromkeys(line.consignee for line in lines if line.lot == lot), key=lambda one: one.code)
    opened, dice = calendar.today - _RUNNING_OPENED, chance(seed, "running recall")
    for step, day, hours in (("open", 0, 2.0), ("submit", 0, 6.5), ("approve", 1, 1.5), ("letters", 1, 1.52),
                             ("remind", 5, 1.0), ("correct", 6, 3.0), ("remind", 8, 1.0)):
        yield RecallStep(calendar.at(opened + day, hours), lot, "running", step)
    # Those without a mobile first: a letter that comes back leaves them untold.
    mailed = sorted((holder for holder in holders if holder.email), key=lambda one: bool(one.mobile))
    for holder in mailed[:1]:
        yield RecallStep(calendar.at(opened + 1, 1.9), lot, "running", "bounce", holder.code)
        yield RecallStep(calendar.at(opened + 2, 1.0), lot, "running", "call", holder.code, "reached")
    for holder in mailed[1:2]:
        yield RecallStep(calendar.at(opened + 9, 2.0), lot, "running", "call", holder.code, "away")
    for number, holder in enumerate([one for one in holders if one not in mailed[:2]]):
        outcome = dice.choice(("used", "returned", "partly"))
        answered, hours = opened + 2 + number % 8, dice.uniform(2, 8)
        yield RecallStep(calendar.at(answered, hours), lot, "running", "answer", holder.code, outcome)
        if outcome != "used" and answered + 3 < calendar.today:
            yield RecallStep(calendar.at(answered + 3, hours), lot, "running", "return", holder.code, outcome)
