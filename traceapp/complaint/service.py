"""The use cases of complaints in one place."""
from __future__ import annotations

from .handling import (
    AddNote,
    BindLot,
    ChangeComplaint,
    LinkDuplicate,
    TriageComplaint,
    add_note,
    bind_lot,
    change_complaint,
    complaint_of,
    decline_promotion,
    link_duplicate,
    triage_complaint,
)
from .intake import LOT_BOUND, RESCORE, Submitted, about, forget_sources, submit_complaint
from .report import LotGiven, SubmitComplaint

__all__ = ["LOT_BOUND", "RESCORE", "AddNote", "BindLot", "ChangeComplaint", "LinkDuplicate", "LotGiven",
           "SubmitComplaint", "Submitted", "TriageComplaint", "about", "add_note", "bind_lot", "change_complaint",
           "complaint_of", "decline_promotion", "forget_sources", "link_duplicate", "submit_complaint",
           "triage_complaint"]
