"""One scheduler leads at a time; another one waits as a hot spare."""
from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta

from traceapp.core.clock import Clock
from traceapp.db import Database, Taken
from traceapp.worklist.model import SchedulerLease

LEASE = timedelta(seconds=20)
_NAME = "scheduler"


class Leadership:
    """A lease in the database: held while it is renewed, free twenty seconds after its holder fell silent."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"

    def take_or_renew(self) -> bool:
        """Try to lead, or to go on leading; answers whether this process leads now."""
        now = self.clock.now()
        try:
            with self.database.write() as session:
                lease = session.get(SchedulerLease, _NAME, with_for_update=True)
                if lease is None:
                    session.add(SchedulerLease(name=_NAME, holder=self.holder, until=now + LEASE))
                    return True
                # An end further away than a lease can be comes from a clock that was set back since.
                is_free = lease.until <= now or lease.until > now + 2 * LEASE
                if lease.holder != self.holder and not is_free:
                    return False
                lease.holder, lease.until = self.holder, now + LEASE
                return True
        except Taken:
            return False

    def give_up(self) -> None:
        """Free the lease at a clean stop, so that the spare need not wait."""
        with self.database.write() as session:
            lease = session.get(SchedulerLease, _NAME, with_for_update=True)
            if lease is not None and lease.holder == self.holder:
                lease.until = self.clock.now()
