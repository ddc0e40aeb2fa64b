"""Complaints are locked in one order: before their promises, and several by their ids. On PostgreSQL; SQLite has one
writer."""
from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.factories_complaint import a_report, submit
from traceapp.complaint.clusters import LeadCluster, join_clusters, lead_cluster
from traceapp.complaint.escalating import escalate_late
from traceapp.complaint.service import LinkDuplicate, complaint_of, link_duplicate
from traceapp.complaint.service_clocks import clocks_of
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.db import Database

pytestmark = pytest.mark.postgres
_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def two(database: Database, clock: FixedClock) -> tuple[str, str]:
    """The ids of two complaints, the lower first."""
    return tuple(sorted(submit(database, clock, a_report(narrative=said)).complaint.id  # type: ignore[return-value]
                        for said in ("red", "sore")))


def test_a_promise_is_called_for_later_while_its_complaint_is_in_hand(postgresql: Database, clock: FixedClock) -> None:
    in_hand, free = two(postgresql, clock)
    clock.move_to(clock.now() + timedelta(hours=25))
    with postgresql.write() as handling:
        complaint_of(handling, in_hand)
        with postgresql.write() as calling:
            calling.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert escalate_late(calling, clock) == len(late(postgresql, clock, free)) > 0
        for one in clocks_of(handling, in_hand):
            one.due_at += timedelta(minutes=1)
    with postgresql.write() as calling:
        assert escalate_late(calling, clock) == len(late(postgresql, clock, in_hand)) > 0


def late(database: Database, clock: FixedClock, complaint_id: str) -> list[str]:
    with database.read() as session:
        return [one.kind for one in clocks_of(session, complaint_id) if one.is_late(clock.now())]


@pytest.mark.parametrize("act", ["link", "join", "lead"])
def test_who_changes_several_complaints_waits_for_the_first_before_taking_the_second(
        postgresql: Database, clock: FixedClock, actor: Actor, act: str) -> None:
    lower, upper = two(postgresql, clock)
    if act == "lead":
        with postgresql.write() as session:
            link_duplicate(session, actor, clock, LinkDuplicate(upper, lower, "the same"))
    acts: dict[str, Callable[..., object]] = {
        "link": lambda db: link_duplicate(db, actor, clock, LinkDuplicate(upper, lower, "the same")),
        "join": lambda db: join_clusters(db, actor, clock, LinkDuplicate(upper, lower, "the same")),
        "lead": lambda db: lead_cluster(db, actor, clock, LeadCluster(upper, "it is better"))}
    done = []

    def change() -> None:
        with postgresql.write() as session:
            acts[act](session)
        done.append(act)

    other = threading.Thread(target=change)
    with postgresql.write() as session:
        complaint_of(session, lower)
        other.start()
        while not (waits := count_waiting(postgresql)) and other.is_alive():
            pass
        assert waits
        complaint_of(session, upper)
    other.join(30)
    assert done == [act]


def count_waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalar(_WAITS) or 0
