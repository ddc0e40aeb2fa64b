"""Console: why reports are taken for one event, in words."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from traceapp.complaint.clusters import Cluster
from traceapp.complaint.model import Complaint
from traceapp.complaint.suspecting import likeness_of

# What agrees, and what it is called where it differs.
_FACTS: dict[str, tuple[Any, Any]] = {
    "lot": (lazy_gettext("same batch"), lazy_gettext("another batch")),
    "contact": (lazy_gettext("same contact"), lazy_gettext("another contact")),
    "day": (lazy_gettext("same day or near"), lazy_gettext("days far apart")),
    "learned": (lazy_gettext("learned of at the same time"), lazy_gettext("learned of at different times")),
    "consignee": (lazy_gettext("same consignee"), lazy_gettext("another consignee")),
    "place": (lazy_gettext("same place"), lazy_gettext("another place")),
    "age": (lazy_gettext("same age"), lazy_gettext("another age")),
    "sex": (lazy_gettext("same sex"), lazy_gettext("another sex")),
    "terms": (lazy_gettext("same things went wrong"), lazy_gettext("other things went wrong")),
    "text": (lazy_gettext("much the same words"), lazy_gettext("other words"))}
# From so many bits on it is told, and how much it weighs.
_STRENGTHS = ((3.0, lazy_gettext("weighs much")), (1.5, lazy_gettext("weighs")), (0.5, lazy_gettext("weighs little")))


@dataclass(frozen=True, slots=True)
class ClusterLine:
    """One report of a cluster: what speaks for its being the same event as the one that counts, and what against."""

    report: Complaint
    counts: bool
    likely: tuple[str, ...] = ()
    unlikely: tuple[str, ...] = ()


def cluster_lines(db: Session, cluster: Cluster) -> list[ClusterLine]:
    """The reports of a cluster, the one that counts first."""
    compared = [(other, *_weighed(db, other, cluster.master)) for other in cluster.others]
    return [ClusterLine(cluster.master, True), *(ClusterLine(other, False, likely, unlikely)
                                                 for other, likely, unlikely in compared)]


def reasons_for(db: Session, case: Complaint, other: Complaint | None) -> list[str]:
    """What speaks for a suspicion; empty where there is none."""
    return list(_weighed(db, case, other)[0]) if other is not None else []


def _weighed(db: Session, one: Complaint, other: Complaint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    reasons = likeness_of(db, one, other).reasons
    likely = [(str(_FACTS[name][0]), bits) for name, bits in reasons if bits > 0]
    unlikely = [(str(_FACTS[name][1]), -bits) for name, bits in reversed(reasons) if bits < 0]
    return _told(likely), _told(unlikely)


def _told(facts: list[tuple[str, float]]) -> tuple[str, ...]:
    """Facts with how much they weigh; those that hardly do are left out."""
    found = ((fact, next((word for least, word in _STRENGTHS if bits >= least), None)) for fact, bits in facts)
    return tuple(_("%(fact)s (%(strength)s)", fact=fact, strength=word) for fact, word in found if word is not None)
