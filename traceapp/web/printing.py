"""Printing, as console and interface do it: small prints are made at once, large ones become a job; files go out."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import send_file
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.code.print_choice import MEDIA_TYPES, PrintChoice
from traceapp.code.print_content import Printable, Written, write_labels
from traceapp.code.print_model import PrintJob
from traceapp.code.printing import (
    OrderPrint,
    hand_out,
    job_by_id,
    order_print,
    printable,
    refuse_unprintable,
)
from traceapp.core.ids import new_id
from traceapp.web.context import signed_in, world

MADE_AT_ONCE = 300


@dataclass(frozen=True, slots=True)
class Prepared:
    """A print that may be ordered; its file is there already where it is small."""

    wanted: Printable
    job_id: str
    reason: str
    part: Path | None = None
    made: Written | None = None

    def order(self, session: Session) -> PrintJob:
        """The job, in this unit of work. Raises as `order_print`."""
        job = order_print(session, signed_in(), world().clock, OrderPrint(
            self.wanted.lot.lot_key, self.job_id, self.wanted.choice, self.wanted.total, self.wanted.run, self.reason,
            self.made))
        if self.part is not None:
            world().prints.keep(self.part, self.job_id)
        return job


def read_printable(lot_key: str, choice: PrintChoice) -> Printable:
    """What prints, of a lot that may be printed now. Raises as `printable` and `refuse_unprintable`."""
    here = world()
    with here.database.read() as session:
        found = printable(session, lot_key, choice, here.settings.base_url, here.code_keys)
        refuse_unprintable(session, found.lot, choice.template, here.clock)
    return found


@contextmanager
def prepared(lot_key: str, choice: PrintChoice, reason: str) -> Iterator[Prepared]:
    """Check all, and make the file of a small print before the unit of work, which makes other writers wait."""
    here = world()
    wanted = read_printable(lot_key, choice)
    job_id = new_id(here.clock.now())
    if wanted.total > MADE_AT_ONCE:
        yield Prepared(wanted, job_id, reason)
        return
    part = here.prints.begin(job_id, "now")
    try:
        yield Prepared(wanted, job_id, reason, part, write_labels(wanted, part))
    finally:
        part.unlink(missing_ok=True)


def print_file(lot_key: str, job_id: str) -> Response:
    """The file of a job that is done; that it went out is on the trail before its first byte."""
    here = world()
    with here.prints.open(job_id):
        pass  # says that it is gone before anything is noted
    with here.database.write() as session:
        job = job_by_id(session, lot_key, job_id)
        hand_out(session, signed_in(), here.clock, job)
        wanted = printable(session, lot_key, PrintChoice.of(job.options), here.settings.base_url, here.code_keys)
    suffix = wanted.choice.suffix(job.total)
    answer = send_file(here.prints.path_of(job_id), mimetype=MEDIA_TYPES[suffix], as_attachment=True,
                       download_name=f"labels-{wanted.lot.number}-{job_id[-6:]}.{suffix}", etag=job.sha256 or False,
                       conditional=False)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-SHA256"] = job.sha256 or ""
    return answer
