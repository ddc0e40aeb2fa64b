"""Legal clocks: which reports are due where, by when, by which article. Pure: rows in data/, functions over them."""
from __future__ import annotations

from .calendars import CALENDARS, DayKind, is_working_day, kind_of_day
from .clocks import Clock, Due, Judgement, Situation, due, judge, last_moment
from .rows import Rule, rules
from .words import Kind, Role, Trigger

__all__ = ["CALENDARS", "Clock", "DayKind", "Due", "Judgement", "Kind", "Role", "Rule", "Situation", "Trigger", "due",
           "is_working_day", "judge", "kind_of_day", "last_moment", "rules"]
