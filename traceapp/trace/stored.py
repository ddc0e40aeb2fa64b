"""Reading stored events again."""
from __future__ import annotations

import json

from traceapp.epcis import Event as Said
from traceapp.epcis import event_from, load_json

from .model import Event


def said_of(row: Event) -> Said:
    """The event of a stored row, read again."""
    return event_from(load_json(row.document), json.loads(row.context))
