"""The mail that calls somebody to a complaint: what, whose, until when, and where to go. Pure."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Shanghai")
_WHAT = {
    "complaint.called": {"zh": "收到严重投诉，请立即查看", "en": "A grave report has come in: look at once"},
    "complaint.serious": {"zh": "收到严重投诉，请立即查看", "en": "A grave report has come in: look at once"},
    "complaint.late": {"zh": "对投诉人的承诺已超时", "en": "A promise to a complainant has run over"}}
_SEVERITY = {"critical": {"zh": "危重", "en": "critical"}, "major": {"zh": "严重", "en": "serious"},
             "moderate": {"zh": "一般", "en": "moderate"}, "minor": {"zh": "轻微", "en": "minor"},
             "none": {"zh": "无伤害", "en": "no harm"}}
_PROMISE = {"first_answer": {"zh": "首次答复", "en": "first answer"}, "triage": {"zh": "分级", "en": "triage"},
            "decision": {"zh": "决定", "en": "decision"}, "resolution": {"zh": "解决", "en": "resolution"}}
_BECAUSE = {
    "duty": {"zh": "您正在值班，因此通知您。", "en": "You are called because you are on duty."},
    "next": {"zh": "此前已通知他人，仍未处理，因此升级通知您。",
             "en": "You are called because somebody was called before you and it is still open."},
    "nobody": {"zh": "现在无人值班，因此通知您。请补齐值班表。",
               "en": "You are called because nobody is on duty now. Please fill the roster."},
    "unreached": {"zh": "值班人员没有邮箱地址，因此通知您。请电话联系值班人员。",
                  "en": "You are called because whoever is on duty has no e-mail address. Please telephone them."}}


@dataclass(frozen=True, slots=True)
class DutyCall:
    """`kind` of the task, `promise` the clock that it is about, `due_at` when it was or is due; `because` as in
    _BECAUSE."""

    kind: str
    reference: str
    severity: str
    promise: str
    due_at: datetime
    because: str
    link: str


def subject_of(call: DutyCall, language: str) -> str:
    """One line: what, and whose."""
    return f"{_WHAT[call.kind][language]} · {call.reference}"


def text_of(call: DutyCall, language: str) -> str:
    """The whole letter; it names no complainant."""
    severity, promise = _SEVERITY[call.severity][language], _PROMISE[call.promise][language]
    due = f"{call.due_at.astimezone(_ZONE):%Y-%m-%d %H:%M}"
    if language == "zh":
        lines = (f"{_WHAT[call.kind]['zh']}。", f"投诉 {call.reference}，严重程度：{severity}。",
                 f"{promise}时限：{due}（北京时间）。")
    else:
        lines = (f"{_WHAT[call.kind]['en']}.", f"Complaint {call.reference}, severity: {severity}.",
                 f"Due for {promise}: {due} (UTC+8).")
    return "\n".join((*lines, "", call.link, "", _BECAUSE[call.because][language], ""))
