"""Records for an authority on the pages of staff and regulators and over the API: the same choice, the same file."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for
from flask import send_file as send_file_of
from flask_babel import gettext
from sqlalchemy.orm import Session

from traceapp.catalog.queries import all_products
from traceapp.catalog.queries import sites as all_sites
from traceapp.core.errors import NotFound, Problem, Stale, TooLarge
from traceapp.export.records import record_texts
from traceapp.export.spreadsheet import MEDIA_TYPES
from traceapp.submission.model import ExportRecord, RecordsJob
from traceapp.submission.records import EPCIS_TYPE, FORMS, KIND, AskedRecords, RecordsFile, write_records
from traceapp.submission.records_jobs import OrderRecords, order_records, own_job
from traceapp.submission.records_states import FileState
from traceapp.submission.service import ExportFilter, export_page
from traceapp.trace.genealogy import DIRECTIONS
from traceapp.trace.tracking_choice import count_chosen, product_of_code, site_of_code

from .context import actor, signed_in, world
from .i18n import language
from .oversight import checked, lot_asked, reached_products
from .problems import translated
from .reading import given, period
from .tables import NewFile, send_file
from .words import own_name

# What is made while the reader waits: half a minute's work.
MOST_AT_ONCE = 20_000
FIELDS = ("lot", "direction", "since", "until", "product", "site", "steps")
_ENDINGS = {"epcis": "jsonld"}


def page_values(here: str, file: str) -> tuple[int, dict[str, Any]]:
    """Status and values of the page `records.html`: what was chosen, how many events that is, and what was taken
    before. `here` and `file` are the endpoints of the page and of its files."""
    wanted = {name: given(name) for name in FIELDS}
    count, errors, status = None, [], 200
    with world().database.read() as session:
        if request.args.get("chosen"):
            try:
                count = count_chosen(session, checked(asked_records(session, wanted)).choice(session))
            except Problem as error:
                errors, status = [(error.place or "lot", translated(error))], 422
        products = [(product.id, f"{product.code} · {own_name(product)}")
                    for product in reached_products(all_products(session, only_active=False))]
        sites = [(site.id, f"{site.code} · {own_name(site)}") for site in all_sites(session)]
        before = export_page(session, ExportFilter(actor_id=actor().id, kind=KIND, limit=10))
    kept = {name: value for name, value in wanted.items() if value}
    files = [(form.upper(), url_for(file, **(kept | {"format": form})))  # type: ignore[arg-type]
             for form in FORMS]
    return status, {"wanted": wanted, "count": count, "errors": errors, "products": products, "sites": sites,
                    "files": files, "before": before, "here_url": url_for(here),
                    "is_large": (count or 0) > MOST_AT_ONCE, "most": MOST_AT_ONCE,
                    "told_of": lambda row: told_words(row, dict(products), dict(sites))}


def send_asked() -> Response:
    """The file of what the address asks for. Raises InvalidInput and NotFound for what cannot be asked."""
    wanted, form = {name: given(name) for name in FIELDS}, given("format")
    if form not in FORMS:
        raise NotFound("There is nothing at this address.")
    with world().database.read() as session:
        asked = asked_records(session, wanted)
    return send_records(asked, form, {name: value for name, value in wanted.items() if value})


def ordered(session: Session, asked: AskedRecords, form: str, filters: Mapping[str, object]) -> RecordsJob:
    """Have the file made in the background, in the reader's language."""
    checked(asked)
    texts = {text: gettext(text) for text in ("Records", *record_texts())} if language() != "en" else {}
    told = {name: value for name, value in filters.items() if value} | {"language": language()}
    return order_records(session, signed_in(), world().clock, OrderRecords(asked, form, told, language(), texts))


def send_made(job_id: str) -> Response:
    """The file that was made in the background. Raises NotFound."""
    with world().database.read() as session:
        job = own_job(session, signed_in(), job_id)
    checked(AskedRecords.of(job.asked))
    path = world().records.path_of(job.id)
    if job.state != FileState.done or not path.is_file():
        raise NotFound("There is no such file.", code="unknown-file", place="job_id")
    answer = send_file_of(path, mimetype=MEDIA_TYPES.get(job.form, EPCIS_TYPE).partition(";")[0], as_attachment=True,
                          download_name=f"{KIND}-{job.id[-6:]}.{_ENDINGS.get(job.form, job.form)}",
                          etag=job.sha256 or False)
    if answer.status_code == 412:  # somebody asked for another version of it
        answer.close()
        raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, and try "
                    "again. Nothing was saved.")
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-SHA256"] = job.sha256 or ""
    return answer


def send_records(asked: AskedRecords, form: str, filters: Mapping[str, object]) -> Response:
    """The file in the reader's language, recorded with its hash before it is sent. Raises TooLarge for one that is to
    be made in the background."""
    checked(asked)

    def write(file: Any) -> Any:
        with world().database.snapshot() as session:
            choice = asked.choice(session)
            if count_chosen(session, choice) > MOST_AT_ONCE:
                raise TooLarge("These are more than %(most)d events. Have the file made in the background, or choose a "
                               "shorter period.", code="too-many-events", most=MOST_AT_ONCE)
            return write_records(session, file, RecordsFile(
                choice, form, world().clock.now(), language(), gettext))

    told = dict(filters) | {"language": language()}
    return send_file(NewFile(KIND, form, told, _ENDINGS.get(form, "")), write)


def asked_records(session: Session, wanted: Mapping[str, str]) -> AskedRecords:
    """What the fields of the page say. Raises InvalidInput and NotFound for what cannot be asked."""
    since, until = period(wanted)
    direction = wanted["direction"] if wanted["direction"] in DIRECTIONS else None
    return AskedRecords(
        lot_asked(session, wanted["lot"]) if wanted["lot"] else None, direction, True, since, until,
        product_of_code(session, wanted["product"]) if wanted["product"] else None,
        site_of_code(session, wanted["site"]) if wanted["site"] else None, bool(wanted["steps"]))


def told_words(row: ExportRecord | RecordsJob, products: Mapping[str, str], sites: Mapping[str, str]) -> list[str]:
    """What a file was asked for, in words."""
    filters = row.filters if isinstance(row, ExportRecord) else row.told
    names = {"since": gettext("from"), "until": gettext("to"), "lot": gettext("batch")}
    found = [f"{word} {filters[name]}" for name, word in names.items() if filters.get(name)]
    return found + [names_of.get(filters[name], str(filters[name])) for name, names_of in (
        ("product", products), ("site", sites)) if filters.get(name)]
