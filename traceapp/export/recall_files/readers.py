"""What a case says, as the texts of fields: products, batches, numbers of units, dates, organisations. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from traceapp.export.case_report import Organisation

from .dossier import ZERO, ConsigneeLine, DossierLot, DossierProduct, MarketEntry, RecallDossier, UnitFigures
from .fields import Reader

_UNITS = {"EA": ("件", "pcs"), "C62": ("件", "pcs"), "H87": ("件", "pcs"), "KGM": ("千克", "kg"), "GRM": ("克", "g"),
          "LTR": ("升", "L"), "MLT": ("毫升", "mL"), "MTR": ("米", "m"), "MTK": ("平方米", "m²")}
_ZONES = {"zh": "Asia/Shanghai", "en": "UTC"}
_HOME = "CN"  # a file in Chinese goes to the authority of this country
MOST_NAMED = 60


def unit_name(unit: str, language: str) -> str:
    """A unit in words; its code where it has none."""
    return _UNITS[unit][0 if language == "zh" else 1] if unit in _UNITS else unit


def amount(value: Decimal, unit: str, language: str) -> str:
    """A number of units in words."""
    name = unit_name(unit, language)
    return f"{value:,.6f}".rstrip("0").rstrip(".") + (f" {name}" if name else "")


def day(at: date | datetime | None, language: str = "en") -> str:
    """A day; of a moment the day where the file is read."""
    if isinstance(at, datetime):
        return at.astimezone(ZoneInfo(_ZONES[language])).date().isoformat()
    return at.isoformat() if at else ""


def moment(at: datetime | None, language: str) -> str:
    """A moment with its zone."""
    if at is None:
        return ""
    here = at.astimezone(ZoneInfo(_ZONES[language]))
    return f"{here:%Y-%m-%d %H:%M} ({'UTC+08:00' if language == 'zh' else 'UTC'})"


def joined(parts: Iterable[str], language: str, apart: str = "") -> str:
    """The parts that say something, each once."""
    found = dict.fromkeys(part for part in parts if part)
    return (apart or ("；" if language == "zh" else "; ")).join(found)


def text(name: str) -> Reader:
    """The text of the case with this name in the language of the file."""
    return lambda dossier, language: getattr(dossier, name).get(language, "")


def plainly(name: str) -> Reader:
    """A value of the case that has one language only, as it stands."""
    return lambda dossier, _language: getattr(dossier, name) or ""


def hazard(name: str) -> Reader:
    """A factor of the health hazard evaluation as it was written."""
    return lambda dossier, _language: dossier.hazard.get(name, "")


_DEGREES = {
    "seriousness": {
        "life_threatening": ("危及生命", "life-threatening"), "severe": ("严重或永久伤害", "severe or permanent harm"),
        "moderate": ("需要治疗的暂时伤害", "passing harm that needs treatment"),
        "limited": ("轻微的暂时伤害", "slight passing harm"), "none": ("无伤害", "no harm")},
    "likelihood": {
        "every_time": ("每次使用均会发生", "at every use"), "probable": ("很可能", "probable"),
        "occasional": ("偶尔", "occasional"), "remote": ("很少", "remote"), "unlikely": ("几乎不会", "unlikely")}}


def degree(name: str) -> Reader:
    """A factor of the evaluation that is chosen from a list, in words."""
    def read(dossier: RecallDossier, language: str) -> str:
        found = dossier.hazard.get(name, "")
        words = _DEGREES[name].get(found)
        return words[0 if language == "zh" else 1] if words else found
    return read


def by_product(of: Callable[[DossierProduct, MarketEntry | None, str], str], jurisdiction: str) -> Reader:
    """What `of` says of each product in a market, each thing once."""
    def read(dossier: RecallDossier, language: str) -> str:
        return joined((of(product, _market(dossier, product, jurisdiction), language)
                       for product in dossier.products), language)
    return read


def registered(name: str, jurisdiction: str) -> Reader:
    """A field of the registrations of the products in a market."""
    return by_product(lambda _product, entry, _language: getattr(entry, name) if entry else "", jurisdiction)


def _market(dossier: RecallDossier, product: DossierProduct, jurisdiction: str) -> MarketEntry | None:
    return next((one for one in dossier.markets
                 if one.product_id == product.id and one.jurisdiction == jurisdiction), None)


def product_names(dossier: RecallDossier, language: str) -> str:
    """What the products in scope are called."""
    return joined((one.name_zh if language == "zh" else one.name_en for one in dossier.products), language)


def usage(dossier: RecallDossier, language: str) -> str:
    """What the products are for."""
    return joined((one.usage_zh if language == "zh" else one.usage_en for one in dossier.products), language, "\n")


def organisation(found: Organisation | None, language: str) -> str:
    """Name and address; its numbers in registers stand in fields of their own."""
    if found is None:
        return ""
    name = (found.name_zh or found.name_en) if language == "zh" else (found.name_en or found.name_zh)
    return joined((name, address(found, language)), language)


def address(found: Organisation | ConsigneeLine, language: str) -> str:
    """Where somebody is: in Chinese from the country down to the house, ours left out; in English the other way."""
    if language == "zh":
        country = "" if found.country in ("", _HOME) else country_name(found.country, language)
        return joined((f"{country}{found.region}{found.city}{found.address}",
                       f"邮编 {found.postcode}" if found.postcode else ""), language)
    return joined((found.address, joined((found.postcode, place_name(found.city, language)), language, " "),
                   place_name(found.region, language), country_name(found.country, language)), language, ", ")


def place_name(text: str, language: str) -> str:
    """A region or a city as readers of the language write it."""
    from traceapp.core.places import place

    return place(text, language)


@lru_cache(512)
def country_name(code: str, language: str) -> str:
    """A country in words; its code where it has no name."""
    from babel import Locale

    return str(Locale(language).territories.get(code, code))


def contact(found: Organisation | None, language: str) -> str:
    """Person, telephone and e-mail of an organisation."""
    return joined((found.contact_name, found.phone, found.email), language, ", ") if found else ""


def firm(dossier: RecallDossier, language: str) -> str:
    """Ourselves."""
    return organisation(dossier.firm, language)


def firm_contact(dossier: RecallDossier, language: str) -> str:
    """Who runs the case, and the telephone that people are told."""
    return joined((dossier.owner, dossier.contact, contact(dossier.firm, language)), language)


def party(name: str, jurisdiction: str, of: Callable[[Organisation | None, str], str] = organisation) -> Reader:
    """The manufacturer or the representative that the registrations in a market name."""
    return lambda dossier, language: joined(
        (of(getattr(one, name), language) for one in dossier.markets if one.jurisdiction == jurisdiction), language)


def batches(dossier: RecallDossier, language: str) -> str:
    """The batch numbers, product by product; the table that follows has all of them."""
    groups: dict[str, list[DossierLot]] = {}
    for one in dossier.lots:
        groups.setdefault(one.name_zh if language == "zh" else one.name_en, []).append(one)
    parts = []
    for name, lots in groups.items():
        numbers = ("、" if language == "zh" else ", ").join(one.number for one in lots[:MOST_NAMED])
        numbers += others(len(lots) - MOST_NAMED, "批", language)
        parts.append(f"{name}：批号 {numbers}" if language == "zh" else f"{name}: batch {numbers}")
    return joined(parts, language, "\n")


def others(count: int, measure: str, language: str) -> str:
    """What stands behind a list that does not name all; `measure` is the Chinese word that counts them."""
    if count <= 0:
        return ""
    return f" …（另有 {count} {measure}）" if language == "zh" else f" … (and {count} more)"


def identifiers(jurisdiction: str) -> Reader:
    """Device identifiers (UDI-DI or GTIN), model and catalogue number with the batches."""
    def of(product: DossierProduct, entry: MarketEntry | None, language: str) -> str:
        found = entry or MarketEntry(product.id, jurisdiction)
        words = (("UDI-DI", found.udi_di or product.gtin), ("型号" if language == "zh" else "model", found.model),
                 ("货号" if language == "zh" else "catalogue no.", found.catalogue_number or product.code))
        return joined((f"{name} {value}" for name, value in words if value), language, ", ")

    names = by_product(of, jurisdiction)
    return lambda dossier, language: joined((names(dossier, language), batches(dossier, language)), language, "\n")


def serials(dossier: RecallDossier, language: str) -> str:
    """The ranges of serial numbers that were given out for the batches."""
    return joined((f"{lot.number}: {first}–{last}" for lot in dossier.lots for first, last in lot.serials), language)


def figures(*names: str) -> Reader:
    """A sum of the case, unit by unit: the named figures added up."""
    def read(dossier: RecallDossier, language: str) -> str:
        return joined((amount(_sum(one, names), one.unit, language) for one in dossier.figures), language)
    return read


def recovered(dossier: RecallDossier, language: str) -> str:
    """What came back, was destroyed as something shows, or was put right; unit by unit. A destruction that is only said
    is named beside it."""
    said = joined((amount(one.unproved, one.unit, language) for one in dossier.figures if one.unproved), language)
    label = "另有声称已销毁、尚无证明：" if language == "zh" else "said to be destroyed, not shown yet: "
    return joined((joined((amount(one.returned + one.destroyed - one.unproved + one.corrected, one.unit, language)
                           for one in dossier.figures), language), said and label + said), language)


def _sum(one: UnitFigures, names: Iterable[str]) -> Decimal:
    return sum((getattr(one, name) for name in names), ZERO)


def made_dates(dossier: RecallDossier, language: str) -> str:
    """When the batches were made and until when they may be used, from the first to the last."""
    words = ("生产日期", "有效期至") if language == "zh" else ("made", "use by")
    return joined((f"{word} {span}" for word, span in zip(words, (
        _span(one.made_on for one in dossier.lots), _span(one.expires_on for one in dossier.lots)), strict=True)
        if span), language)


def _span(days: Iterator[date | None]) -> str:
    known = sorted(one for one in days if one)
    if not known:
        return ""
    return known[0].isoformat() if known[0] == known[-1] else f"{known[0].isoformat()} – {known[-1].isoformat()}"


def countries(dossier: RecallDossier, language: str) -> str:
    """The countries with a consignee, each with how many."""
    words = "%s（%d 家）" if language == "zh" else "%s (%d)"
    return joined((words % (country_name(code, language), count) for code, count in dossier.countries), language,
                  "、" if language == "zh" else ", ")


def harms(dossier: RecallDossier, language: str) -> str:
    """Adverse events and complaints with batches in scope, and what the evaluation says of harm."""
    found, head = dossier.harm, dossier.hazard.get("harm_so_far", "")
    counted = (f"涉及批次的不良事件 {found.events} 例，其中严重 {found.serious} 例、死亡 {found.deaths} 例；"
               f"投诉 {found.complaints} 件"
               if language == "zh" else
               f"adverse events with batches in scope: {found.events}, of them serious {found.serious}, deaths "
               f"{found.deaths}; complaints: {found.complaints}")
    numbers = joined(found.report_numbers, language, ", ")
    if numbers:
        counted += (f"；医疗器械报告编号 {numbers}" if language == "zh" else
                    f"; medical device report numbers: {numbers}")
    return joined((head, counted), language, "\n")


_TRIGGERS = {"signal": ("投诉信号", "signal from complaints"), "complaint": ("投诉", "complaint"),
             "inspection": ("检验或检查", "inspection"), "stability": ("稳定性考察", "stability test"),
             "supplier": ("供方通知", "notice of a supplier"), "authority": ("监管部门", "authority"),
             "capa": ("纠正预防措施", "corrective or preventive action")}


def discovery(dossier: RecallDossier, language: str) -> str:
    """When, by what and how it was found."""
    found, place = moment(dossier.awareness_at, language), 0 if language == "zh" else 1
    head = (f"获知时间：{found}" if language == "zh" else f"known since {found}") if found else ""
    kind = _TRIGGERS.get(dossier.trigger_kind, ("", ""))[place]
    source = (f"发现途径：{kind}" if language == "zh" else f"found by: {kind}") if kind else ""
    return joined((head, source, dossier.trigger, dossier.mandate), language)


def actions(dossier: RecallDossier, language: str) -> str:
    """What was decided and what people are asked to do."""
    decided = moment(dossier.decided_at, language)
    head = (f"召回决定：{decided}" if language == "zh" else f"decided {decided}") if decided else ""
    begun = moment(dossier.approved_at, language)
    start = (f"开始实施：{begun}" if language == "zh" else f"begun {begun}") if begun else ""
    return joined((head, start, dossier.action.get(language, ""), dossier.remedy.get(language, "")), language, "\n")


_DEPTHS = {"wholesale": ("批发环节", "wholesale"), "retail": ("零售环节", "retail"), "user": ("使用单位", "user"),
           "consumer": ("消费者", "consumer"), "patient": ("患者", "patient")}


def depth(dossier: RecallDossier, language: str) -> str:
    """How far down the chain people are told."""
    found = _DEPTHS.get(dossier.depth)
    return found[0 if language == "zh" else 1] if found else ""


_CLASSES = {"I": ("一级召回", "Class I"), "II": ("二级召回", "Class II"), "III": ("三级召回", "Class III")}


def grade(jurisdiction: str) -> Reader:
    """The class of the recall, as it stands in a jurisdiction."""
    return lambda dossier, language: _CLASSES[dossier.classes.get(jurisdiction, dossier.recall_class)][
        0 if language == "zh" else 1]


_DISPOSED = {"rework": ("返工", "reworked"), "destroy": ("销毁", "destroyed"),
             "supplier": ("退回供方", "back to supplier"), "release": ("放行", "released"), "keep": ("留存", "kept")}


def disposed(dossier: RecallDossier, language: str) -> str:
    """What was decided about goods in our hands, kind by kind."""
    place = 0 if language == "zh" else 1
    return joined((f"{_DISPOSED[kind][place] if kind in _DISPOSED else kind} {amount(units, unit, language)}"
                   for kind, unit, units in dossier.disposed), language)


def letter(dossier: RecallDossier, language: str) -> str:
    """The letter to consignees; each of them reads its own batches and numbers in it."""
    return dossier.letter.get(language, "")


_EVALUATED = frozenset({"evaluated_quality", "evaluated_medical"})


def signers(dossier: RecallDossier, language: str) -> str:
    """Who signed the evaluation, for what, when, and for medicine with which qualification."""
    words = "%s（%s，%s）" if language == "zh" else "%s (%s, %s)"
    return joined((words % (one.name, one.said(language), moment(one.at, language))
                   for one in dossier.signatures if one.meaning in _EVALUATED), language)
