"""The engine and the unit of work. Nothing else in the product commits."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import QueuePool

from traceapp.core.errors import Conflict, Stale

from .liveness import watch_for_dead
from .write_lock import WAIT_SECONDS, WriteLock

# Source: https://www.sqlite.org/wal.html, "The WAL-reset bug": fixed in 3.51.3, 3.50.7 and 3.44.6.
_WAL_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
_MOST_WAITING = 8
# Where nobody folds the log (see `fold_log`), the writer who makes it so long does: 120 MB, about a second.
_LOG_PAGES = 30_000
_LOOK_MS = 1000  # who only looks waits for nothing but a recovery after a crash, and somebody waits for the look
_MAPPED_BYTES = 2 * 1024**3 - 65536  # the most that SQLite maps unless built for more
_seals: list[Callable[[Session], None]] = []


class Taken(Conflict):
    """Another writer added a row with the same key at the same moment; its cause is the database's own error."""

    code = "taken-meanwhile"


def on_seal(seal: Callable[[Session], None]) -> Callable[[Session], None]:
    """Have `seal(session)` run as the last act inside every writing transaction."""
    if seal not in _seals:
        _seals.append(seal)
    return seal


def sqlite_module() -> ModuleType:
    """The SQLite driver: the bundled newer one where a wheel exists, else the standard library's."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        from sqlite3 import dbapi2
    return dbapi2


def sqlite_wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite version is free of the WAL-reset bug."""
    if version >= _WAL_FIXED[0] or version < (3, 7, 0):
        return True
    return any(version[:2] == fixed[:2] and version >= fixed for fixed in _WAL_FIXED[1:])


class Database:
    """One database: `write()` is a unit of work, `read()` a look, `reading()` a bare connection for hot paths.

    `is_durable=False` leaves out the wait for the disk on SQLite: for tests, never for a plant. `lock_wait_seconds` is
    how long a writer waits for its turn.
    """

    def __init__(self, url: str, *, prepare_threshold: int | None = 5, is_durable: bool = True,
                 lock_wait_seconds: float = WAIT_SECONDS) -> None:
        self.url = make_url(url)
        self.lock_wait_seconds = lock_wait_seconds
        self.is_durable = is_durable
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._sqlite_engine() if self.is_sqlite else self._postgresql_engine(prepare_threshold)
        self._lock = WriteLock(Path(str(self.url.database)), lock_wait_seconds) if self.is_sqlite else None
        reads = {"only_reads": True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._read_engine = self.engine.execution_options(**reads)
        self.look_engine = self._sqlite_engine(is_looking=True) if self.is_sqlite else self._read_engine
        views = {"deferred": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._snapshots = sessionmaker(self.engine.execution_options(**views), expire_on_commit=False, autoflush=False)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._read_sessions = sessionmaker(self._read_engine, expire_on_commit=False, autoflush=False)
        self._waiting: list[Connection] = []

    def _sqlite_engine(self, *, is_looking: bool = False) -> Engine:
        if not self.url.database or self.url.database == ":memory:":
            raise ValueError("SQLite needs a file: several processes share it")
        Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # The connection used last has its pages at hand; the others rest.
        engine = create_engine(self.url, module=sqlite_module(), poolclass=QueuePool, pool_use_lifo=True, pool_size=8,
                               max_overflow=24, hide_parameters=True,
                               connect_args={"timeout": self.lock_wait_seconds, "check_same_thread": False})
        event.listen(engine, "connect", partial(_prepare_sqlite, "FULL" if self.is_durable else "OFF"))
        if is_looking:
            event.listen(engine, "connect", _prepare_to_look)
            return engine.execution_options(only_reads=True)
        event.listen(engine, "begin", _begin_immediate)
        return engine

    def _postgresql_engine(self, prepare_threshold: int | None) -> Engine:
        url = self.url
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(url, pool_size=8, max_overflow=24, pool_use_lifo=True, hide_parameters=True,
                               connect_args={"prepare_threshold": prepare_threshold})
        watch_for_dead(engine)
        return engine

    @property
    def dialect(self) -> str:
        return "sqlite" if self.is_sqlite else "postgresql"

    def exclusive(self, *, may_last: bool = False) -> AbstractContextManager[None]:
        """Holds off every other writer on SQLite; on PostgreSQL rows are locked instead. Raises Busy (503)."""
        return self._lock.hold(may_last=may_last) if self._lock else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit of work: all of it is committed at the end, sealed, or nothing of it.

        Raises Stale when another writer changed the same version of a row, Taken when one added a row with the same
        key, Busy when another writer of SQLite did not end in time.
        """
        with self.exclusive(), self._sessions() as session:
            try:
                yield session
                session.flush()
                for seal in _seals:
                    seal(session)
                session.commit()
            except StaleDataError as error:
                session.rollback()
                raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, "
                            "and try again. Nothing was saved.") from error
            except IntegrityError as error:
                session.rollback()
                if not is_taken(error):
                    raise
                raise Taken("Somebody else recorded the same at the same moment, or the number is taken. Nothing was "
                            "saved. Reload the page and look before you try again.") from error
            except BaseException:
                session.rollback()
                raise
        for effect in session.info.pop("after_commit", []):
            effect()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; what is changed in it is not kept."""
        with self._read_sessions() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that sees one moment of the whole database, however long it reads; for exports and proofs."""
        with self._snapshots() as session:
            yield session
            session.rollback()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A bare connection in autocommit, for single statements on hot paths, whose rows are all fetched.

        On SQLite some wait here for the next look: there they never go stale, and the pool's care takes a tenth of the
        time of a scan page.
        """
        try:
            connection = self._waiting.pop()
        except IndexError:
            connection = self.look_engine.connect()
        try:
            yield connection
            if connection.in_transaction():
                connection.rollback()
        except BaseException:
            connection.close()
            raise
        if self.is_sqlite and len(self._waiting) < _MOST_WAITING:
            self._waiting.append(connection)
        else:
            connection.close()

    def fold_log(self) -> None:
        """Bring what was written on SQLite from the log into the file, without making a writer wait; `jobs` does it
        every three seconds, so that the writer who fills the log does not have to. Nothing to do on PostgreSQL, and
        nothing is done by a SQLite with the WAL-reset bug, which this would invite."""
        if self.is_sqlite and sqlite_wal_is_safe(sqlite_module().sqlite_version_info):
            with self._read_engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").close()

    def close(self) -> None:
        """Give all connections back to the system."""
        while self._waiting:
            self._waiting.pop().close()
        self.look_engine.dispose()
        self.engine.dispose()


def is_taken(error: IntegrityError) -> bool:
    """Whether the database refused a second row with the same key; another constraint is an error of ours."""
    # Source: PostgreSQL, appendix A: 23505 unique_violation.
    return getattr(error.orig, "sqlstate", None) == "23505" or str(error.orig).startswith("UNIQUE constraint failed")


def after_commit(session: Session, effect: Callable[[], None]) -> None:
    """Run `effect` once the unit of work is committed; never when it was rolled back."""
    session.info.setdefault("after_commit", []).append(effect)


def _prepare_sqlite(synchronous: str, connection: Any, _: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"synchronous={synchronous}",
                   "temp_store=MEMORY", "cache_size=-32000", f"wal_autocheckpoint={_LOG_PAGES}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_to_look(connection: Any, _: object) -> None:
    """What is read comes from the file as the system holds it, without a copy: a connection's own pages are dropped
    whenever another one has written. Takes addresses, no memory. Not for connections that write, nor for a SQLite with
    the WAL-reset bug."""
    if sqlite_wal_is_safe(sqlite_module().sqlite_version_info):
        connection.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}").close()
    for pragma in ("query_only=ON", f"busy_timeout={_LOOK_MS}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once (a deferred BEGIN fails at the first write); looks need no transaction."""
    options = connection.get_execution_options()
    if options.get("deferred"):
        connection.exec_driver_sql("BEGIN")
    elif not options.get("only_reads"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


__all__ = ["Database", "Taken", "after_commit", "is_taken", "on_seal", "sqlite_module", "sqlite_wal_is_safe"]
