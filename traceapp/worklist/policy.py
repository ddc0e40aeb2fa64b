"""Whose duties a role sees and does, and which of them end with their act alone. Pure."""
from __future__ import annotations

from traceapp.core.errors import Conflict, Forbidden

DUTIES_OF: dict[str, tuple[str, ...]] = {
    "quality_manager": ("quality_manager", "quality"), "quality": ("quality",), "operator": ("operator",),
    "administrator": ("administrator",)}


# An open task of these kinds keeps a case from its end, or stands for a limit of the law or of the house.
BY_THEIR_ACT = frozenset({"complaint.promote", "clock.report", "clock.decide", "group.decide", "capa.action",
                        "capa.answer", "recall.excess", "recall.late_answer", "recall.late_return", "recall.unproved",
                        "recall.untold_despatch"})


def duties_of(role: str) -> tuple[str, ...]:
    """The roles whose tasks `role` does, its own first; none for a role that has no work list."""
    return DUTIES_OF.get(role, ())


def refuse_others_duty(role: str, task_role: str) -> None:
    """Nothing when a task of `task_role` is a duty of `role`. Raises Forbidden."""
    if task_role not in duties_of(role):
        raise Forbidden("Your role does not allow this. Ask the administrator if you need it.")


def refuse_by_hand(kind: str) -> None:
    """Nothing when a task of this kind may be ended by saying so. Raises Conflict."""
    if kind in BY_THEIR_ACT:
        raise Conflict("This task ends by itself once it is decided. Go to the case and decide there.",
                       code="ends-with-its-act")
