"""The sweeps that follow recalls: what came back past their books, what their scopes reach, what came after the end."""
from __future__ import annotations

from traceapp.recall import booking
from traceapp.recall.following import follow_scopes, is_any_to_follow
from traceapp.recall.late_review import REVIEW_LATE, review_late
from traceapp.recall.told_despatches import are_despatches_told, follow_told
from traceapp.world import World

from .working import work_off


def follow_recall_scopes(world: World) -> int:
    """Count in the books of recalls, ended ones too, what came back past them, and stop what was made or received
    within their scopes since, and compare what others tell; answers how many returns, lots and despatches."""
    with world.database.read() as session:
        is_any = is_any_to_follow(session)
        is_any_back = is_any and booking.are_returns_to_book(session)
    done = 0
    if is_any_back:
        with world.database.write() as session:
            done = booking.book_returns(session, world.clock)
    if is_any:
        with world.database.write() as session:
            done += follow_scopes(session, world.clock)
    return done + _follow_told(world) + _book_late_returns(world)


def _follow_told(world: World) -> int:
    """Have whoever a despatch names that only another system tells of become work."""
    with world.database.read() as session:
        if not are_despatches_told(session, world.clock):
            return 0
    with world.database.write() as session:
        return follow_told(session, world.clock)


def _book_late_returns(world: World) -> int:
    with world.database.read() as session:
        if not booking.may_late_returns_wait(session):
            return 0
        found = booking.late_returns_to_book(session, world.clock)
    with world.database.write() as session:
        return booking.book_late_returns(session, world.clock, found)


def review_late_answers(world: World) -> int:
    """Say what becomes of answers after the end of recalls that came before there were states of them; answers how many
    recalls."""
    return work_off(world.database, world.clock, REVIEW_LATE, 20,
                    lambda session, key: review_late(session, world.clock, key))
