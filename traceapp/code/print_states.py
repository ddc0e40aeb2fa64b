"""The life of a print job: that of every file that a job makes."""
from __future__ import annotations

from traceapp.core.states import StateTable
from traceapp.making.states import OPEN, FileState, transitions

__all__ = ["OPEN", "TABLE", "TRANSITIONS", "FileState", "actions_from", "next_state"]

TRANSITIONS = transitions("label.print")
TABLE = StateTable(TRANSITIONS, "A print job that is “%(state)s” cannot be changed by “%(action)s”.")
next_state, actions_from = TABLE.next_state, TABLE.actions_from
