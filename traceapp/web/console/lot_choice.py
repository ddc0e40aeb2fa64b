"""Choosing lots in a form: what may be used, and what was named by number or scan."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext
from sqlalchemy.orm import Session

from traceapp.catalog.model import PackagingLevel, Product
from traceapp.trace.model import Lot
from traceapp.trace.overview import lots_with_packs

from .entering import Entered
from .finding import lots_meant
from .words import verdict_of

MOST_LOTS = 60


@dataclass(frozen=True, slots=True)
class ChosenLot:
    """A lot of the form with its product and packs; `trouble` is the verdict that stands in the way, else empty."""

    lot: Lot
    product: Product | None
    levels: tuple[PackagingLevel, ...]
    trouble: str


def add_named_lot(session: Session, form: Entered) -> None:
    """Put the lot that was typed into the field `add` among those of the form; a fault when it is not one lot."""
    text = form.text("add")
    if not text:
        form.fault("add", gettext("Type or scan the number of a lot."))
        return
    found = [lot for lot in lots_meant(session, text) if lot.is_own]
    if not found:
        form.fault("add", gettext("There is no lot of ours called “%(text)s”.", text=text[:60]))
    elif len(found) > 1:
        form.fault("add", gettext("“%(text)s” is the number of %(count)s lots. Scan the code or enter the whole "
                                  "identifier.", text=text[:60], count=len(found)))
    elif found[0].lot_key not in form.several("lot"):
        form.form.add("lot", found[0].lot_key)
        form.form.setlist("add", [])


def chosen_lots(session: Session, keys: list[str], today: date) -> list[ChosenLot]:
    """The lots of a form in its order, each once."""
    chosen = []
    for found in lots_with_packs(session, list(dict.fromkeys(keys))[:MOST_LOTS]):
        verdict = str(verdict_of(found.lot, today))
        chosen.append(ChosenLot(found.lot, found.product, found.levels, "" if verdict == "released" else verdict))
    return chosen
