"""Console: what is expected of a product: in force, stated, and as its own history says, with what was left out."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.region import english_region
from traceapp.core.places import country as country_word
from traceapp.signals.delay import ENOUGH_REPORTS, Delay
from traceapp.surveillance.alarm import SeverityGroup
from traceapp.surveillance.basis import Basis, FollowHistory, SetBasis, Source, follow_history, set_basis
from traceapp.surveillance.expectation import Expectation, ask_refit, came_by, days_until, expectation_of
from traceapp.surveillance.fit_model import DetectionRate
from traceapp.surveillance.refit import MOST_LENT
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.reading import given
from traceapp.web.ui import charts, current_locale

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .words import KINDS

if TYPE_CHECKING:
    from traceapp.signals.exposure import DelayLaw

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.product_expected": "signal.read", "console.product_expected_set": "surveillance.configure",
    "console.product_expected_history": "surveillance.configure",
    "console.product_expected_learn": "surveillance.configure"}
_MILLION = 1_000_000
_MOST_SHOWN = 60
_ACTS = ("set", "history")
_NUMBERS = ("rate_per_unit", "use_mean_days", "report_shape", "report_mean_days", "alpha", "minimum_events")
GROUPS = {SeverityGroup.harm: lazy_gettext("Harm or not yet judged"),
          SeverityGroup.serious: lazy_gettext("Serious harm")}
SOURCES = {Source.default: (lazy_gettext("Stated default"), "check"),
           Source.stated: (lazy_gettext("Set by quality"), "plain"),
           Source.history: (lazy_gettext("Learnt from its history"), "go")}
WHYS = {"signal": lazy_gettext("under a signal"), "recalled": lazy_gettext("recalled"),
        "unseen": lazy_gettext("no day counts: held or in a recall's time from the first day on")}


@blueprint.get("/products/<product_id>/expected")
def product_expected(product_id: str) -> Response:
    """What is expected of a product and why."""
    return _show(product_id, given("do"))


def _show(product_id: str, do: str, form: Entered | None = None, status: int = 200) -> Response:
    with world().database.read() as db:
        found = expectation_of(db, product_id)
    do = do if do in _ACTS else ""
    return case_page(
        "console/product_expected.html", status, found=found, product=found.product, force=found.in_force,
        fit=found.fit, do=do, form=form or Entered(typed(found.stated) if do == "set" else None),
        source=SOURCES[found.in_force.source], numbers=_numbers(found), rates=[_rate(row) for row in found.rates],
        group_words=GROUPS, why_words=WHYS, kind=KINDS[found.product.kind], enough=ENOUGH_REPORTS, lent=int(MOST_LENT),
        publicity=[(date.fromisoformat(first), date.fromisoformat(last)) for first, last in found.fit.publicity]
        if found.fit else [], shown=_MOST_SHOWN, picture=_picture(found), harm=found.rate(SeverityGroup.harm),
        may_follow=found.in_force.source is Source.stated and found.fit is not None
        and found.fit.in_force_from is not None)


def _numbers(found: Expectation) -> list[tuple[str, str, str, str]]:
    """(what, in force, by history, stated) for each number."""
    history, rows = found.by_history, []
    for group, name in GROUPS.items():
        row = found.rate(group)
        rows.append((_("Reports per million units: %(group)s", group=str(name).lower() if language() == "en" else name),
                     per_million(found.in_force.rate(group)), _interval(row) if row else "–",
                     per_million(found.stated.rate(group))))
    fitted = history.law(found.stated.delay) if history is not None and history.waits else None
    for share, name in ((0.5, _("Half of the reports come within")), (0.9, _("Nine of ten reports come within"))):
        rows.append((name, _days(found.in_force.law, share), _days(fitted, share), _days(found.stated.law, share)))
    return rows


def _days(law: DelayLaw | None, share: float) -> str:
    days = days_until(law, share) if law is not None else None
    return "–" if days is None else _("%(days)s days", days=days)


def per_million(rate: float) -> str:
    """A rate per unit as people read it: three figures."""
    return f"{float(f'{rate * _MILLION:.3g}'):,.10g}"


def _interval(row: DetectionRate) -> str:
    return f"{per_million(row.rate)} ({per_million(row.low)} – {per_million(row.high)})"


def _rate(row: DetectionRate) -> tuple[DetectionRate, str, str, str]:
    """(row, region, rate with interval, the rate of the others that it leans on)."""
    leans = "–" if row.family_mean is None else per_million(row.family_mean)
    return row, region_word(row.region), _interval(row), leans


def region_word(name: str) -> str:
    """A region by its name in the reader's language."""
    country, _slash, region = name.partition("/")
    if not country:
        return _("All regions")
    shown = country_word(country, current_locale())
    return f"{shown} · {region if language() == 'zh' else english_region(region)}" if region else shown


def _picture(found: Expectation) -> tuple[Markup, list[dict[str, object]]] | None:
    """How many of all reports have come so many days after despatch, by what is in force and as stated, with the rows
    of its table; None where both are the same."""
    history = found.by_history
    if history is None or not history.waits:
        return None
    last = min(365, max(days_until(history.law(found.stated.delay), 0.99) or 0,
                        days_until(found.stated.law, 0.99) or 0, 10))
    step = max(1, last // 60)
    days = range(0, last + 1, step)
    fitted = _percents(came_by(history.law(found.stated.delay), last + 1), days)
    stated = _percents(came_by(found.stated.law, last + 1), days)
    words = charts.CurveWords(_("Reports that have come, in percent"), _("By history"), _("Stated"), "", "")
    drawing = charts.cumulative_curve(charts.Curve([_("day %(day)s", day=day) for day in days], fitted, stated), words)
    every = max(1, len(fitted) // 12)
    return drawing, [{"cells": {"day": days[place], "history": f"{fitted[place]:.0f} %",
                                "stated": f"{stated[place]:.0f} %"}} for place in range(0, len(fitted), every)]


def _percents(chances: Iterable[float], days: range) -> list[float]:
    values = list(chances)
    return [round(100 * values[day], 1) for day in days]


@blueprint.post("/products/<product_id>/expected")
def product_expected_set(product_id: str) -> Response:
    """Set what is expected of a product."""
    form = Entered()
    values = {name: entered_number(form, name) for name in _NUMBERS}

    def act(db: Session) -> Done:
        set_basis(db, actor(), world().clock, SetBasis(
            product_id, values["rate_per_unit"] / _MILLION,
            Delay(values["use_mean_days"], values["report_shape"], values["report_mean_days"]), values["alpha"] / 100,
            int(values["minimum_events"]), form.text("note"), form.revision()))
        return Done(_address(product_id), _("Saved. From now on the curve is drawn with these numbers."))

    return perform(form, act, Refusal(lambda status: _show(product_id, "set", form, status)))


@blueprint.post("/products/<product_id>/expected/history")
def product_expected_history(product_id: str) -> Response:
    """Use what history says."""
    form = Entered()

    def act(db: Session) -> Done:
        follow_history(db, actor(), world().clock, FollowHistory(product_id, form.text("reason"), form.revision()))
        return Done(_address(product_id), _("From now on what history says is used, as it is learnt anew."))

    return perform(form, act, Refusal(lambda status: _show(product_id, "history", form, status)))


@blueprint.post("/products/<product_id>/expected/learn")
def product_expected_learn(product_id: str) -> Response:
    """Have its history learnt anew."""
    form = Entered()

    def act(db: Session) -> Done:
        ask_refit(db, actor(), world().clock, product_id)
        return Done(_address(product_id), _("Asked for. It takes a minute; where nothing is new, nothing changes."))

    return perform(form, act, Refusal(lambda status: _show(product_id, "", form, status)))


def _address(product_id: str) -> str:
    return url_for("console.product_expected", product_id=product_id)


def entered_number(form: Entered, name: str) -> float:
    """A number of the form that may be zero."""
    found = form.amount(name, positive=False)
    if found is not None and found < 0:
        form.fault(name, _("A number cannot be below zero."))
    return float(found or 0)


def typed(basis: Basis) -> dict[str, str]:
    """What is stated as its form shows it: reports per million units, per cent."""
    return {"rate_per_unit": f"{basis.rate_per_unit * _MILLION:g}", "use_mean_days": f"{basis.delay.use_mean_days:g}",
            "report_shape": f"{basis.delay.report_shape:g}", "report_mean_days": f"{basis.delay.report_mean_days:g}",
            "alpha": f"{basis.alpha * 100:g}", "minimum_events": str(basis.minimum_events), "note": basis.note}
