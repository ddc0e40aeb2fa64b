"""`import`: master data and history out of CSV and XLSX."""
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from traceapp.core.actor import Actor
from traceapp.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from traceapp.importing.kinds import Kind
    from traceapp.importing.model import ImportJob
    from traceapp.importing.work import Claim, Progress
    from traceapp.world import World

_WHO = Actor(id="command-line", role="system", name="command line", source="cli")
_BAR, _MOST_SHOWN, _ANY_SIZE = 40, 1000, 1 << 62
_COUNTS = ("stored", "already", "changed", "refused")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "import", help="take in products, partners, sites, lots and history from a table",
        description="Looks at the whole table first, then takes its rows in, in small parts. Rows that are "
                    "there already are counted and harm nothing; called again after an interruption it goes on where "
                    "it was. Faults stand on stderr with row and column; one JSON line of counts on stdout. Exit code "
                    "1 when rows cannot be taken in and --skip-faulty is not given: then nothing was stored.")
    command.add_argument("kind", help="product, party, site, registration, lot, production, inspection, shipment or "
                         "telemetry")
    command.add_argument("file", nargs="?", help="CSV (UTF-8, UTF-16 or GB18030) or XLSX; - is standard input")
    command.add_argument("--template", choices=["csv", "xlsx"],
                         help="write an empty table of this kind to stdout instead, with one row as an example")
    command.add_argument("--dry-run", action="store_true", help="only look; nothing is stored")
    command.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD",
                         help="a column by its title, and what it means; may be given several times")
    command.add_argument("--skip-faulty", action="store_true", help="leave out rows that cannot be taken in")
    command.add_argument("--update", action="store_true",
                         help="products, partners, sites and markets that are there already are brought up to the file")
    command.add_argument("--zone", default="Asia/Shanghai", help="of times that do not say theirs (Asia/Shanghai)")
    command.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    from traceapp.db.migrate import upgrade
    from traceapp.importing.kinds import kind_of

    from .settings import world

    kind = kind_of(options.kind)
    if options.template:
        return _template(kind, options.template)
    if options.file is None:
        raise InvalidInput("Say which file, or --template for an empty one.", place="FILE")
    if options.file != "-":
        _opened(options.file).close()  # a slip in the name is told before anything is made
    here = world()
    upgrade(here.database)
    job = _resumable_or_new(here, kind, options)
    if job.started_at is None:
        job = _looked_at(here, job)
        found = job.checked or {}
        if options.dry_run or (found.get("refused") and not options.skip_faulty):
            _end(here, job)
            return _said(job, options, found, is_dry=True)
    else:
        print(f"going on after row {job.at_row}", file=sys.stderr)
    job = _run(here, job, skips_faulty=options.skip_faulty)
    return _said(job, options, {name: getattr(job, name) for name in _COUNTS}, is_dry=False)


def _template(kind: Kind, form: str) -> int:
    from traceapp.core.clock import SystemClock
    from traceapp.export.spreadsheet import table_file, write_table
    from traceapp.importing.handing_out import template_columns, template_rows

    with table_file() as file:
        write_table(file, form, template_columns(kind, "en"), template_rows(kind), (kind.name, SystemClock().now()))
        sys.stdout.buffer.write(file.read())
    return 0


def _opened(name: str) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise NotFound("%(name)s cannot be read: %(error)s", name=name, error=error.strerror) from error


def _resumable_or_new(here: World, kind: Kind, options: argparse.Namespace) -> ImportJob:
    """The import of this very file that was interrupted, else a new one with its columns named."""
    from traceapp.importing.orders import BeginImport, MapColumns, begin_import, map_columns, new_import_id, read_table
    from traceapp.importing.work import interrupted_import

    with _opened(options.file) as content:
        kept = here.imports.keep(new_import_id(here.clock), content, _ANY_SIZE)
    with here.database.read() as session:
        before = interrupted_import(session, kind.name, kept.sha256)
    if before is not None and not options.dry_run:
        here.imports.remove(kept.import_id)
        return before
    table = read_table(here.imports, kept, kind.name)
    with here.database.write() as session:
        job = begin_import(session, _WHO, here.clock, BeginImport(kind.name, Path(options.file).name, table,
                                                                  options.zone))
        mapping = _mapped(job.mapping, table.head, options.map)
        return map_columns(session, _WHO, here.clock, MapColumns(job.id, mapping, options.zone, options.update))


def _mapped(guessed: Mapping[str, int], head: tuple[str, ...], wishes: list[str]) -> dict[str, int]:
    """The columns as guessed, but for those that were named."""
    from traceapp.tables.heads import plain_title

    found = dict(guessed)
    titles = {plain_title(title): place for place, title in reversed(list(enumerate(head)))}
    for wish in wishes:
        title, _, name = wish.rpartition("=")
        place = titles.get(plain_title(title))
        if place is None:
            raise InvalidInput("There is no column “%(title)s”. The columns are: %(known)s.", place="--map",
                               title=title, known=", ".join(head))
        found = {field: at for field, at in found.items() if at != place}
        if name:
            found[name] = place
    return found


def _looked_at(here: World, job: ImportJob) -> ImportJob:
    """The import after the whole table was looked at. Raises Problem when the table cannot be read to its end."""
    from traceapp.importing.orders import order_check
    from traceapp.importing.states import ImportState
    from traceapp.importing.work import claim_import

    with here.database.write() as session:
        order_check(session, _WHO, here.clock, job.id)
        claim = claim_import(session, here.clock, ImportState.checking, job.id)
    assert claim is not None
    try:
        return _worked(here, claim, None)
    except BaseException:
        _end(here, job)
        raise


def _run(here: World, job: ImportJob, *, skips_faulty: bool) -> ImportJob:
    from traceapp.importing.orders import order_run, resume_import
    from traceapp.importing.states import ImportState
    from traceapp.importing.work import claim_import

    claim = None
    while claim is None:
        with here.database.write() as session:
            if job.started_at is None:
                job = order_run(session, _WHO, here.clock, job.id, skips_faulty=skips_faulty)
            elif job.state != ImportState.running:
                job = resume_import(session, _WHO, here.clock, job.id, skips_faulty=skips_faulty)
            claim = claim_import(session, here.clock, ImportState.running, job.id)
        if claim is None:
            print("somebody else works on it; waiting", file=sys.stderr)
            time.sleep(5)
            with here.database.read() as session:
                job = session.get_one(type(job), job.id)
            if job.state != ImportState.running:
                return job
    return _worked(here, claim, job.rows or (job.checked or {}).get("rows"))


def _worked(here: World, claim: Claim, rows: int | None) -> ImportJob:
    from traceapp.core.errors import Problem
    from traceapp.importing.orders import import_by_id
    from traceapp.jobs.import_sweep import work_on

    def watching(progress: Progress) -> None:
        _show_bar("looked at" if rows is None else "taken in", progress, claim.size_bytes)

    try:
        work_on(here, claim, watching=watching)
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
    with here.database.read() as session:
        job = import_by_id(session, claim.import_id)
    if job.trouble is not None:
        raise Problem(job.trouble["message"], code=job.trouble["code"], **job.trouble["params"])
    return job


def _show_bar(what: str, progress: Progress, size: int) -> None:
    if not sys.stderr.isatty():
        return
    share = min(1.0, progress.read_bytes / max(1, size))
    filled = int(_BAR * share)
    print(f"\r[{'#' * filled}{'.' * (_BAR - filled)}] {100 * share:3.0f} %  {progress.rows:,} rows {what}", end="",
          file=sys.stderr, flush=True)


def _end(here: World, job: ImportJob) -> None:
    from traceapp.importing.orders import cancel_import

    with here.database.write() as session:
        cancel_import(session, _WHO, here.clock, job.id)
    here.imports.remove(job.id)


def _said(job: ImportJob, options: argparse.Namespace, counts: Mapping[str, int], *, is_dry: bool) -> int:
    """The faults on stderr and the counts on stdout; 0 when what was asked for holds."""
    from traceapp.importing.handing_out import named_column
    from traceapp.importing.orders import faults_of
    from traceapp.importing.states import ImportState

    from . import show
    from .settings import database

    with database().read() as session:
        for fault in faults_of(session, job.id, limit=_MOST_SHOWN):
            column = named_column(job, fault)
            print(f"row {fault.row}" + (f", column {column}" if column else "") + f": {fault.text}"
                  + (f" [{fault.value}]" if fault.value else ""), file=sys.stderr)
    show({"kind": job.kind, "file": options.file, "import": job.id, "dry_run": is_dry,
          "rows": sum(counts.values()), **{name: counts.get(name, 0) for name in _COUNTS}})
    is_good = not counts.get("refused") or options.skip_faulty
    if is_dry and not is_good:
        print("traceapp: nothing was stored", file=sys.stderr)
    return 0 if is_good and (is_dry or job.state == ImportState.done) else 1
