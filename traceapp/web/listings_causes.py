"""The ranking of causes as staff and machines download it."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.surveillance.ranking import Likeliest

from .cause_words import NODE_KINDS, Names, day_words
from .tables import Table, Titles, titled

_ = lazy_gettext
_CAUSES: Titles = (
    ("rank", _("Rank")), ("kinds", _("What it is")), ("members", _("Cause")), ("posterior", _("Probability")),
    ("complaints", _("Reports")), ("expected", _("Expected")), ("explained", _("Explained by it")),
    ("rate_ratio", _("Rate ratio")), ("low", _("Lower limit")), ("high", _("Upper limit")), ("p", "p"),
    ("log_bf", _("Logarithm of the Bayes factor")), ("lots", _("Batches")), ("units", _("In use")),
    ("since", _("Since")))


def causes_table(found: Likeliest, names: Names, reference: str) -> Table:
    """The classes of a ranking, the likeliest first, and chance alone as the last row."""
    return Table("causes", gettext("Causes of %(reference)s", reference=reference), titled(_CAUSES),
                 list(_rows(found, names)), {"signal": reference})


def _rows(found: Likeliest, names: Names) -> Iterator[dict[str, Any]]:
    if found.ranking is None:
        return
    for rank, one in enumerate(found.ranking.classes, start=1):
        kinds = {found.lineage.kind_of(node) for node in one.members}
        yield {
            "rank": rank, "kinds": "; ".join(str(NODE_KINDS[kind]) for kind in NODE_KINDS if kind in kinds),
            "members": "; ".join(names(node) for node in one.members), "posterior": _plain(one.posterior),
            "complaints": one.complaints, "expected": _plain(one.expected), "explained": _plain(one.explained),
            "rate_ratio": _plain(one.rate_ratio), "low": _plain(one.low), "high": _plain(one.high),
            "p": _plain(one.p), "log_bf": _plain(one.log_bf), "lots": "; ".join(names(lot) for lot in one.lots),
            "units": found.units(one), "since": day_words(one.since)}
    yield {"members": gettext("Chance alone"), "posterior": _plain(found.ranking.no_cause)}


def _plain(value: float | None) -> float | None:
    """Six digits: a statistic is not known better."""
    return None if value is None else float(f"{value:.6g}")
