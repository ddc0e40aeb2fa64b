"""What the Chinese authority is told while a recall runs and when it ends. Source: CFDA Order 29 (2017)
and its forms."""
from __future__ import annotations

from datetime import timedelta

from . import answer_readers as told
from . import readers as read
from .cn_parts import ANNEX_2, contacts, endorsements, product_head
from .dossier import RecallDossier
from .fields import FieldGroup, FileField, FileKind, Origin
from .places import ORDER_29


def _count(name: str) -> read.Reader:
    return lambda dossier, _language: str(getattr(dossier.told, name)) if dossier.told.consignees else ""


def _told_at(dossier: RecallDossier, language: str) -> str:
    return read.joined((read.moment(dossier.told.first_at, language), read.moment(dossier.told.last_at, language)),
                       language, " – ")


def _missing(dossier: RecallDossier, language: str) -> str:
    """How many are missing, and why, batch by batch."""
    return read.joined((told.open_units(dossier, language),
                        *(f"{batch}：{why}" for batch, why in dossier.explained),
                        read.others(dossier.unlisted, "条说明", language).strip()), language, "\n")


def _times(dossier: RecallDossier, language: str) -> str:
    """How many hours or days lie between the first awareness and the decision, that and the start, the start and the
    end; what has not happened yet is left out."""
    steps = ((("获知至决定", "from first awareness to the decision"), dossier.awareness_at, dossier.decided_at),
             (("决定至开始实施", "from the decision to the start"), dossier.decided_at, dossier.approved_at),
             (("开始实施至完成", "from the start to the end"), dossier.approved_at, dossier.closed_at))
    place, apart = (0, "：") if language == "zh" else (1, ": ")
    return read.joined((f"{words[place]}{apart}{_span(end - begin, language)}"
                        for words, begin, end in steps if begin and end), language)


def _span(span: timedelta, language: str) -> str:
    """Hours below two days, days from then on."""
    hours = span.total_seconds() / 3600
    if hours < 48:
        return f"{hours:.1f} 小时" if language == "zh" else f"{hours:.1f} h"
    return f"{hours / 24:.1f} 天" if language == "zh" else f"{hours / 24:.1f} days"


_TOLD = (
    FileField("to_notify", "", "应当通知数", "Consignees to be told", ANNEX_2, Origin.ledger, _count("consignees")),
    FileField("notified", "", "已通知数", "Consignees told", ANNEX_2, Origin.notices, _count("notified")),
    FileField("notified_at", "", "通知时间", "When they were told", ANNEX_2, Origin.notices, _told_at),
    FileField("ways", "", "通知方式", "How they were told", ANNEX_2, Origin.notices, told.ways),
    FileField("answered", "", "已答复数及收到通知时库存", "Consignees that answered, and what they had", ANNEX_2,
              Origin.ledger, told.answered, is_required=False),
    FileField("other_recipients", "", "其他收货人（转交）应通知数、已通知数、时间、方式",
              "Consignees further down: to be told, told, when, how", ANNEX_2, Origin.notices, told.passed,
              is_required=False))
_DONE = (
    FileField("to_recall", "", "应当召回数量", "Number to be recalled", ANNEX_2, Origin.ledger,
              read.figures("shipped")),
    FileField("recalled", "", "已完成数量（退回、销毁、纠正）", "Number done: returned, destroyed or corrected",
              ANNEX_2, Origin.ledger, read.recovered),
    FileField("used", "", "已使用的数量", "Number used", ANNEX_2, Origin.ledger, read.figures("used"),
              is_required=False),
    FileField("held", "", "尚在收货单位或已转交的数量", "Number still with consignees, or passed on", ANNEX_2,
              Origin.ledger, read.figures("on_hand", "passed_on"), is_required=False),
    FileField("open", "", "未核清的数量", "Number not accounted for", ANNEX_2, Origin.ledger,
              told.open_units, is_required=False),
    FileField("checks", "", "有效性检查情况", "Checks of effectiveness", ANNEX_2, Origin.checks, told.checks),
    FileField("disposal", "", "召回产品的处理措施", "What is done with what came back", ANNEX_2, Origin.ledger,
              read.disposed),
    FileField("completion", "", "完成召回需要时间估计", "Estimated time until completion", ANNEX_2, Origin.person),
    FileField("consignees", "", "各收货单位完成情况", "How far each consignee is", ANNEX_2, Origin.ledger,
              told.telling, table="consignees"),
    FileField("others", "", "其它情况", "Other matters", ANNEX_2, Origin.person, is_required=False))

PROGRESS = FileKind(
    "cn_progress", "CN", "召回计划实施情况报告", "Progress report (China)", ANNEX_2, ("zh",), frozenset({"CN-MR-06"}), (
        FieldGroup("产品与单位", "Product and units", product_head(ANNEX_2) + contacts(ANNEX_2)),
        FieldGroup("通知情况", "Telling", _TOLD), FieldGroup("完成情况", "How far it is", _DONE),
        FieldGroup("报告", "Report", endorsements(ANNEX_2))))

_CLOSING = ORDER_29
_SUMMARY = (
    FileField("reason", "", "召回原因", "Reason for the recall", _CLOSING, Origin.case, read.plainly("reason")),
    FileField("grade", "", "召回分级", "Class of the recall", _CLOSING, Origin.case, read.grade("CN")),
    FileField("course", "", "召回过程", "Course of the recall", _CLOSING, Origin.case, read.actions),
    FileField("batches", "", "涉及批次", "Batches", _CLOSING, Origin.scope, read.batches, table="lots"),
    FileField("told", "", "通知情况", "Telling", _CLOSING, Origin.notices, told.telling),
    FileField("to_recall", "", "应当召回数量", "Number to be recalled", _CLOSING, Origin.ledger,
              read.figures("shipped")),
    FileField("recalled", "", "已召回及核清数量", "Number recalled or accounted for", _CLOSING, Origin.ledger,
              told.accounted),
    FileField("unaccounted", "", "去向不明数量及说明", "Number not accounted for, with why", _CLOSING, Origin.ledger,
              _missing),
    FileField("consignees", "", "各收货单位核对结果", "Reconciliation by consignee", _CLOSING, Origin.ledger,
              told.answered, table="consignees"))
_EFFECT = (
    FileField("checks", "", "有效性核查", "Checks of effectiveness", _CLOSING, Origin.checks, told.checks),
    FileField("effect", "", "召回效果评价", "Evaluation of the effect", _CLOSING, Origin.case,
              read.plainly("closing_note")),
    FileField("disposal", "", "召回产品的处理", "What was done with what came back", _CLOSING, Origin.ledger,
              read.disposed),
    FileField("prevention", "", "原因分析与纠正预防措施", "Root cause, corrective and preventive action", _CLOSING,
              Origin.case, lambda dossier, language: read.joined(dossier.capas, language)),
    FileField("lessons", "", "经验教训", "Lessons", _CLOSING, Origin.case, read.plainly("lessons"),
              is_required=False),
    FileField("times", "", "各阶段用时", "Times", _CLOSING, Origin.case, _times, is_required=False),
    FileField("ended_at", "", "召回完成日期", "Date of completion", _CLOSING, Origin.case,
              lambda dossier, language: read.day(dossier.closed_at, language)),
    FileField("authority_letter", "", "监管部门终止召回的文件", "Letter with which the authority ended it", _CLOSING,
              Origin.case, read.plainly("authority_letter"), is_required=False))

CLOSING = FileKind(
    "cn_closing", "CN", "总结评估报告", "Closing report (China)", _CLOSING, ("zh",), frozenset({"CN-MR-05"}), (
        FieldGroup("产品与单位", "Product and units", product_head(_CLOSING) + contacts(_CLOSING)),
        FieldGroup("召回实施情况", "What was done", _SUMMARY), FieldGroup("效果与处理", "Effect and disposal", _EFFECT),
        FieldGroup("报告", "Report", endorsements(_CLOSING))))
