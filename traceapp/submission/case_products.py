"""The products that a patient used at the same time, as a case report has them."""
from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from traceapp.adverse_event.coded import MEDDRA_LEVEL
from traceapp.adverse_event.details import partial_date
from traceapp.export.case_report import CodedTerm, Organisation, PartialDate, ReportedLot, ReportedProduct, Use


def meddra_terms(kept: Mapping[str, Any], name: str, version: str) -> tuple[CodedTerm, ...]:
    """The MedDRA codes of a field, in the release that the assessment is coded in."""
    return tuple(CodedTerm("meddra", code, "", "", MEDDRA_LEVEL, version) for code in kept.get(name, ()))


def partial(text: str | None) -> PartialDate | None:
    """A date as far as it is known."""
    return PartialDate(*partial_date(text)) if text else None


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def other_products(details: Mapping[str, Any]) -> tuple[tuple[ReportedProduct, ReportedLot, Use], ...]:
    """Each row of the assessment as product, batch and use."""
    version = details.get("meddra_version", "")
    return tuple((_product(row), ReportedLot(row.get("lot", "")), _use(row, version))
                 for row in details.get("other_products", ()))


def _product(row: Mapping[str, Any]) -> ReportedProduct:
    name_zh, name_en = _names(row["name"])
    maker_zh, maker_en = _names(row.get("maker", ""))
    maker = Organisation(maker_zh, maker_en) if row.get("maker") else None
    return ReportedProduct("", row.get("kind", ""), name_zh, name_en, manufacturer=maker, is_suspect=False,
                           registration_number=row.get("registration_number", ""))


def _names(text: str) -> tuple[str, str]:
    """The Chinese and the English name, of which one is known."""
    return (text, "") if is_chinese(text) else ("", text)


def _use(row: Mapping[str, Any], version: str) -> Use:
    texts = {name: row.get(name, "") for name in (
        "purpose", "dose_unit", "dose_text", "route", "frequency", "action_taken")}
    return Use(began_on=partial(row.get("began_on")), ended_on=partial(row.get("ended_on")),
               dose=Decimal(row["dose"]) if "dose" in row else None,
               meddra_indications=meddra_terms(row, "meddra_indications", version), **texts)
