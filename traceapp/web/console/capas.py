"""Console: CAPAs. The list, a new one, the problem database; a case itself stands in the modules beside this one."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.capa.model import Capa
from traceapp.capa.opening import name_of
from traceapp.capa.policy import WHOLE_DAYS, home_day
from traceapp.capa.problems import ProblemFilter, ProblemRow, months_of, problem_rows, year_until
from traceapp.capa.queries import CapaFilter, capa_page, progress_of
from traceapp.capa.service import LinkTo, OpenCapa, open_capa, running_for
from traceapp.capa.states import CapaKind
from traceapp.catalog.lookup import products_by_id
from traceapp.complaint.terms import terms
from traceapp.core.errors import InvalidInput
from traceapp.identity.lookup import names_of_users
from traceapp.web.auth import may
from traceapp.web.capa_words import CAPA_KINDS, CAPA_STATES, LINK_KINDS, problem_word
from traceapp.web.context import actor, world
from traceapp.web.listings_capas import capas_table, problems_table
from traceapp.web.permissions import joined
from traceapp.web.reading import given
from traceapp.web.tables import send_table
from traceapp.web.ui import charts
from traceapp.web.words import choices, own_name, word

from . import capa_acts, capa_case, capa_work
from .acting import Done, Refusal, perform
from .capa_drafting import drafted, link_asked, owner_choices, problem_choices, product_choices, product_fields
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, export_links, placed, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined({
    "console.capas": "capa.read", "console.capa_new": "capa.write", "console.capa_open": "capa.write",
    "console.capa_problems": "capa.read"}, capa_case.PERMISSIONS, capa_acts.PERMISSIONS, capa_work.PERMISSIONS)
_WISHES = ("text", "state", "kind", "product", "owner", "late")
_SHOWN_PROBLEMS, _FEW_PROBLEMS = 200, 12


def _filter(wanted: dict[str, str], limit: int = PAGE_ROWS, after: str | None = None) -> CapaFilter:
    return CapaFilter(
        text=wanted["text"], state=choice(wanted["state"], CAPA_STATES), kind=choice(wanted["kind"], CAPA_KINDS),
        product_id=wanted["product"] or None, owner_id=wanted["owner"] or None,
        late_at=world().clock.now() if wanted["late"] else None, after=after, limit=limit)


@blueprint.get("/capa")
def capas() -> Response:
    """The list, the newest first; with `format` the same as a file."""
    wanted = wished(*_WISHES)
    if request.args.get("format"):
        return send_table(capas_table(_filter(wanted), wanted), request.args["format"])
    with world().database.read() as db:
        found = capa_page(db, _filter(wanted, after=given("after", 500) or None))
        progress = progress_of(db, (row.id for row in found.rows))
        people = names_of_users(db, (row.owner_id for row in found.rows))
        owners, products = owner_choices(db), product_choices(db)
    today = home_day(world().clock.now())
    return case_page(
        "console/capas.html", found=found, progress=progress, people=people, owners=owners, products=products,
        wanted=wanted, listed=placed(found, "console.capas", wanted), exports=export_links("console.capas", wanted),
        state_choices=choices(CAPA_STATES), kind_choices=choices(CAPA_KINDS), tag=capa_case.tag, today=today,
        is_late=lambda row: capa_case.is_late(row, progress[row.id].next_due_on, today))


@blueprint.get("/capa/new")
def capa_new() -> Response:
    """A new one; `signal`, `recall`, `complaint`, `adverse_event`, `supplier` or `inspection` fills it in."""
    with world().database.read() as db:
        return _show_new(db, Entered(drafted(db, link_asked())))


def _show_new(db: Session, form: Entered, status: int = 200) -> Response:
    link = link_asked()
    running: Capa | None = running_for(db, link) if link is not None else None
    return case_page(
        "console/capa_new.html", status, form=form, link=link, running=running, kinds=choices(CAPA_KINDS),
        link_word=f"{word(LINK_KINDS, link.kind)} {name_of(db, link)}" if link else "",
        owners=owner_choices(db), me=actor().id,
        products=product_choices(db), fields=product_fields(form), problem_kinds=problem_choices(),
        action=url_for("console.capa_open", **_address_of(link)),
        standard_day=home_day(world().clock.now()) + timedelta(days=WHOLE_DAYS))


def _address_of(link: LinkTo | None) -> dict[str, Any]:
    return {} if link is None else {link.kind: link.target_id, "lot": link.lot_key}


@blueprint.post("/capa/new")
def capa_open() -> Response:
    """Open it."""
    form, link = Entered(), link_asked()
    kind = form.choice("kind", list(CapaKind))
    due_on = form.day("due_on")

    def act(db: Session) -> Done:
        capa = open_capa(db, actor(), world().clock, OpenCapa(
            kind, form.text("title"), form.text("problem"), (link,) if link else (), tuple(form.several("product_ids")),
            form.text("owner_id") or None, due_on, form.text("problem_kind")))
        return Done(url_for("console.capa", capa_id=capa.id),
                    _("%(reference)s is open. Take it up and look for the cause.", reference=capa.reference))

    def again(status: int) -> Response:
        with world().database.read() as db:
            return _show_new(db, form, status)

    return perform(form, act, Refusal(again))


@blueprint.get("/capa/problems")
def capa_problems() -> Response:
    """How often which kind of problem was seen with which product, by month; with `format` the same as a file."""
    wanted = wished("since", "until", "product", "kind")
    fault = ""
    try:
        asked = _asked_problems(wanted)
        months = months_of(asked)
    except InvalidInput as error:
        fault, asked = _(error.message) % error.params if error.params else _(error.message), _asked_problems(
            wished("product", "kind") | {"since": "", "until": ""})
        months = months_of(asked)
    if request.args.get("format") and not fault:
        return send_table(problems_table(asked, wanted), request.args["format"])
    with world().database.read() as db:
        rows = problem_rows(db, asked)
        names = products_by_id(db, (row.product_id for row in rows))
        products = product_choices(db)
    return case_page(
        "console/capa_problems.html", rows=rows[:_SHOWN_PROBLEMS], total=len(rows), names=names, products=products,
        wanted=wanted, asked=asked, months=months, fault=fault, few=_FEW_PROBLEMS,
        exports=export_links("console.capa_problems", wanted),
        kinds=problem_choices(), problem_word=problem_word, picture=lambda row: _picture(row, months),
        behind=lambda row, source: _behind(row, source, months),
        **_top(rows, names))


def _asked_problems(wanted: dict[str, str]) -> ProblemFilter:
    today = home_day(world().clock.now())
    last = _month(wanted["until"], "until") or today
    first = _month(wanted["since"], "since") or year_until(last)
    return ProblemFilter(first, last, wanted["product"] or None, wanted["kind"] or None)


def _month(text: str, place: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        raise InvalidInput("“%(text)s” is not a day; write it as 2026-03-09.", code="not-a-day", place=place,
                           text=text[:40]) from None


def _picture(row: ProblemRow, months: list[date]) -> Any:
    return charts.sparkline(_("By month: %(counts)s", counts=", ".join(
        f"{month:%Y-%m} {count}" for month, count in zip(months, row.by_month, strict=True))), row.by_month)


def _behind(row: ProblemRow, source: str, months: list[date]) -> str | None:
    """The list of what a count counts, for those who may read it; None where there is nothing or no such list."""
    if not getattr(row, source) or not row.product_id:
        return None
    if source == "signals":
        return url_for("console.signals", product=row.product_id) if may("signal.read") else None
    if source == "capas":
        return url_for("console.capas", product=row.product_id)
    if row.kind not in terms() or not may("complaint.read"):
        return None
    last = months[-1]
    until = date(last.year + last.month // 12, last.month % 12 + 1, 1) - timedelta(days=1)
    return url_for("console.complaints", product=row.product_id, term=row.kind, since=months[0].isoformat(),
                   until=until.isoformat())


def _top(rows: list[ProblemRow], names: dict[str, Any]) -> dict[str, Any]:
    """The ten most frequent as bars with their table, the problem first: a narrow screen cuts the end; nothing for
    none."""
    bars = [(f"{problem_word(row.kind)} · {own_name(names.get(row.product_id or ''), _('Product not known'))}",
             row.total, str(row.total)) for row in rows[:10]]
    return {"top": charts.funnel(_("The most frequent problems"), bars) if bars else None,
            "top_rows": [{"cells": {"what": what, "count": text}} for what, _count, text in bars]}
