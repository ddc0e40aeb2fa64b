"""The letter to a consignee, to somebody who got units from one, or to a consumer: facts in, parts of a letter out.
Both languages, the reader's own first. Pure.

Source: Regulation (EU) 2023/988 art. 36 for what a recall notice says; `data/letters` for the words.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from string import Template
from zoneinfo import ZoneInfo

from traceapp.core.quantity import plain

from .letter_templates import CONSIGNEE, CONSUMER, PRESENT, template

_UNITS = {"EA": ("件", "pcs"), "C62": ("件", "pcs"), "H87": ("件", "pcs"), "KGM": ("千克", "kg"), "GRM": ("克", "g"),
          "LTR": ("升", "L"), "MLT": ("毫升", "mL"), "MTR": ("米", "m"), "MTK": ("平方米", "m²")}
_CLASS_WORDS = {"zh": {"I": "一级召回", "II": "二级召回", "III": "三级召回"},
                "en": {"I": "Class I recall", "II": "Class II recall", "III": "Class III recall"}}
_REMEDY = {"zh": "\n可以得到的补偿：%s\n", "en": "\nWhat you are entitled to: %s\n"}
_RULE = "—" * 24
_HEADING = "# "


@dataclass(frozen=True, slots=True)
class LetterLot:
    """A batch and how much of it went to the reader, net of returns; None: not said. `is_new`: the scope grew by it
    after a notice about other batches went to the reader."""

    number: str
    name: Mapping[str, str]
    units: Decimal | None
    unit: str | None
    expires_on: date | None
    gtin: str | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """Texts by language (`zh`, `en`). `reminder` 0: the first letter. `zone` is an IANA name for the time. `maker` sent
    the units, or `giver` passed them on. `version` None: the first templates."""

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
    maker: Mapping[str, str] = field(default_factory=dict)
    giver: Mapping[str, str] = field(default_factory=dict)
    version: str | None = PRESENT
    is_to_consumer: bool = False

    @property
    def further(self) -> tuple[str, ...]:
        """The numbers of the batches by which the scope grew, where this is the letter that tells of them."""
        return () if self.reminder else tuple(lot.number for lot in self.lots if lot.is_new)


@dataclass(frozen=True, slots=True)
class Part:
    """One line or paragraph of a letter: `heading`, `text`, `lots` (a list of batches) or `link`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class PostalLetter:
    """One letter on paper: what it says, whom it is addressed to in lines, in which language first."""

    facts: LetterFacts
    address: tuple[str, ...]
    language: str
    is_specimen: bool = False


def subject_of(facts: LetterFacts, language: str) -> str:
    """One line, the reader's language first, the other behind it."""
    texts = {"zh": "紧急：召回通知", "en": "URGENT: recall notice"}
    if facts.reminder:
        texts = {"zh": f"第 {facts.reminder} 次提醒：召回通知尚未答复",
                 "en": f"Reminder {facts.reminder}: recall notice not answered"}
    elif facts.further:
        texts = {"zh": "紧急：召回增加批次", "en": "URGENT: recall of further batches"}
    first, second = order_of(language)
    return f"{texts[first]} {facts.reference} {facts.title[first]} | {texts[second]}"


def text_of(facts: LetterFacts, language: str) -> str:
    """The whole letter, in the reader's language and then in the other."""
    first, second = order_of(language)
    return f"{hint(first)}\n\n{_written(facts, first)}\n{_RULE}\n\n{_written(facts, second)}"


def hint(language: str) -> str:
    """That the other language follows, in that language."""
    return {"zh": "The same in English below.", "en": "中文在下方。"}[language]


def order_of(language: str) -> tuple[str, str]:
    """Both languages, the reader's own first; Chinese for one that we do not write."""
    return ("en", "zh") if language == "en" else ("zh", "en")


def parts_of(facts: LetterFacts, language: str) -> Iterator[Part]:
    """The letter in one language, line by line; empty lines stand between paragraphs."""
    values = _values(facts, language)
    name = CONSUMER if facts.is_to_consumer else CONSIGNEE
    for line in template(facts.version, name, language).template.split("\n"):
        if line in ("${lots}", "${link}"):
            yield Part(line[2:-1], values[line[2:-1]])
            continue
        written = Template(line).substitute(values).rstrip()
        if line.startswith(_HEADING):
            yield Part("heading", written.removeprefix(_HEADING))
        else:
            yield from (Part("text", one) for one in written.split("\n"))


def lot_lines(facts: LetterFacts, language: str) -> list[str]:
    """Each batch in a line: name, number, how much, until when."""
    return [_lot(lot, facts, language) for lot in facts.lots]


def class_words(recall_class: str, language: str) -> str:
    """What a class is called in a letter."""
    return _CLASS_WORDS[language][recall_class]


def moment_of(at: datetime, zone: str) -> str:
    """A time for a reader in this zone, with its offset."""
    local = at.astimezone(ZoneInfo(zone))
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:]})"


def _written(facts: LetterFacts, language: str) -> str:
    return "\n".join(part.text for part in parts_of(facts, language))


def _values(facts: LetterFacts, language: str) -> dict[str, str]:
    remedy = facts.remedy.get(language, "")
    return {
        "opening": _opening(facts, language), "class_words": class_words(facts.recall_class, language),
        "title": facts.title[language], "reference": facts.reference, "consignee": facts.consignee[language],
        "lots": "\n".join(f"  - {line}" for line in lot_lines(facts, language)), "risk": facts.risk[language],
        "action": facts.action[language], "remedy": _REMEDY[language] % remedy if remedy else "",
        "answer_by": moment_of(facts.answer_by, facts.zone), "link": facts.link, "contact": facts.contact,
        "source": _source(facts, language)}


def _source(facts: LetterFacts, language: str) -> str:
    """Who made and sold it."""
    maker = facts.maker.get(language, "")
    if not maker:
        return ""
    return f"由{maker}生产并销售。" if language == "zh" else f"Made and sold by {maker}."


def _opening(facts: LetterFacts, language: str) -> str:
    giver = facts.giver.get(language, "")
    if facts.reminder:
        return {"zh": f"我们还没有收到贵单位的完整答复。这是第 {facts.reminder} 次提醒。",
                "en": f"We do not have your complete answer yet. This is reminder {facts.reminder}."}[language]
    if facts.further:
        return {"zh": f"本次召回增加了批次：{'、'.join(facts.further)}。此前的批次已答复的，请再答复增加的批次。"
                      "请马上阅读。",
                "en": f"This recall takes in further batches: {', '.join(facts.further)}. If you have answered for the "
                      "others, answer for these too. Please read this now."}[language]
    if giver:
        return {"zh": f"{giver} 告诉我们，贵单位从该处得到过我们召回的产品。请马上阅读并答复。",
                "en": f"{giver} told us that you got products from them that we are recalling. Please read this now "
                      "and answer."}[language]
    return {"zh": "贵单位收到过我们召回的产品。请马上阅读并答复。",
            "en": "You received products that we are recalling. Please read this now and answer."}[language]


def amount_of(lot: LetterLot, language: str) -> str:
    """How much of the batch went to the reader, with its unit; empty where that is not said."""
    if lot.units is None:
        return ""
    unit = _UNITS[lot.unit][0 if language == "zh" else 1] if lot.unit in _UNITS else lot.unit or ""
    return f"{plain(lot.units)} {unit}".strip()


def new_mark(lot: LetterLot, facts: LetterFacts, language: str) -> str:
    """What stands behind the number of a batch of which this letter is the first to tell its reader."""
    if lot.number not in facts.further:
        return ""
    return "（增加的批次）" if language == "zh" else " (NEW)"


def _lot(lot: LetterLot, facts: LetterFacts, language: str) -> str:
    amount, given = amount_of(lot, language), bool(facts.giver.get(language))
    if language == "zh":
        sent = "转给贵单位" if given else "发给贵单位"
        return "，".join(filter(None, (
            lot.name["zh"], f"批号 {lot.number}{new_mark(lot, facts, language)}", f"{sent} {amount}" if amount else "",
            f"有效期至 {lot.expires_on.isoformat()}" if lot.expires_on else "",
            f"GTIN {lot.gtin}" if lot.gtin else "")))
    sent = "passed on to you" if given else "sent to you"
    return ", ".join(filter(None, (
        lot.name["en"], f"batch {lot.number}{new_mark(lot, facts, language)}", f"{sent}: {amount}" if amount else "",
        f"use by {lot.expires_on.isoformat()}" if lot.expires_on else "", f"GTIN {lot.gtin}" if lot.gtin else "")))
