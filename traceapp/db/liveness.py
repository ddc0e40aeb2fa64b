"""Whether a connection that waited in the pool still leads to a server, mostly without asking the server."""
from __future__ import annotations

import select
from functools import partial
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from traceapp.core.clock import monotonic_seconds

_SURE_SECONDS = 5.0
"""So long after its last use, what was cut off without a word between here and the server is not looked for."""
_USED = "used_at"


def watch_for_dead(engine: Engine) -> None:
    """Have a dead connection replaced before it is handed out. A server that ends or restarts says so, which stands in
    the socket; only a connection that has something to say, or waited for long, is asked whether it lives: asking costs
    as much as a statement."""
    event.listen(engine, "checkin", _note)
    event.listen(engine, "checkout", partial(_refuse_dead, engine))


def _note(_driver: Any, record: Any) -> None:
    record.info[_USED] = monotonic_seconds()


def _refuse_dead(engine: Engine, driver: Any, record: Any, _proxy: Any) -> None:
    used_at = record.info.get(_USED)
    if used_at is None:  # made just now
        return
    try:
        if _has_word(driver.fileno()) or monotonic_seconds() - used_at > _SURE_SECONDS:
            engine.dialect.do_ping(driver)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("the server ended this connection") from error


def _has_word(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLERR | select.POLLHUP)
    return bool(poll.poll(0))
