"""The use cases of complaints in one place."""
from __future__ import annotations

from .case_parts import complaint_of
from .handling import (
    AddNote,
    BindLot,
    ChangeComplaint,
    LinkDuplicate,
    add_note,
    bind_lot,
    change_complaint,
    link_duplicate,
)
from .intake import LOT_BOUND, RESCORE, Submitted, about, forget_sources, submit_complaint
from .report import LotGiven, SubmitComplaint
from .triaging import TriageComplaint, decline_promotion, triage_complaint

__all__ = ["LOT_BOUND", "RESCORE", "AddNote", "BindLot", "ChangeComplaint", "LinkDuplicate", "LotGiven",
           "SubmitComplaint", "Submitted", "TriageComplaint", "about", "add_note", "bind_lot", "change_complaint",
           "complaint_of", "decline_promotion", "forget_sources", "link_duplicate", "submit_complaint",
           "triage_complaint"]
