"""What causes are called, and how sure one is of them, in the reader's words."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.catalog.queries import sites
from traceapp.signals.covariates import Mark
from traceapp.signals.samples import Found, Taken
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.ranking import Likeliest

from .words import NODE_KINDS as KIND_TAGS
from .words import own_name

NODE_KINDS: dict[str, Any] = {kind: text for kind, (text, _meaning) in KIND_TAGS.items()}
TAKEN: dict[str, Any] = {
    Taken.retained: lazy_gettext("kept back when it was made"), Taken.stock: lazy_gettext("from our stock"),
    Taken.returned: lazy_gettext("come back from a customer")}
RESULTS: dict[str, Any] = {
    Found.contaminated: lazy_gettext("contaminated"), Found.clean: lazy_gettext("clean"),
    Found.unclear: lazy_gettext("unclear")}
MARKS: dict[str, Any] = {
    Mark.excursion: lazy_gettext("was outside its storage limits"),
    Mark.drift: lazy_gettext("test results near or beyond a limit"),
    Mark.trend: lazy_gettext("test results rising from lot to lot"),
    Mark.higher: lazy_gettext("higher test results than the lots before it")}


def chance_words(posterior: float | None) -> str:
    """A probability in words, always the same ones for the same range."""
    if posterior is None:
        return _("cannot be said yet")
    for least, words in ((0.95, _("almost certainly")), (0.7, _("probably")), (0.3, _("perhaps")),
                         (0.05, _("less likely"))):
        if posterior >= least:
            return words
    return _("hardly")


def per_cent(share: float) -> str:
    """A probability in per cent, never 0 and never 100: a model is not that sure."""
    if share < 0.01:
        return _("under 1 %")
    return _("over 99 %") if share > 0.99 else f"{share * 100:.0f} %"


def ratio_words(ratio: float | None, low: float, high: float | None) -> str:
    """A rate ratio with its limits; without an upper one only the least that it is."""
    if ratio is None:
        return _("at least %(low)s", low=f"{low:.1f}") if low > 0 else "–"
    return f"{ratio:.1f} ({low:.1f}–{'∞' if high is None else f'{high:.1f}'})"


def tells_words(bits: float) -> str:
    """How much of the question a test is expected to settle."""
    return _("much") if bits >= 0.5 else _("something") if bits >= 0.15 else _("little")


def day_words(since: float | None) -> date | None:
    """The day that a number of `lineage.day_of` stands for."""
    return None if since is None else date.fromordinal(int(since))


@dataclass(slots=True)
class Names:
    """What the nodes of a lineage are called: a batch by its number, with the name of its product beside it."""

    found: Likeliest
    names: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)

    def __call__(self, node: str) -> str:
        return self.names.get(node, node)

    def kind(self, node: str) -> str:
        """The word for the kind of a node."""
        return str(NODE_KINDS[self.found.lineage.kind_of(node)])

    def with_kind(self, node: str) -> str:
        """The name with what it is, for a sentence."""
        return f"{self.products.get(node) or self.kind(node)} {self(node)}"


def names_in(session: Session, found: Likeliest) -> Names:
    """The names of everything in a lineage, in three queries at most."""
    lineage = found.lineage
    products = products_by_id(session, (lot.product_id for lot in lineage.lots.values()))
    names = Names(found)
    for key, lot in lineage.lots.items():
        names.names[key] = lot.number
        names.products[key] = own_name(products.get(lot.product_id or ""), lot.name)
    things = lineage.things
    parties = parties_by_id(session, (one.ref for one in things.values()
                                      if one.kind in (NodeKind.supplier, NodeKind.consignee)))
    places = {site.id: site for site in sites(session)} if any(
        one.kind == NodeKind.site for one in things.values()) else {}
    for key, thing in things.items():
        names.names[key] = own_name(parties.get(thing.ref) or places.get(thing.ref), thing.ref)
    return names
