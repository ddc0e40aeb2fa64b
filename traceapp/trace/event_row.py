"""The row of an event that is to be stored, and its time-ordered id."""
from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from traceapp.core.ids import new_id
from traceapp.epcis import Event as Said
from traceapp.epcis import dumps

from .model import Event

_REMEMBERED_MOMENTS = 4096
_COUNTER_BITS = 24
_counts: OrderedDict[int, int] = OrderedDict()
_counting = threading.Lock()


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A value for each column of `Event`, without the weight of an entity: documents bring thousands."""

    subject_key: str
    id: str
    event_id: str
    type: str
    action: str | None
    event_time: datetime
    zone_offset: str
    recorded_at: datetime
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    hash: str
    document: str
    context: str
    capture_id: str | None
    actor_id: str


EventRow = Event | NewEvent
EVENT_COLUMNS = tuple(field.name for field in fields(NewEvent))
event_values = attrgetter(*EVENT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Recorded:
    """When, by whom and with which document an event came."""

    at: datetime
    actor_id: str
    capture_id: str | None = None


def event_row_id(at: datetime) -> str:
    """A time-ordered id like `new_id`, and in order of making also within one millisecond of this process, so that
    a rebuild reads events in the order in which they were recorded.

    Source: RFC 9562, section 6.2, method 1.
    """
    fresh = int(new_id(at), 16)
    millisecond = fresh >> 80
    with _counting:
        count = _counts.pop(millisecond, -1) + 1
        _counts[millisecond] = count
        if len(_counts) > _REMEMBERED_MOMENTS:
            _counts.popitem(last=False)
    # The counter takes the twelve bits after the version and the top twelve of the random part after the variant.
    high, low = divmod(count & ((1 << _COUNTER_BITS) - 1), 1 << 12)
    mask = (((1 << 12) - 1) << 64) | (((1 << 12) - 1) << 50)
    return f"{fresh & ~mask | high << 64 | low << 50:032x}"


def event_row(said: Said, digest: str, subject_key: str, recorded: Recorded, document: Mapping[str, Any]) -> NewEvent:
    """The row of an event, to be handed to `store_once`; `document` is what is kept of it."""
    return written_row(said, digest, subject_key, recorded, (dumps(document), dumps(said.context)))


def written_row(said: Said, digest: str, subject_key: str, recorded: Recorded, texts: tuple[str, str]) -> NewEvent:
    """The row of an event whose texts are written already: the event itself, and its context."""
    return NewEvent(
        subject_key=subject_key, id=event_row_id(recorded.at), event_id=said.event_id or digest, type=said.type,
        action=said.action, event_time=said.event_time, zone_offset=said.offset, recorded_at=recorded.at,
        biz_step=said.biz_step, disposition=said.disposition, read_point=said.read_point,
        biz_location=said.biz_location, hash=digest, document=texts[0], context=texts[1],
        capture_id=recorded.capture_id, actor_id=recorded.actor_id)
