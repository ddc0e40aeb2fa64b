"""The words of drills: directions, states, steps, gaps."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.capa.from_drill import TakeUpGap
from traceapp.core.errors import NotFound
from traceapp.recall.drill_model import Drill
from traceapp.recall.drill_queries import failure_fields

from .i18n import language
from .ui import current_locale
from .ui.display import country, number, unit
from .words import WEEKDAYS, Words, joined_words, word

_ = lazy_gettext
DIRECTIONS: Words = {
    "forward": (_("Forward: from a raw lot to everybody who has something of it"), "plain"),
    "backward": (_("Backward: from a finished batch to what it was made of, and to who has it"), "plain")}
SHORT_DIRECTIONS: Words = {"forward": (_("Forward"), "plain"), "backward": (_("Backward"), "plain")}
DRILL_STATES: Words = {
    "waiting": (_("Waiting to begin"), "info"), "running": (_("Under way"), "info"),
    "done": (_("Played to the end"), "go"), "failed": (_("Ended without a report"), "stop")}
DRILL_STEPS: Words = {name: (text, "plain") for name, text in {
    "trace": _("Genealogy followed both ways"), "open": _("Case opened, scope proposed"),
    "assess": _("Assessment begun"), "evaluate": _("Hazard evaluated"), "sign": _("Evaluation signed by two"),
    "decide": _("Decided; holds noted, none placed"), "submit": _("Scope and consignees frozen"),
    "approve": _("Approved; letters noted, none sent"), "return": _("Sent back: units have moved"),
    "answer": _("Consignees answered (played)"),
    "sample": _("Sample drawn"), "ask": _("Sample asked (played)"), "close": _("Books closed"),
    "report": _("Compared and reported")}.items()}
UNTIL: Words = {
    "submit": (_("lots and consignees known, with quantities"), "plain"),
    "approve": (_("everybody told"), "plain"), "close": (_("every unit accounted for"), "plain")}
_GAPS: dict[str, Any] = {
    "missing": _("The scope lacks batch %(name)s, to which the events lead."),
    "extra": _("Batch %(name)s is in the scope, but the events do not lead to it."),
    "units": _("%(name)s: the ledger says %(amount)s, the events say %(other)s."),
    "no_shipment": _("Batch %(name)s: for %(amount)s that left the house no despatch says to whom."),
    "unknown_position": _("Batch %(name)s: nobody knows where %(amount)s of the stock lie."),
    "no_contact": _("%(name)s has no address for recalls; somebody has to go there or telephone."),
    "no_supplier": _("Nobody wrote down who delivered raw lot %(name)s."),
    "unbalanced": _("Batch %(name)s: what left the house and what the ledger has differ by %(amount)s."),
    "unplaced": _("%(name)s: %(amount)s could not be placed.")}

MOVED_IS_NO_GAP = _("Work goes on while a drill is played. The drill stands for the moment at which the scope was "
                    "frozen; what moved later is no gap.")
_MOVED: dict[str, Any] = {
    "made": _("Batch %(name)s: %(amount)s %(unit)s more were made."),
    "consumed": _("Batch %(name)s: %(amount)s %(unit)s were used up in making."),
    "shipped": _("Batch %(name)s: %(amount)s %(unit)s left the house."),
    "returned": _("Batch %(name)s: %(amount)s %(unit)s came back."),
    "sampled": _("Batch %(name)s: %(amount)s %(unit)s were taken as samples."),
    "lost": _("Batch %(name)s: %(amount)s %(unit)s were written off."),
    "came": _("Batch %(name)s came to be among those concerned.")}


def gap_text(gap: Mapping[str, Any]) -> str:
    """A gap as a sentence."""
    said = _GAPS.get(str(gap["kind"]))
    name = gap.get("name_en") if language() == "en" else None
    values = {"name": name or gap.get("name", ""), "amount": gap.get("amount", ""), "other": gap.get("other", "")}
    return str(said) % values if said is not None else str(gap["name"])


def moved_text(row: Mapping[str, Any]) -> str:
    """What happened to a batch after the scope was frozen, as a sentence."""
    locale = current_locale()
    amount = number(Decimal(str(row["amount"])), locale) if "amount" in row else ""
    return str(_MOVED[str(row["kind"])]) % {
        "name": row["name"], "amount": amount, "unit": unit(str(row.get("unit", "")), locale)}


def failure_text(drill: Drill) -> str:
    """Why a drill ended without a report; empty for another."""
    if not drill.failure:
        return ""
    values, said = failure_fields(drill, language()), gettext(drill.failure)
    return said % values if values else said


def seconds_text(seconds: float | None) -> str:
    """A time that was measured."""
    return "–" if seconds is None else gettext("%(num)s s", num=f"{seconds:.2f}")


def hours_text(weekdays: Iterable[int], times: tuple[str, str], zone: str, calendar: str | None) -> str:
    """When the house works, as a line; `calendar` None: nobody said whose holidays it keeps."""
    days = joined_words([word(WEEKDAYS, str(day)) for day in weekdays])
    said = gettext("%(days)s, %(begin)s to %(end)s (%(zone)s)", days=days, begin=times[0], end=times[1], zone=zone)
    return said if calendar is None else f"{said}; {holidays_text(calendar)}"


def holidays_text(calendar: str) -> str:
    """Whose public holidays the house keeps."""
    if not calendar:
        return gettext("public holidays not known")
    return gettext("public holidays of %(country)s", country=country(calendar, current_locale()))


def step_word(step: str) -> str:
    """What a step of the log is called."""
    return word(DRILL_STEPS, step)


def gap_of(found: Drill, number: str) -> TakeUpGap:
    """The gap of this number, in the reader's words. Raises NotFound."""
    gaps = (found.report or {}).get("gaps", [])
    if not number.isdecimal() or len(number) > 6 or int(number) >= len(gaps):
        raise NotFound("There is no such gap.", code="unknown-gap", place="number")
    return TakeUpGap(found.recall_id, gettext("Drill of batch %(number)s", number=found.report["lot"]["number"]),
                     gap_text(gaps[int(number)]))
