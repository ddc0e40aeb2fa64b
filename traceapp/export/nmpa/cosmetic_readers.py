"""What fields of the cosmetic form say that no single field of a case says. Pure."""
from __future__ import annotations

from functools import cache

from traceapp.core.quantity import plain
from traceapp.export.case_report import CaseReport
from traceapp.export.form_fields import Reader, Value, read_codes, read_rows, term_name

from . import values
from .other_readers import narrative

_UNITS = {"min": ("分钟", "minutes"), "h": ("小时", "hours"), "d": ("天", "days"), "wk": ("周", "weeks"),
          "mo": ("个月", "months")}
_STOPPED = {"abated": ("消失或减轻", "it got better"), "not_abated": ("未减轻", "it did not get better"),
            "not_done": ("未停用", "it was not stopped")}
_USED_AGAIN = {"recurred": ("再次出现", "it came back"), "not_recurred": ("未再出现", "it did not come back"),
               "outcome_unknown": ("结果不详", "what came of it is not known"), "not_done": ("未再使用", "not done")}
_PATCH_TEST = {"not_done": ("未做", "not done"), "negative": ("阴性", "negative"), "doubtful": ("可疑", "doubtful"),
               "positive": ("阳性", "positive")}
_TITLES = {"stopped": ("停用后", "After stopping"), "again": ("再次使用", "Used again"),
           "area": ("皮损面积", "Size of the area"), "patch": ("斑贴试验", "Patch test")}


def process(case: CaseReport, language: str) -> Value:
    """The narrative, then what came of stopping and of using it again, the size of the area and the patch test."""
    english, event = language != "zh", case.event
    tested = (_PATCH_TEST.get(event.patch_test, ("", ""))[english], event.patch_test_text)
    words = {"stopped": _STOPPED.get(case.use.dechallenge, ("", ""))[english],
             "again": _USED_AGAIN.get(case.use.rechallenge, ("", ""))[english],
             "area": event.lesion_area, "patch": (", " if english else "，").join(filter(None, tested))}
    added = [f"{_TITLES[name][english]}{': ' if english else '：'}{text}" for name, text in words.items() if text]
    return "\n".join(filter(None, (str(narrative(case, language)), *added)))


def cosmetic_type(case: CaseReport, _language: str) -> Value:
    """The grade that drives the clock. Source: NMPA 2022 No. 16."""
    if "CN-CO-03" in case.head.rule_ids:
        return "large"
    return "general" if values.harm_class(case) == "other" else "serious"


def cosmetic_category(case: CaseReport, _language: str) -> Value:
    """Special or ordinary: as stated, otherwise by the number of its registration (特) or filing (网备)."""
    stated = case.product.category + case.product.registration_number
    if "牙膏" in stated or "toothpaste" in stated.casefold():
        return "toothpaste"
    if "特" in stated or "special" in stated.casefold().split():
        return "special"
    return "ordinary" if any(word in stated for word in ("普", "备", "ordinary")) else ""


def latency(case: CaseReport, language: str) -> Value:
    """The time from the first use to the reaction: as it was told, else the days between where both are known."""
    if case.event.onset_after is not None:
        number, unit = case.event.onset_after
        zh, en = _UNITS[unit]
        words = zh if language == "zh" else en.removesuffix("s") if number == 1 else en
        return f"开始使用后 {plain(number)} {words}" if language == "zh" else f"{plain(number)} {words} after first use"
    begin, event = case.use.began_on, case.event.began_on
    if not begin or not event or (begin.precision, event.precision) != ("day", "day") or event.day < begin.day:
        return ""
    days = (event.day - begin.day).days
    return f"开始使用后 {days} 天" if language == "zh" else f"{days} {'day' if days == 1 else 'days'} after first use"


@cache
def _signs() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["symptom"], row["lesion"]) for row in read_rows("traceapp.export.nmpa", "skin_signs.csv")}


def symptoms(case: CaseReport, _language: str) -> Value:
    """The boxes of what was felt: as they were ticked, else those of coded terms; nothing is read out of words."""
    if case.event.symptoms:
        return case.event.symptoms
    return tuple(dict.fromkeys(filter(None, (_signs().get(term.code, ("", ""))[0] for term in case.event.reactions))))


def lesions(case: CaseReport, language: str) -> Value:
    """The boxes of what was seen: as they were ticked, else those that coded terms tick, and after them the terms that
    have no box of either kind."""
    found = case.event.lesions or [_signs().get(term.code, ("", ""))[1] for term in case.event.reactions]
    others = [term_name(term, language) for term in case.event.reactions if term.code not in _signs()]
    return tuple(dict.fromkeys(filter(None, (*found, *others))))


@cache
def _sites() -> dict[str, str]:
    """The boxes for sites by their code and by both names, and by a Chinese name without its last word for “part”."""
    found = {}
    for code, zh, en in read_codes("traceapp.export.nmpa")["sites"]:
        found.update({code: code, zh: code, en.casefold(): code, zh.removesuffix("部"): code})
    return found


def sites(case: CaseReport, _language: str) -> Value:
    """The boxes that the words for sites name, whole word by whole word; others stand after them."""
    return tuple(dict.fromkeys(_sites().get(word.strip().casefold(), word.strip()) for word in case.event.body_sites
                               if word.strip()))


COSMETIC_READERS: dict[str, Reader] = {
    "cosmetic_type": cosmetic_type, "cosmetic_category": cosmetic_category, "latency": latency,
    "symptoms": symptoms, "lesions": lesions, "sites": sites, "cosmetic_narrative": process,
}
