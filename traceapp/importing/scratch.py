"""What a rehearsal remembers of the file so far, on disk, so that memory does not grow with the rows."""
from __future__ import annotations

import hashlib
import pickle
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from traceapp.core.errors import Conflict
from traceapp.trace.model import Lot

from .desk import Desk, Line, Names

_COLUMNS = tuple(column.key for column in Lot.__table__.columns if column.key != "revision")


class Scratch:
    """A private database without a name; SQLite keeps what does not fit its cache in a file that goes with it."""

    def __init__(self) -> None:
        self._store = sqlite3.connect("", isolation_level=None)
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-8000",
                          "CREATE TABLE seen (name TEXT PRIMARY KEY, row INTEGER, digest BLOB) WITHOUT ROWID",
                          "CREATE TABLE lot (key TEXT PRIMARY KEY, number TEXT, content BLOB) WITHOUT ROWID",
                          "CREATE INDEX by_number ON lot (number)", "BEGIN"):
            self._store.execute(statement)

    def close(self) -> None:
        """Forget it all."""
        self._store.close()

    def refuse_repeated(self, names: Names, lines: Sequence[Line]) -> bool:
        """Whether the file has said the very same before. Raises Conflict where it said something else of it."""
        digest = _digest(lines)
        for position, (field, name) in enumerate(names):
            found = self._store.execute("SELECT row, digest FROM seen WHERE name = ?", (name,)).fetchone()
            if found is None:
                continue
            if position == 0 and found[1] == digest:
                return True
            raise Conflict("Row %(row)s of this file says something else of the same.", code="twice-in-file",
                           place=field, row=found[0])
        return False

    def note(self, names: Names, lines: Sequence[Line]) -> None:
        """These rows are good: whoever says the same later only repeats them."""
        digest = _digest(lines)
        self._store.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)",
                                [(name, lines[0].number, digest) for _field, name in names])

    def keep_lots(self, desk: Desk) -> None:
        """Remember the lots of the desk as they would be after this part of the file."""
        lots = [lot for lot in desk.lots.values() if lot in desk.session]
        self._store.executemany("INSERT OR REPLACE INTO lot VALUES (?, ?, ?)", [
            (lot.lot_key, lot.number, pickle.dumps({name: getattr(lot, name) for name in _COLUMNS})) for lot in lots])

    def recall(self, session: Session, name: str) -> None:
        """Put the lots with this key or number into the unit of work as earlier parts of the file left them."""
        found = self._store.execute("SELECT key, content FROM lot WHERE key = ? OR number = ?", (name, name)).fetchall()
        for key, content in found:
            if session.identity_map.get(session.identity_key(Lot, key)) is not None:
                continue
            values: dict[str, Any] = pickle.loads(content)  # noqa: S301 - written above, in a file without a name
            lot = session.get(Lot, key)
            if lot is None:
                session.add(Lot(**values))
            else:
                for column, value in values.items():
                    setattr(lot, column, value)
            session.flush()


def _digest(lines: Sequence[Line]) -> bytes:
    text = repr([sorted(line.values.items()) for line in lines])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


@contextmanager
def scratch() -> Iterator[Scratch]:
    """A memory of a rehearsal, for as long as it lasts."""
    made = Scratch()
    try:
        yield made
    finally:
        made.close()
