"""The use cases of a recall in one place: from the first draft to the last unit."""
from __future__ import annotations

from .approval import (
    ApproveRecall,
    CancelRecall,
    ReturnRecall,
    SubmitRecall,
    approve_recall,
    cancel_recall,
    return_recall,
    submit_recall,
)
from .drafting import ChangeRecall, OpenRecall, SetScope, change_recall, open_recall, set_scope
from .ledger import (
    AnswerByStaff,
    CloseRecall,
    SettleLine,
    close_recall,
    record_answer_by_staff,
    settle_line,
)
from .notices import SendNoticeAgain, send_notice_again
from .scope import Scope, propose_scope, scope_of

__all__ = ["AnswerByStaff", "ApproveRecall", "CancelRecall", "ChangeRecall", "CloseRecall", "OpenRecall",
           "ReturnRecall", "Scope", "SendNoticeAgain", "SetScope", "SettleLine", "SubmitRecall", "approve_recall",
           "cancel_recall", "change_recall", "close_recall", "open_recall", "propose_scope", "record_answer_by_staff",
           "return_recall", "scope_of", "send_notice_again", "set_scope", "settle_line", "submit_recall"]
