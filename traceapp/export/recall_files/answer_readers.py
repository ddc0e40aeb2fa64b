"""Who was told and what came of it, as the texts of fields: notices, answers, checks, hands further down. Pure."""
from __future__ import annotations

from .dossier import ACCOUNTED, ZERO, RecallDossier
from .readers import MOST_NAMED, amount, day, figures, joined, others


def passed(dossier: RecallDossier, language: str) -> str:
    """Who got goods from a consignee, as far as they were named."""
    found = dossier.told
    if not found.passed_named:
        return ""
    head = (f"已知 {found.passed_named} 家，已通知 {found.passed_told} 家" if language == "zh" else
            f"named so far: {found.passed_named}, told: {found.passed_told}")
    names = ("、" if language == "zh" else ", ").join(found.passed_names)
    names += others(found.passed_named - len(found.passed_names), "家", language)
    return joined((head, names), language, "：" if language == "zh" else ": ")


def telling(dossier: RecallDossier, language: str) -> str:
    """How many were told, of how many, when and how."""
    found = dossier.told
    if not found.consignees:
        return ""
    count = (f"应通知 {found.consignees} 家，已通知 {found.notified} 家" if language == "zh" else
             f"{found.notified} of {found.consignees} told")
    span = joined((day(found.first_at, language), day(found.last_at, language)), language, " – ")
    return joined((count, span, ways(dossier, language)), language)


_WAYS = {"telephone": ("电话", "telephone"), "visit": ("上门", "visit"), "letter": ("信函", "letter"),
         "e-mail": ("电子邮件", "e-mail"), "text": ("短信", "text message"), "answer": ("自行答复", "its own answer")}


def ways(dossier: RecallDossier, language: str) -> str:
    """By which ways consignees were told, with how many of them."""
    place = 0 if language == "zh" else 1
    return joined((f"{_WAYS[way][place] if way in _WAYS else way}: {count}" for way, count in dossier.told.ways),
                  language, ", ")


def accounted(dossier: RecallDossier, language: str) -> str:
    """The units of which it is known where they are, unit by unit; what is said beyond what was shipped counts not."""
    return joined((amount(sum((getattr(one, name) for name in ACCOUNTED), ZERO) - one.beyond, one.unit, language)
                   for one in dossier.figures), language)


def open_units(dossier: RecallDossier, language: str) -> str:
    """The units of which it is not known, unit by unit; what others say beyond what they got is named and hides
    none."""
    said = joined((amount(one.beyond, one.unit, language) for one in dossier.figures if one.beyond), language)
    label = "另有收货单位所报多于发运：" if language == "zh" else "beside it, said beyond what was shipped: "
    return joined((joined((amount(one.unaccounted + one.beyond + one.unanswered, one.unit, language)
                           for one in dossier.figures), language), said and label + said), language)


def answered(dossier: RecallDossier, language: str) -> str:
    """How many answered, and what they had when they got the notice."""
    found = dossier.told
    if not found.consignees:
        return ""
    # What was sent back, destroyed or put right since was there when the notice came.
    had = (figures("on_hand", "returned", "destroyed", "corrected")(dossier, language)
           if found.answered or found.in_part else "")
    label = "收到通知时库存" if language == "zh" else "on hand when the notice was received"
    count = (f"已答复 {found.answered} 家，共 {found.consignees} 家" if language == "zh" else
             f"{found.answered} of {found.consignees} answered")
    return joined((count, _in_part(dossier, language), f"{label}: {had}" if had else ""), language)


def _in_part(dossier: RecallDossier, language: str) -> str:
    """How many said something of some of their batches only."""
    count = dossier.told.in_part
    if not count:
        return ""
    return f"另有 {count} 家只答复了部分批次" if language == "zh" else f"{count} more answered for some batches only"


def silent(dossier: RecallDossier, language: str) -> str:
    """How many did not answer about all that they got, the first of them by name."""
    found = dossier.told
    if not found.consignees:
        return ""
    place, zh, count = 0 if language == "zh" else 1, language == "zh", found.consignees - found.answered
    shown = found.silent[:MOST_NAMED]
    names = ("、" if zh else ", ").join(one[place] or one[0] for one in shown)
    names += others(count - len(shown), "家", language) if shown else ""
    part = (f"其中 {found.in_part} 家已答复部分批次" if zh else
            f"of them {found.in_part} answered for some batches") if found.in_part else ""
    return joined((joined((str(count), names), language, "：" if zh else ": "), part), language)


def checks(dossier: RecallDossier, language: str) -> str:
    """How many were asked whether they got, understood and followed the notice, and what that says of all."""
    found = dossier.checks
    if not found.level:
        return ""
    share = f" ({found.share:.0%})" if found.share else ""
    zh = language == "zh"
    whole = ""
    if found.low is not None and found.high is not None and found.asked:
        whole = f"{found.low:.0%} – {found.high:.0%}"
        whole = f"；全部直接收货单位中符合的比例（95% 置信）{whole}" if zh else (
            f"; share of all direct consignees, with 95 % certainty: {whole}")
    if zh:
        return (f"核查级别 {found.level}{share}；抽取 {found.drawn} 家，已核查 {found.asked} 家；"
                f"已收到 {found.received}，已理解 {found.understood}，已执行 {found.acted}；"
                f"三项均符合 {found.good} 家{whole}")
    return (f"level {found.level}{share}; drawn {found.drawn}, asked {found.asked}; received {found.received}, "
            f"understood {found.understood}, acted {found.acted}; all three {found.good}{whole}")
