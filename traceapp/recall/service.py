"""The use cases of a recall in one place: from the first draft to the last unit."""
from __future__ import annotations

from .approval import (
    ApproveRecall,
    CancelRecall,
    ExtendRecall,
    ReturnRecall,
    SubmitRecall,
    approve_recall,
    cancel_recall,
    extend_recall,
    return_recall,
    submit_recall,
)
from .classifying import ClassifyRecall, classify_recall
from .deciding import (
    DecideNone,
    DecideRecall,
    MandateRecall,
    SetStrategy,
    decide_none,
    decide_recall,
    mandate_recall,
    reassess_recall,
    set_strategy,
)
from .drafting import ChangeRecall, OpenRecall, SetScope, change_recall, open_recall, set_scope
from .ending import ReopenRecall, TerminateRecall, reopen_recall, terminate_recall
from .evaluation import (
    AssessRecall,
    Hazard,
    SignEvaluation,
    WriteEvaluation,
    assess_recall,
    sign_evaluation,
    write_evaluation,
)
from .executing import (
    ConcludeChecks,
    DrawSample,
    NoteAttempt,
    RecordCheck,
    conclude_checks,
    draw_sample,
    note_attempt,
    record_check,
)
from .ledger import AnswerByStaff, SettleLine, record_answer_by_staff, settle_line
from .scope import Scope, propose_scope
from .sending_again import SendNoticeAgain, send_notice_again

__all__ = ["AnswerByStaff", "ApproveRecall", "AssessRecall", "CancelRecall", "ChangeRecall", "ClassifyRecall",
           "ConcludeChecks",
           "DecideNone", "DecideRecall", "DrawSample", "ExtendRecall", "Hazard", "MandateRecall", "NoteAttempt",
           "OpenRecall", "RecordCheck", "ReopenRecall", "ReturnRecall", "Scope", "SendNoticeAgain", "SetScope",
           "SetStrategy", "SettleLine", "SignEvaluation", "SubmitRecall", "TerminateRecall", "WriteEvaluation",
           "approve_recall", "assess_recall", "cancel_recall", "change_recall", "classify_recall",
           "conclude_checks", "decide_none",
           "decide_recall", "draw_sample", "extend_recall", "mandate_recall", "note_attempt", "open_recall",
           "propose_scope", "reassess_recall", "record_answer_by_staff", "record_check", "reopen_recall",
           "return_recall", "send_notice_again", "set_scope", "set_strategy", "settle_line",
           "sign_evaluation", "submit_recall", "terminate_recall", "write_evaluation"]
