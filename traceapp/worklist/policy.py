"""Whose duties a role sees and does. Pure."""
from __future__ import annotations

from traceapp.core.errors import Forbidden

DUTIES_OF: dict[str, tuple[str, ...]] = {
    "quality_manager": ("quality_manager", "quality"), "quality": ("quality",), "operator": ("operator",),
    "administrator": ("administrator",)}


def duties_of(role: str) -> tuple[str, ...]:
    """The roles whose tasks `role` does, its own first; none for a role that has no work list."""
    return DUTIES_OF.get(role, ())


def refuse_others_duty(role: str, task_role: str) -> None:
    """Nothing when a task of `task_role` is a duty of `role`. Raises Forbidden."""
    if task_role not in duties_of(role):
        raise Forbidden("Your role does not allow this. Ask the administrator if you need it.")
