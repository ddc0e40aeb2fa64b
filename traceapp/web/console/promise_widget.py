"""The promise of few false alarms on Today: what was promised, what the tests may use of it, what turned out false."""
from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from traceapp.surveillance.budget import BudgetState
from traceapp.web.ui import charts, current_locale
from traceapp.web.ui.display import number


@dataclass(frozen=True, slots=True)
class PromiseWidget:
    """Bars with their words, and the sentence above them."""

    said: str
    picture: Markup


def promise_widget(use: BudgetState) -> PromiseWidget | None:
    """The widget; None before the first lot of the year."""
    if not use.lots:
        return None
    said = _("False alarms promised: at most %(rate)s in 100 batches. In the last year %(lots)s batches were watched.",
             rate=_figure(use.promise.per_hundred_lots), lots=number(use.lots, current_locale()))
    left = use.promised - use.spent
    used = _("%(spent)s; %(left)s left", spent=_figure(use.spent), left=_figure(left)) if left >= 0.05 else (
        _("%(spent)s; none left", spent=_figure(use.spent)))
    steps = [(_("False alarms promised"), use.promised, _figure(use.promised)),
             (_("Used by the tests that began"), use.spent, used),
             (_("Signals refuted"), use.refuted, ngettext(
                 "%(refuted)s, and %(num)d confirmed", "%(refuted)s, and %(num)d confirmed", use.confirmed,
                 refuted=use.refuted))]
    return PromiseWidget(said, charts.funnel(_("Promise of few false alarms"), [
        (label, round(1000 * value), text) for label, value, text in steps]))


def _figure(value: float) -> str:
    return number(round(value, 1), current_locale())
