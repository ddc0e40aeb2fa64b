"""Clusters of reports of one event: joined whole, split where somebody was wrong, never losing a report."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from tests.factories_complaint import a_report, submit
from traceapp.complaint.clusters import (
    LeadCluster,
    SplitCluster,
    cluster_of,
    join_clusters,
    lead_cluster,
    split_cluster,
)
from traceapp.complaint.model import Complaint
from traceapp.complaint.queries import complaint_by_id
from traceapp.complaint.service import LinkDuplicate
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.db import Database


@pytest.fixture
def ids(database: Database, clock: FixedClock, actor: Actor) -> list[str]:
    """Five reports, the later ones learned of earlier; the second to fourth are duplicates of the first."""
    made = [submit(database, clock, a_report(
        channel="telephone", awareness_at=datetime(2026, 11, 10 - number, tzinfo=UTC)), actor).complaint.id for number in range(5)]
    for one in made[1:4]:
        join(database, clock, actor, one, made[0])
    return made


def join(database: Database, clock: FixedClock, actor: Actor, one: str, master: str | None) -> None:
    with database.write() as session:
        join_clusters(session, actor, clock, LinkDuplicate(one, master, "Same event"))


def masters(database: Database, ids: list[str]) -> list[int | None]:
    with database.read() as session:
        found = [complaint_by_id(session, one) for one in ids]
        return [None if one is None or one.master_id is None else ids.index(one.master_id) for one in found]


def test_the_event_was_known_since_the_earliest_report_whichever_of_them_is_asked(database: Database, ids: list[str]) -> None:
    with database.read() as session:
        for one in (ids[0], ids[2]):
            complaint = complaint_by_id(session, one)
            assert complaint is not None
            cluster = cluster_of(session, complaint)
            assert (cluster.master.id, len(cluster.others), cluster.awareness_at.day) == (ids[0], 3, 7)


def test_a_master_joins_another_with_all_that_were_linked_to_it(
        database: Database, clock: FixedClock, actor: Actor, ids: list[str]) -> None:
    join(database, clock, actor, ids[0], ids[4])
    assert masters(database, ids) == [4, 4, 4, 4, None]
    join(database, clock, actor, ids[2], None)
    assert masters(database, ids) == [4, 4, None, 4, None]


def test_what_tells_of_another_event_is_split_off_under_the_report_that_was_learned_of_first(
        database: Database, clock: FixedClock, actor: Actor, ids: list[str]) -> None:
    with database.write() as session:
        cluster = split_cluster(session, actor, clock, SplitCluster(ids[0], (ids[1], ids[3]), "Two patients"))
        assert (cluster.master.id, [one.id for one in cluster.others]) == (ids[3], [ids[1]])
    assert masters(database, ids) == [None, 3, 0, None, None]
    for wrong, refusal in (((), InvalidInput), ((ids[1],), Conflict), ((ids[4],), Conflict)):
        with pytest.raises(refusal), database.write() as session:
            split_cluster(session, actor, clock, SplitCluster(ids[0], wrong, "Two patients"))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Complaint)) == 5


def test_a_duplicate_that_shall_count_takes_the_former_master_and_all_others_along(
        database: Database, clock: FixedClock, actor: Actor, ids: list[str]) -> None:
    with database.write() as session:
        cluster = lead_cluster(session, actor, clock, LeadCluster(ids[2], "It names the batch"))
        assert cluster.awareness_at.day == 7
    assert masters(database, ids) == [2, 2, None, 2, None]
    for alone in (ids[2], ids[4]):
        with pytest.raises(Conflict, match="counts already"), database.write() as session:
            lead_cluster(session, actor, clock, LeadCluster(alone, "Again"))
    with pytest.raises(InvalidInput), database.write() as session:
        lead_cluster(session, actor, clock, LeadCluster(ids[0], " "))
    assert masters(database, ids) == [2, 2, None, 2, None]
