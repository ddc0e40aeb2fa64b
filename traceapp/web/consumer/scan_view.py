"""What the page of a lot says: facts turned into the words of one language. No database, no clock."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from traceapp.code.policy import Why
from traceapp.code.resolving import KnownProduct, ScannedCode, code_path
from traceapp.core.places import place
from traceapp.gs1 import STEM
from traceapp.recall.public import RecallFacts
from traceapp.trace.policy import Verdict
from traceapp.trace.public import PublicInspection, RawMaterial, ScanFacts, Step
from traceapp.web.ui import display

from .stencils import Fixed
from .words import words

# The zone of days that belong to no plant, such as the announcement of a recall.
PUBLIC_ZONE = "Asia/Shanghai"
# Stands where the maker's name would, until there is one.
NO_MAKER = "traceapp"
_GO, _PLAIN = Fixed("go"), Fixed("plain")
_MOST_MATERIALS = 12
Pairs = list[tuple[Fixed, str]]


class MaterialLine(NamedTuple):
    """One material with its origin; `conforms` None: nothing is known of a test."""

    name: str
    origin: str
    lots: int
    conforms: bool | None


class StepLine(NamedTuple):
    """A step of the journey as an entry of the timeline."""

    when: str
    title: Fixed
    text: str
    meaning: Fixed


class InspectionLine(NamedTuple):
    """One report in words; `files` are (name, address)."""

    title: str
    text: str
    conforms: bool
    files: tuple[tuple[str, str], ...]


def is_chinese(language: str) -> bool:
    """Whether the page speaks Chinese."""
    return language == "zh"


def name_in(language: str, chinese: str, english: str) -> str:
    """The name in the reader's language, else in the other."""
    return (chinese or english) if is_chinese(language) else (english or chinese)


@lru_cache(maxsize=4096)
def day_text(day: date, language: str) -> str:
    """A day as people of the language write it."""
    return display.day(day, language)


def local_day(moment: datetime, zone: str) -> date:
    """The day of a moment in a time zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def product_name(facts: ScanFacts, language: str) -> str:
    """What the thing is called; a lot of somebody else has the name of its master data, or none."""
    if facts.product is None:
        return facts.name
    return name_in(language, facts.product.name_zh, facts.product.name_en)


def advice(verdict: Verdict, facts: ScanFacts | None, language: str, why: Why = Why.often) -> str:
    """One sentence on what to do now."""
    _ = words(language).gettext
    if verdict == Verdict.released:
        return _("Compare the lines below with your pack. If one differs, do not use it and tell us.")
    if verdict == Verdict.recalled:
        return _("Do not use it and do not pass it on. Keep the pack: what to do with it stands below.")
    if verdict == Verdict.rejected:
        return _("It should not be on sale. Keep the pack and tell us where you got it.")
    if verdict == Verdict.on_hold:
        return _("Put it aside until this page says otherwise. If something already went wrong, tell us.")
    if verdict == Verdict.not_released:
        return _("Its final check is not finished, so it should not be on sale. Tell us where you got it.")
    if verdict == Verdict.expired and facts is not None and facts.expires_on is not None:
        return _("Its last day of use was %(day)s. Throw away what is left.", day=day_text(facts.expires_on, language))
    if verdict == Verdict.please_verify and why == Why.record:
        return _("Compare the lines below with your pack. If one differs, or you are in doubt, do not use it, and tell "
                 "us where you got it.")
    if verdict == Verdict.please_verify:
        return _("The code may have been copied. Compare the lines below with your pack, and tell us where you got "
                 "it. If one line differs, do not use it.")
    return _("Read the number again: O and 0, I and 1 look alike. If it stays unknown, do not use it and tell us.")


@cache
def _line_terms(language: str) -> tuple[Fixed, ...]:
    _ = words(language).gettext
    return tuple(map(Fixed, (_("Product"), _("Batch number"), _("Made on"), _("Use until"))))


def four_lines(facts: ScanFacts, language: str) -> Pairs:
    """The four that are printed on the pack; one that we do not know is left out."""
    texts = (product_name(facts, language), facts.number,
             day_text(facts.made_on, language) if facts.made_on is not None else "",
             day_text(facts.expires_on, language) if facts.expires_on is not None else "")
    return [(term, text) for term, text in zip(_line_terms(language), texts, strict=True) if text]


def material_lines(materials: Sequence[RawMaterial], language: str) -> tuple[list[MaterialLine], int]:
    """The raw materials, several lots of one as one line, and how many more there are."""
    _ = words(language).gettext
    raw = [material for material in materials if material.is_raw] or list(materials)
    counted: dict[tuple[str, str, bool | None], int] = {}
    for item in raw:
        line = (name_in(language, item.name_zh, item.name_en), place(item.origin, language), item.conforms)
        counted[line] = counted.get(line, 0) + 1
    lines = [MaterialLine(name or _("Material without a name"), origin, lots, conforms)
             for (name, origin, conforms), lots in counted.items()]
    return lines[:_MOST_MATERIALS], max(0, len(lines) - _MOST_MATERIALS)


def inspection_lines(inspections: Sequence[PublicInspection], facts: ScanFacts, language: str) -> list[InspectionLine]:
    """Each inspection as one line, the newest first."""
    _ = words(language).gettext
    ngettext = words(language).ngettext
    lines = []
    for item in reversed(inspections):
        when = day_text(local_day(item.inspected_at, facts.time_zone), language)
        title = ngettext("%(num)d test", "%(num)d tests", item.results)
        if item.conforms:
            text = _("All within limits")
        else:
            text = _("%(within)s of %(tests)s within limits", within=item.within, tests=item.results)
        about = ", ".join(part for part in (item.laboratory, when) if part)
        files = tuple((file.name, f"/inspection-files/{file.id}") for file in item.reports)
        lines.append(InspectionLine(f"{title} · {text}", _("Report %(number)s, %(about)s", number=item.report_number,
                                                          about=about), item.conforms, files))
    return lines


def released_line(facts: ScanFacts, language: str) -> str:
    """Who made and released it, and when; empty when neither is known."""
    _ = words(language).gettext
    maker = name_in(language, facts.maker_zh, facts.maker_en)
    if facts.released_at is not None and facts.release_state == "released":
        day = day_text(local_day(facts.released_at, facts.time_zone), language)
        if maker:
            return _("Made by %(maker)s, released by its quality department on %(day)s.", maker=maker, day=day)
        return _("Released on %(day)s.", day=day)
    return _("Made by %(maker)s.", maker=maker) if maker else ""


@cache
def _step_titles(language: str) -> Mapping[str, Fixed]:
    _ = words(language).gettext
    titles = {"received": _("Materials received"), "produced": _("Made"), "inspected": _("Tested"),
              "released": _("Released"), "shipped": _("Sent to hospitals, clinics and shops")}
    return {kind: Fixed(title) for kind, title in titles.items()}


def journey_entries(journey: Sequence[Step], facts: ScanFacts, language: str) -> list[StepLine]:
    """The steps as entries of the timeline."""
    titles = _step_titles(language)
    comma = "、" if is_chinese(language) else ", "
    entries = []
    for step in journey:
        first = last = local_day(step.first_at, facts.time_zone)
        if step.last_at != step.first_at:
            last = local_day(step.last_at, facts.time_zone)
        when = day_text(first, language)
        if last != first:
            when = f"{when} – {day_text(last, language)}"
        entries.append(StepLine(when, titles[step.kind], comma.join(place(name, language) for name in step.places),
                                _GO if step.kind == "released" else _PLAIN))
    return entries


def scans_line(facts: ScanFacts, language: str) -> str:
    """How often it was scanned, in words that neither calm nor alarm."""
    _ = words(language).gettext
    ngettext = words(language).ngettext
    if not facts.scans or facts.first_scan_at is None:
        return _("This code has not been scanned before.")
    day = day_text(local_day(facts.first_scan_at, facts.time_zone), language)
    return ngettext("The codes of this batch have been scanned once so far, on %(day)s.",
                    "The codes of this batch have been scanned %(count)s times so far, first on %(day)s.",
                    facts.scans, count=display.number(facts.scans, language), day=day)


def shown_verdict(facts: ScanFacts, today: date, *, is_suspicious: bool) -> Verdict:
    """The verdict of the page. Nobody here releases other people's lots, so theirs are never "not released"."""
    found = facts.verdict(today, is_suspicious=is_suspicious)
    return Verdict.released if found == Verdict.not_released and not facts.is_own else found


def recall_view(recall: RecallFacts, language: str) -> dict[str, str]:
    """What the page of a batch says of a recall."""
    return {"reference": recall.reference, "title": _told(recall.title, language), "risk": _told(recall.risk, language),
            "action": _told(recall.action, language), "remedy": _told(recall.remedy, language),
            "contact": recall.contact, "url": f"/recalls/{recall.reference}?lang={language}",
            "announced": day_text(local_day(recall.announced_at, PUBLIC_ZONE), language),
            "ended": day_text(local_day(recall.closed_at, PUBLIC_ZONE), language) if recall.closed_at else ""}


def _told(texts: Mapping[str, str], language: str) -> str:
    return name_in(language, texts.get("zh", ""), texts.get("en", ""))


def scan_content(facts: ScanFacts, verdict: Verdict, recalls: Sequence[RecallFacts], language: str,
                 why: Why) -> dict[str, Any]:
    """Everything that the template of a lot's page shows."""
    product = facts.product
    materials, more = material_lines(facts.materials, language)
    said = advice(verdict, facts, language, why)
    return {
        "verdict": Fixed(verdict.value), "why": Fixed(why.value),
        "brand": Fixed(name_in(language, facts.maker_zh, facts.maker_en) or NO_MAKER),
        "advice": said if verdict == Verdict.expired else Fixed(said),  # that one holds a day
        "phone": Fixed(product.contact_phone) if product else "",
        "recalls": [recall_view(recall, language) for recall in recalls] if verdict == Verdict.recalled else [],
        "withdrawn": [recall_view(recall, language) for recall in recalls if recall.is_withdrawn],
        "subscribe_url": f"/recalls/subscribe?lot={facts.lot_key}&lang={language}",
        "number": facts.number,
        "four_lines": four_lines(facts, language),
        "is_own": facts.is_own,
        "registration": product.registration_number if product else "",
        "storage": name_in(language, product.storage_zh, product.storage_en) if product else "",
        "usage": name_in(language, product.usage_zh, product.usage_en) if product else "",
        "materials": materials, "more_materials": more,
        "inspections": inspection_lines(facts.inspections, facts, language),
        "made_by": released_line(facts, language),
        "journey": journey_entries(facts.journey, facts, language),
        "scans": scans_line(facts, language),
        "report_url": f"/report?lot={facts.lot_key}&via=scan&lang={language}",
    }


def machine_answer(facts: ScanFacts, verdict: Verdict, recalls: Sequence[RecallFacts]) -> dict[str, Any]:
    """The same for machines, small: identity, verdict, dates, recalls."""
    product = facts.product
    return {
        "uri": facts.uri, "lot": facts.number, "verdict": verdict.value,
        "product": {"zh": product.name_zh, "en": product.name_en, "gtin": product.gtin} if product else None,
        "made_on": facts.made_on.isoformat() if facts.made_on else None,
        "expires_on": facts.expires_on.isoformat() if facts.expires_on else None,
        "recalls": [{"reference": recall.reference, "class": recall.recall_class, "title": dict(recall.title),
                     "action": dict(recall.action), "contact": recall.contact}
                    for recall in recalls if not recall.is_withdrawn],
    }


def machine_unknown(code: ScannedCode, product: KnownProduct) -> dict[str, Any]:
    """The same for a batch that is not known of a product that is."""
    return {
        "uri": STEM + code_path(code), "lot": code.lot, "verdict": Verdict.unknown.value,
        "product": {"zh": product.name_zh, "en": product.name_en, "gtin": code.gtin}, "made_on": None,
        "expires_on": None, "recalls": []}
