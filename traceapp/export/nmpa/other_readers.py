"""What fields of the drug and paper forms say that no single field of a case says. Pure."""
from __future__ import annotations

from traceapp.export.case_report import CaseReport, PartialDate, ReportKind
from traceapp.export.form_fields import Reader, Value, date_words, organisation_name
from traceapp.export.other_products import dose_words, product_name

from . import values

_BETTER = {"abated": "yes", "not_abated": "no"}
_BACK = {"recurred": "yes", "not_recurred": "no", "outcome_unknown": "unknown"}
_NOBODY = {"无", "没有", "none", "否认", "无。"}
_ANSWERS = {"yes": ("是", "yes"), "no": ("否", "no"), "unclear": ("不明", "unclear"), "unknown": ("不详", "not known")}
_RESULTS = {"certain": ("肯定", "certain"), "probable": ("很可能", "probable"), "possible": ("可能", "possible"),
            "unlikely": ("可能无关", "unlikely"), "pending": ("待评价", "pending"),
            "unassessable": ("无法评价", "cannot be assessed")}
# Our five-item words and those of WHO-UMC, as the boxes of the form.
_CAUSALITY = {"pending": "conditional"}


def drug_type(case: CaseReport, _language: str) -> Value:
    """New, serious or general; a reaction may be new and serious at once."""
    kind = "general" if values.harm_class(case) == "other" else "serious"
    return ("new", kind) if case.event.is_expected is False else (kind,)


def unit_type(case: CaseReport, _language: str) -> Value:
    """The body that reports is the holder, who is the manufacturer for this form."""
    return "manufacturer"


def _known(text: str) -> str:
    bare = text.strip().rstrip("。.").casefold()
    return "no" if bare in _NOBODY else "yes" if values.said(text) else "unknown"


def _explained(text: str) -> str:
    return values.said(text) if _known(text) == "yes" else ""


def common_name(case: CaseReport, language: str) -> Value:
    """The generic name with the form of the dose."""
    name = case.product.common_name or product_name(case.product, language)
    form = case.product.dose_form
    return name if not form or form in name else f"{name}（{form}）" if language == "zh" else f"{name} ({form})"


def dosage(case: CaseReport, language: str) -> Value:
    """Dose, route and frequency, then how it was put in words."""
    return dose_words(case.use, language)


def _day(known: PartialDate | None, language: str) -> str:
    return date_words(known, language) if known else ""


def used_period(case: CaseReport, language: str) -> Value:
    """From when until when it was used."""
    begin, end = _day(case.use.began_on, language), _day(case.use.ended_on, language)
    if not begin and not end:
        return ""
    return f"{begin} 至 {end}" if language == "zh" else f"{begin} to {end}"


def sequelae(case: CaseReport, language: str) -> Value:
    """The lasting damage, where the outcome is one."""
    return values.harm_text(case, language) if case.event.outcome == "sequelae" else ""


def narrative(case: CaseReport, language: str) -> Value:
    """The narrative, then tests and what was done at once."""
    titles = ("检查：", "处理：") if language == "zh" else ("Tests: ", "Treatment: ")
    texts = values.said(case.event.tests), values.said(case.assessment.first_handling)
    told = values.said(case.event.narrative) or values.said(case.use.process)
    added = [title + text for title, text in zip(titles, texts, strict=True) if text]
    return "\n".join(filter(None, (told, *added)))


def causality(case: CaseReport, _language: str) -> Value:
    """The result of the five questions, otherwise the word of WHO-UMC."""
    found = case.assessment.five_item_result or case.assessment.causality
    return _CAUSALITY.get(found, found)


def five_item(case: CaseReport, language: str) -> Value:
    """The five answers in their order with what they come to."""
    english = language != "zh"
    answers = [f"{number}. {_ANSWERS.get(answer, ('—', '—'))[english]}"
               for number, answer in enumerate(case.assessment.five_item, 1)]
    result = _RESULTS.get(case.assessment.five_item_result, ("", ""))[english]
    return "  ".join([*answers, *([f"→ {result}"] if result else [])]) if any(case.assessment.five_item) else ""


def occupation(case: CaseReport, _language: str) -> Value:
    """The occupation of who told us."""
    found, words = case.reporter.qualification, case.reporter.occupation
    if "护士" in words or "nurse" in words.casefold():
        return "nurse"
    return found if found in ("physician", "pharmacist") else "" if found == "unknown" and not words else "other"


_OUTCOMES = ("death", "life_threatening", "disabling", "intervention", "hospitalised")


def paper_outcome(case: CaseReport, _language: str) -> Value:
    """The gravest criterion that the paper form has a box for."""
    return next((one for one in _OUTCOMES if one in case.event.seriousness), "other")


def manifestation(case: CaseReport, language: str) -> Value:
    """The fault and the harm, as far as they are told."""
    return "；".join(filter(None, (values.fault_text(case, language), values.harm_text(case, language))))


def paper_narrative(case: CaseReport, language: str) -> Value:
    """The process of use, then what was used together with it, whose item the paper form has not."""
    combined = values.combined_text(case, language)
    named = (f"合并用药/械：{combined}" if language == "zh" else f"Used with it: {combined}") if combined else ""
    return "\n".join(filter(None, (values.process_text(case), named)))


def maker_contact(case: CaseReport, _language: str) -> Value:
    """The telephone and the e-mail address of the maker."""
    maker = case.product.manufacturer or case.product.holder
    return " ".join(filter(None, (maker.phone, maker.email))) if maker else ""


def _answer(case: CaseReport, place: int) -> str:
    """The answers of a device are three, those of a drug five with two questions between."""
    given = case.assessment.five_item
    if len(given) == 3:
        given = (*given[:2], "", "", given[2])
    found = given[place] if len(given) == 5 else ""
    return "unknown" if found == "unclear" else found


def _reporter_word(case: CaseReport, _language: str) -> Value:
    found = occupation(case, "zh")
    if "技师" in case.reporter.occupation:
        return "technician"
    return "other" if found == "pharmacist" else found


DRUG_READERS: dict[str, Reader] = {
    "first_or_followup": lambda case, _: "first" if case.head.kind is ReportKind.initial else "followup",
    "drug_type": drug_type, "unit_type": unit_type, "common_name": common_name, "dosage": dosage,
    "used_period": used_period, "sequelae": sequelae, "drug_narrative": narrative,
    "causality": causality, "five_item": five_item, "drug_occupation": occupation,
    "drug_reason": lambda case, _: values.said(case.use.purpose) or values.said(case.patient.intended_treatment),
    "institution": lambda case, language: (case.event.place_name if case.event.place_kind == "institution" else
                                           organisation_name(case.reporter.organisation, language)),
    "earlier_known": lambda case, _: _known(case.patient.earlier_reactions),
    "earlier_text": lambda case, _: _explained(case.patient.earlier_reactions),
    "family_known": lambda case, _: _known(case.patient.family_reactions),
    "family_text": lambda case, _: _explained(case.patient.family_reactions),
    "maker": lambda case, language: organisation_name(case.product.manufacturer or case.product.holder, language),
    "dechallenge": lambda case, _: _BETTER.get(case.use.dechallenge, case.use.dechallenge),
    "rechallenge": lambda case, _: _BACK.get(case.use.rechallenge, case.use.rechallenge),
    "disease_effect": lambda case, _: case.event.disease_effect or (
        "death" if case.event.outcome == "fatal" else ""),
}
PAPER_READERS: dict[str, Reader] = {
    "paper_source": lambda case, _: "manufacturer", "paper_outcome": paper_outcome, "manifestation": manifestation,
    "paper_narrative": paper_narrative, "maker": DRUG_READERS["maker"], "maker_contact": maker_contact,
    "maker_address": lambda case, _: getattr(case.product.manufacturer or case.product.holder, "address", ""),
    "model": lambda case, _: " ".join(filter(None, (case.product.model, case.product.specification))),
    "operator": lambda case, _: {"caregiver": "lay"}.get(case.use.operator, case.use.operator),
    "notified": lambda case, _: ("authority",) if case.reporter.also_told_authority else (),
    "time_order": lambda case, _: _answer(case, 0), "known_type": lambda case, _: _answer(case, 1),
    "other_explanation": lambda case, _: _answer(case, 4), "paper_reporter": _reporter_word,
}
