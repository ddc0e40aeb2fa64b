"""What of the questions of triage a case answers by itself, and why we think so. A person confirms each."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from .lot_text import MatchKind
from .model import UNKNOWN_LOT, Complaint, LotCapture
from .queries import complaint_by_id, lot_candidates
from .region import Source, region_of, was_sent_to, was_shipped_there
from .seriousness import Harm
from .states import Severity
from .terms import terms
from .triage import Alleges, ComplaintKind, Investigation, Ours


@dataclass(frozen=True, slots=True)
class Known:
    """`answers` by question, and `because`: a code that says what each stands on."""

    answers: dict[str, Any]
    because: dict[str, str]


def known_answers(session: Session, complaint: Complaint) -> Known:
    """What was answered before; else what the report, its batch and its likeness to others tell."""
    if complaint.triage:
        kept = {name: complaint.triage[name] for name in (
            "alleges", "ours", "harm", "seriousness", "kinds", "duplicate_of", "investigation", "justification",
            "equivalent")}
        return Known(kept, dict.fromkeys(kept, "answered_before"))
    found = {
        "alleges": _alleges(complaint), "ours": _ours(session, complaint), "harm": _harm(complaint),
        "kinds": _kinds(complaint), "duplicate_of": _duplicate(session, complaint),
        "investigation": _investigation(complaint)}
    answers: dict[str, Any] = {name: answer for name, (answer, _) in found.items()}
    return Known(answers | {"seriousness": list(complaint.seriousness), "justification": "", "equivalent": ""},
                 {name: because for name, (_, because) in found.items()})


def harm_of(complaint: Complaint) -> Harm:
    """What is known of harm: as triage answered, else as the report did."""
    if complaint.triage:
        return Harm(complaint.triage["harm"])
    if complaint.is_harm is None:
        return Harm.unknown
    if complaint.is_harm:
        return Harm.yes
    return Harm.no if complaint.severity == Severity.none else Harm.could


def _alleges(complaint: Complaint) -> tuple[str, str]:
    if complaint.terms:
        return Alleges.yes, "terms_said"
    if complaint.is_harm:
        return Alleges.yes, "harm_said"
    return Alleges.unsure, "nothing_coded"


def _ours(session: Session, complaint: Complaint) -> tuple[str, str]:
    if complaint.lot_key == UNKNOWN_LOT:
        kind = lot_candidates(session, complaint).kind
        if kind is MatchKind.none:
            return Ours.unknown_batch, "batch_is_none_of_ours"
        return Ours.unreadable, "no_batch_given" if kind is MatchKind.absent else "batch_unclear"
    region = region_of(session, complaint)
    if region.source is Source.reporter and was_shipped_there(session, complaint.lot_key, region) is False:
        return Ours.not_shipped, "never_shipped_to_region"
    if complaint.consignee_id and not was_sent_to(session, complaint.lot_key, complaint.consignee_id):
        return Ours.not_shipped, "never_shipped_there"
    return Ours.yes, "code_read" if complaint.lot_capture == LotCapture.scan else "batch_found"


def _harm(complaint: Complaint) -> tuple[str, str]:
    harm = harm_of(complaint)
    return harm, {Harm.unknown: "harm_not_said", Harm.yes: "harm_said", Harm.could: "could_harm_said",
                  Harm.no: "no_harm_said"}[harm]


def _kinds(complaint: Complaint) -> tuple[list[str], str]:
    if complaint.kinds:
        return list(complaint.kinds), "kinds_said"
    about = {terms()[code].kind for code in complaint.terms if code in terms()}
    found = [ComplaintKind.product_quality] if about & {"harm", "quality"} or complaint.is_harm else []
    found += [ComplaintKind.logistics] if "service" in about else []
    return [str(kind) for kind in found], "terms_said" if found else "nothing_coded"


def _duplicate(session: Session, complaint: Complaint) -> tuple[str, str]:
    other_id = complaint.master_id or complaint.possible_duplicate_of
    other = complaint_by_id(session, other_id) if other_id else None
    if other is None:
        return "", "none_alike"
    return other.reference, "linked_before" if complaint.master_id else "much_alike"


def _investigation(complaint: Complaint) -> tuple[str, str]:
    """A product that may have failed is investigated; of anything else a person decides."""
    kinds, _ = _kinds(complaint)
    if complaint.is_harm is not False or ComplaintKind.product_quality in kinds:
        return Investigation.needed, "product_may_have_failed"
    return Investigation.undecided, "nothing_failed"
