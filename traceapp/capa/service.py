"""The use cases of a CAPA in one place: from the problem to the signed end."""
from __future__ import annotations

from .asking import AnswerQuestion, AskDevelopment, answer_question, ask_development
from .causes import AddCause, GiveUpCause, JudgeCause, WriteWhys, add_cause, give_up_cause, judge_cause, write_whys
from .linking import UnlinkCapa, unlink_capa
from .moving import CloseCapa, MoveCapa, close_capa, move_capa
from .opening import ChangeCapa, LinkCapa, LinkTo, OpenCapa, change_capa, link_capa, open_capa, running_for
from .planning import (
    AddAction,
    ChangeAction,
    ConcludeCheck,
    DropAction,
    FinishAction,
    StateCriterion,
    add_action,
    change_action,
    conclude_check,
    drop_action,
    finish_action,
    state_criterion,
)
from .proving import ProveAction, prove_action

__all__ = ["AddAction", "AddCause", "AnswerQuestion", "AskDevelopment", "ChangeAction", "ChangeCapa", "CloseCapa",
           "ConcludeCheck", "DropAction", "FinishAction", "GiveUpCause", "JudgeCause", "LinkCapa", "LinkTo",
           "MoveCapa", "OpenCapa", "ProveAction", "StateCriterion", "UnlinkCapa", "WriteWhys", "add_action",
           "add_cause", "answer_question", "ask_development", "change_action", "change_capa", "close_capa",
           "conclude_check", "drop_action", "finish_action", "give_up_cause", "judge_cause", "link_capa", "move_capa",
           "open_capa", "prove_action", "running_for", "state_criterion", "unlink_capa", "write_whys"]
