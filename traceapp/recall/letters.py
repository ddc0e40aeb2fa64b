"""The letter to a consignee in both languages, the reader's own first. Pure: facts in, text out."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from traceapp.core.quantity import plain

_FOLDER = Path(__file__).parent / "data"
_UNITS = {"EA": ("件", "pcs"), "C62": ("件", "pcs"), "H87": ("件", "pcs"), "KGM": ("千克", "kg"), "GRM": ("克", "g"),
          "LTR": ("升", "L"), "MLT": ("毫升", "mL"), "MTR": ("米", "m"), "MTK": ("平方米", "m²")}
_CLASS_WORDS = {"zh": {"I": "一级召回", "II": "二级召回", "III": "三级召回"},
                "en": {"I": "Class I recall", "II": "Class II recall", "III": "Class III recall"}}
_REMEDY = {"zh": "\n可以得到的补偿：%s\n", "en": "\nWhat you are entitled to: %s\n"}
_RULE = "—" * 24


@dataclass(frozen=True, slots=True)
class LetterLot:
    """A batch and how much of it went to the reader, net of returns."""

    number: str
    name: Mapping[str, str]
    units: Decimal
    unit: str | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """Texts by language (`zh`, `en`). `reminder` 0: the first letter. `zone` is an IANA name for the time."""

    reference: str
    recall_class: str
    title: Mapping[str, str]
    risk: Mapping[str, str]
    action: Mapping[str, str]
    remedy: Mapping[str, str]
    contact: str
    consignee: Mapping[str, str]
    lots: tuple[LetterLot, ...]
    link: str
    answer_by: datetime
    reminder: int = 0
    zone: str = "Asia/Shanghai"


def subject_of(facts: LetterFacts, language: str) -> str:
    """One line, the reader's language first, the other behind it."""
    texts = {"zh": "紧急：召回通知", "en": "URGENT: recall notice"}
    if facts.reminder:
        texts = {"zh": f"第 {facts.reminder} 次提醒：召回通知尚未答复",
                 "en": f"Reminder {facts.reminder}: recall notice not answered"}
    first, second = _order(language)
    return f"{texts[first]} {facts.reference} {facts.title[first]} | {texts[second]}"


def text_of(facts: LetterFacts, language: str) -> str:
    """The whole letter, in the reader's language and then in the other."""
    first, second = _order(language)
    hint = {"zh": "The same in English below.", "en": "中文在下方。"}[first]
    return f"{hint}\n\n{_part(facts, first)}\n{_RULE}\n\n{_part(facts, second)}"


def _order(language: str) -> tuple[str, str]:
    return ("en", "zh") if language == "en" else ("zh", "en")


@cache
def _template(language: str) -> Template:
    return Template((_FOLDER / f"letter.{language}.txt").read_text(encoding="utf-8"))


def _part(facts: LetterFacts, language: str) -> str:
    remedy = facts.remedy.get(language, "")
    return _template(language).substitute(
        opening=_opening(facts, language), class_words=_CLASS_WORDS[language][facts.recall_class],
        title=facts.title[language], reference=facts.reference, consignee=facts.consignee[language],
        lots="\n".join(_lot(lot, language) for lot in facts.lots), risk=facts.risk[language],
        action=facts.action[language], remedy=_REMEDY[language] % remedy if remedy else "",
        answer_by=_moment(facts.answer_by, facts.zone), link=facts.link, contact=facts.contact)


def _opening(facts: LetterFacts, language: str) -> str:
    if facts.reminder:
        return {"zh": f"我们还没有收到贵单位的完整答复。这是第 {facts.reminder} 次提醒。",
                "en": f"We do not have your complete answer yet. This is reminder {facts.reminder}."}[language]
    return {"zh": "贵单位收到过我们召回的产品。请马上阅读并答复。",
            "en": "You received products that we are recalling. Please read this now and answer."}[language]


def _lot(lot: LetterLot, language: str) -> str:
    place = 0 if language == "zh" else 1
    unit = _UNITS[lot.unit][place] if lot.unit in _UNITS else lot.unit or ""
    amount = f"{plain(lot.units)} {unit}".strip()
    if language == "zh":
        expiry = f"，有效期至 {lot.expires_on.isoformat()}" if lot.expires_on else ""
        return f"  - {lot.name['zh']}，批号 {lot.number}，发给贵单位 {amount}{expiry}"
    expiry = f", use by {lot.expires_on.isoformat()}" if lot.expires_on else ""
    return f"  - {lot.name['en']}, batch {lot.number}, sent to you: {amount}{expiry}"


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:]})"
