"""Legal clocks: which reports are due where, by when, by which article. Pure: rows in data/, functions over them."""
from __future__ import annotations

from .calendars import is_working_day
from .clocks import Clock, Due, Judgement, Situation, due, judge, last_moment
from .rows import Rule, rules
from .words import Kind, Role, Trigger

__all__ = ["Clock", "Due", "Judgement", "Kind", "Role", "Rule", "Situation", "Trigger", "due", "is_working_day",
           "judge", "last_moment", "rules"]
