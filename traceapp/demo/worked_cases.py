"""The reports of the story that staff works up as far as an authority: which ones, and what is done when."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .acts import Act, Handle, LotName, Report, Work
from .chance import Calendar
from .shipping import Line
from .tables import texts

# Who tells of the event of the case `home`, too: number of the report, channel, words, hours later.
_AGAIN = ((900_001, "hospital", "home.hospital", 14.0), (900_002, "telephone", "home.call", 20.0))
AGAIN = tuple(number for number, *_told in _AGAIN)
_HANDLED_AGAIN = (("triage", 1.0), ("answer", 3.0), ("close", 280.0))


@dataclass(frozen=True, slots=True)
class WorkedCase:
    """`position` of the report among those of its lot; `steps`: (what is done, hours after the report came in)."""

    name: str
    lot: int
    position: int
    steps: tuple[tuple[str, float], ...]


_BEGUN = (("triage", 0.6), ("promote", 1.5), ("thank", 1.8))
CASES = (
    WorkedCase("home", 0, 0, (
        *_BEGUN, ("link", 22.0), ("investigate", 22.5), ("name_patient", 23.0), ("assess", 24.0), ("expected", 24.5),
        ("ask_return", 25.0), ("goods_came", 70.0), ("replace", 71.0), ("prepare CN", 96.0), ("check CN", 97.0),
        ("approve CN", 118.0), ("send CN", 119.0), ("accept CN", 143.0), ("prepare EU", 200.0), ("prepare US", 201.0),
        ("check US", 203.0), ("find_cause", 262.0), ("propose", 263.0), ("agree", 276.0), ("carry_out", 285.0),
        ("answer", 286.0), ("task_force", 292.0))),
    WorkedCase("refused", 0, 1, (
        *_BEGUN, ("assess", 24.0), ("prepare CN", 48.0), ("check CN", 49.0), ("approve CN", 60.0), ("send CN", 61.0),
        ("accept CN", 72.0), ("refuse CN", 190.0))),
    WorkedCase("sent", 1, 0, (
        *_BEGUN, ("assess", 22.0), ("prepare CN", 120.0), ("check CN", 121.0), ("approve CN", 140.0),
        ("send CN", 141.0))),
    WorkedCase("approved", 0, 2, (
        *_BEGUN, ("assess", 20.0), ("prepare CN", 140.0), ("check CN", 141.0), ("approve CN", 158.0))),
    WorkedCase("checked", 0, 3, (*_BEGUN, ("assess", 20.0), ("prepare CN", 90.0), ("check CN", 91.0))),
    WorkedCase("prepared", 0, 4, (*_BEGUN, ("assess", 20.0), ("prepare CN", 60.0))),
    WorkedCase("ward", 1, 2, (
        *_BEGUN, ("assess", 5.0), ("group", 6.0), ("prepare CN", 7.0), ("check CN", 7.5), ("approve CN", 8.0),
        ("send CN", 8.2), ("accept CN", 9.0))),
)


def worked_up(acts: Iterable[Act], lots: Sequence[LotName], lines: Sequence[Line], calendar: Calendar) -> Iterator[Act]:
    """The acts, where the chosen reports are told in full and handled further than the others. `lots`: those of the
    story, by which `CASES` chooses; `lines`: what was delivered."""
    told = list(acts)
    chosen = {report.number: case for case in CASES for report in _chosen(told, lots[case.lot], case.position)}
    for act in told:
        number = act.number if isinstance(act, Report | Handle) else None
        case = chosen.get(number) if number is not None else None
        if case is None:
            yield act
        elif isinstance(act, Report):
            yield from _work(act, case, _hospital(act, lines, calendar), calendar.now)


def _hospital(report: Report, lines: Sequence[Line], calendar: Calendar) -> str:
    """Who had the batch and could have treated the patient: a hospital, where there is one."""
    there = [line.consignee for line in lines if line.lot == report.lot and calendar.at(line.day, 12) < report.at]
    return min(there, key=lambda one: (one.kind != "hospital", one.code)).code


def _chosen(acts: Iterable[Act], lot: LotName, position: int) -> list[Report]:
    """The report at this place among those of the lot that tell of the adhesive, if there are so many."""
    found = sorted((act for act in acts if isinstance(act, Report) and act.kind == "glue" and act.lot == lot),
                   key=lambda report: report.at)
    return found[position:position + 1]


def _work(report: Report, case: WorkedCase, hospital: str, now: datetime) -> Iterator[Act]:
    full = replace(report, **_told(report, case.name, hospital))
    yield full
    if case.name == "home":
        for again in _AGAIN:
            yield from _again(full, again, hospital, now)
    for step, hours in case.steps:
        at = report.at + timedelta(hours=hours)
        if at <= now:
            yield Work(at, report.number, case.name, step)


def _told(report: Report, name: str, hospital: str) -> dict[str, Any]:
    """What the reporter says, where the story has words of its own for it."""
    said = texts()
    day = (report.at - timedelta(days=1)).date()
    if name == "home":
        return {"narrative": said["home.narrative"], "terms": ("redness", "blister"), "channel": "consumer",
                "seriousness": ("needed_treatment_to_prevent_damage", "saw_a_doctor"), "capture": "scan",
                "person": ("me", "18-44", "female"), "consignee": "", "happened_on": day,
                "phone": said["home.phone"]}
    if name == "ward":
        return {"narrative": said["ward.narrative"], "terms": ("redness", "itching"), "channel": "hospital",
                "person": ("patient", "45-64", "female"), "seriousness": (), "capture": "typed",
                "happened_on": day, "consignee": hospital}
    return {}


def _again(first: Report, again: tuple[int, str, str, float], hospital: str, now: datetime) -> Iterator[Act]:
    """The same event, told by somebody else."""
    number, channel, words, hours = again
    report = replace(first, at=first.at + timedelta(hours=hours), number=number, channel=channel, capture="typed",
                     narrative=texts()[words], seriousness=("saw_a_doctor",), phone="",
                     consignee=hospital if channel == "hospital" else "",
                     person=("patient" if channel == "hospital" else "me", "18-44", "female"))
    yield report
    for step, later in _HANDLED_AGAIN:
        at = report.at + timedelta(hours=later)
        if at <= now:
            yield Handle(at, number, step)
