"""The promise of few false alarms on Today: what was promised, what the tests may use of it, what turned out false."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from traceapp.web.ui import charts, current_locale
from traceapp.web.ui.display import number


class Use(Protocol):
    """A year of the promise."""

    @property
    def per_hundred_lots(self) -> float:
        """False alarms promised for a hundred lots."""

    @property
    def lots(self) -> int:
        """Lots of the year."""

    @property
    def promised(self) -> float:
        """False alarms promised for them."""

    @property
    def spent(self) -> float:
        """False alarms to be expected of the tests that began."""

    @property
    def refuted(self) -> int:
        """Signals that were refuted."""

    @property
    def confirmed(self) -> int:
        """Signals that were confirmed."""


@dataclass(frozen=True, slots=True)
class PromiseWidget:
    """Bars with their words, and the sentence above them."""

    said: str
    picture: Markup


def promise_widget(use: Use) -> PromiseWidget | None:
    """The widget; None before the first lot of the year."""
    if not use.lots:
        return None
    said = _("False alarms promised: at most %(rate)s in 100 batches. In the last year %(lots)s batches were watched.",
             rate=_figure(use.per_hundred_lots), lots=number(use.lots, current_locale()))
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
