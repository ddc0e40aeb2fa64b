"""What was used at the same time as the product of a case, in words. Pure."""
from __future__ import annotations

from traceapp.core.quantity import plain

from .case_report import CaseReport, ReportedLot, ReportedProduct, Use
from .form_fields import date_words

_DEVICES = frozenset({"device", "ivd"})


def product_name(product: ReportedProduct, language: str) -> str:
    """The name in a language, or in the other where that is all there is."""
    names = (product.name_zh, product.name_en) if language == "zh" else (product.name_en, product.name_zh)
    return next(filter(None, names), product.code)


def dose_words(use: Use, language: str) -> str:
    """Dose, route and frequency, then how it was put in words."""
    dose = f"{plain(use.dose)} {use.dose_unit}".strip() if use.dose is not None else ""
    parts = filter(None, (dose, use.route, use.frequency, use.dose_text))
    return ("，" if language == "zh" else ", ").join(parts)


def period_words(use: Use, language: str) -> str:
    """From when until when it was used."""
    begin, end = (date_words(day, language) if day else "" for day in (use.began_on, use.ended_on))
    if begin and end:
        return f"{begin} 至 {end}" if language == "zh" else f"{begin} to {end}"
    if language == "zh":
        return f"{begin} 起" if begin else f"至 {end}" if end else ""
    return f"since {begin}" if begin else f"until {end}" if end else ""


def told(one: tuple[ReportedProduct, ReportedLot, Use], language: str) -> str:
    """One product with its batch, how and since when it was used, and what for."""
    product, lot, use = one
    number = (f"批号 {lot.number}" if language == "zh" else f"lot {lot.number}") if lot.number else ""
    parts = (product_name(product, language), number, dose_words(use, language), period_words(use, language),
             use.purpose)
    return ("，" if language == "zh" else ", ").join(part for part in parts if part)


def devices(case: CaseReport, language: str) -> tuple[str, ...]:
    """The devices among them, and what nobody says the kind of."""
    return tuple(told(one, language) for one in case.other_products if one[0].kind in (*_DEVICES, ""))


def not_devices(case: CaseReport, language: str) -> tuple[str, ...]:
    """Medicines, cosmetics and others among them."""
    return tuple(told(one, language) for one in case.other_products if one[0].kind not in (*_DEVICES, ""))
