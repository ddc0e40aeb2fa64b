"""CAPAs and the problem database as staff and machines download them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.capa.problems import ProblemFilter, months_of, problem_rows
from traceapp.capa.queries import CapaFilter, capa_page, product_codes_of, progress_of
from traceapp.catalog.lookup import products_by_id
from traceapp.export.spreadsheet import Column
from traceapp.identity.lookup import names_of_users

from .capa_words import CAPA_KINDS, CAPA_STATES, problem_word
from .context import world
from .tables import Table, Titles, titled
from .words import own_name, word

_ = lazy_gettext
_BATCH = 500
_CAPAS: Titles = (
    ("reference", _("CAPA")), ("kind", _("Kind")), ("state", _("State")), ("title", _("Title")),
    ("problem", _("Problem")), ("problem_kind", _("Kind of problem")), ("products", _("Products")),
    ("owner", _("Responsible")), ("due_on", _("Due")), ("actions", _("Actions of the CAPA")),
    ("done", _("Actions done")), ("opened_at", _("Opened")), ("closed_at", _("Closed")))
_PROBLEMS: Titles = (
    ("product", _("Product")), ("kind", _("Kind of problem")), ("complaints", _("Complaints")),
    ("signals", _("Signals")), ("capas", _("CAPAs")), ("total", _("All")))


def capas_table(wanted: CapaFilter, filters: Mapping[str, object]) -> Table:
    """The CAPAs of a filter with how far each is."""
    return Table("capas", gettext("CAPAs"), titled(_CAPAS), _capas(wanted), filters)


def _capas(wanted: CapaFilter) -> Iterator[dict[str, Any]]:
    after: str | None = None
    with world().database.snapshot() as db:
        while True:
            page = capa_page(db, replace(wanted, after=after, limit=_BATCH))
            progress = progress_of(db, (row.id for row in page.rows))
            codes = product_codes_of(db, [row.id for row in page.rows])
            people = names_of_users(db, (row.owner_id for row in page.rows))
            for row in page.rows:
                yield {"reference": row.reference, "kind": word(CAPA_KINDS, row.kind),
                       "state": word(CAPA_STATES, row.state), "title": row.title, "problem": row.problem,
                       "problem_kind": problem_word(row.problem_kind), "products": codes.get(row.id, []),
                       "owner": people.get(row.owner_id, row.owner_id), "due_on": row.due_on,
                       "actions": progress[row.id].actions, "done": progress[row.id].done,
                       "opened_at": row.opened_at, "closed_at": row.closed_at}
            after = page.next
            if after is None:
                return


def problems_table(wanted: ProblemFilter, filters: Mapping[str, object]) -> Table:
    """The problem database of a period, a column a month."""
    months = [f"{month:%Y-%m}" for month in months_of(wanted)]
    return Table("capa-problems", gettext("Problems"), [*titled(_PROBLEMS), *(Column(one, one) for one in months)],
                 _problems(wanted, months), filters)


def _problems(wanted: ProblemFilter, months: list[str]) -> Iterator[dict[str, Any]]:
    with world().database.snapshot() as db:
        rows = problem_rows(db, wanted)
        products = products_by_id(db, (row.product_id for row in rows))
        names = {key: own_name(product) for key, product in products.items()}
    for row in rows:
        yield {"product": names.get(row.product_id or "", ""), "kind": problem_word(row.kind),
               "complaints": row.complaints, "signals": row.signals, "capas": row.capas, "total": row.total,
               **dict(zip(months, row.by_month, strict=True))}
