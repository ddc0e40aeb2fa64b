"""Plain functions that make what tests need. Deterministic; each returns what it made."""
from __future__ import annotations

from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.identity.model import User
from traceapp.identity.service import NewUser, create_user
from traceapp.oversight.setting import SetScope, set_scope

PASSWORD = "correct horse battery staple"


def make_user(database: Database, clock: FixedClock, role: str, name: str | None = None) -> User:
    """A user of `role` who signs in with `name` (the role's name by default) and PASSWORD; a regulator is the one at
    home, who oversees everything."""
    with database.write() as session:
        user = create_user(session, SYSTEM, clock, NewUser(sign_in_name=name or role, name=f"Test {name or role}",
                                                           role=role, password=PASSWORD, language="zh"))
        if role == "regulator":
            session.flush()
            set_scope(session, SYSTEM, clock, SetScope(user.id, ("CN",)))
        return user
