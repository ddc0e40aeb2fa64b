"""Recalls, one after the other, as fast as their letters go out: opened, signed, and signed by a second person."""
from __future__ import annotations

import queue
import time
from http.client import HTTPConnection

from .house import LETTERS_OF_A_RECALL, Team
from .installation import PASSWORD
from .post_office import PostOffice
from .writers import Machine, Said

# So many letters may wait when the next recall begins, and no more: who kills the jobs finds them at work.
_BACKLOG = LETTERS_OF_A_RECALL + 12
_LONGEST_WAIT_SECONDS = 20.0


class Pace:
    """The lots that are recalled next, shared by all teams, and how many letters that makes."""

    def __init__(self, lots: tuple[str, ...], office: PostOffice) -> None:
        self._lots: queue.SimpleQueue[str] = queue.SimpleQueue()
        for lot in lots:
            self._lots.put(lot)
        self._count, self._office = len(lots), office

    def next_lot(self) -> str:
        """A lot, once few letters wait. Raises queue.Empty when all were recalled."""
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while self._waiting() > _BACKLOG and time.monotonic() < until:
            time.sleep(0.2)
        return self._lots.get_nowait()

    def _waiting(self) -> int:
        return (self._count - self._lots.qsize()) * LETTERS_OF_A_RECALL - self._office.count()


class RecallWay:
    """One recall from the draft to the letters by three requests, each with its own key; interrupted, all three are
    sent again: what was done before is answered as it was then."""

    def __init__(self, team: Team, pace: Pace) -> None:
        self._team, self._pace = team, pace
        self._mark, self._lot = "", ""

    def __call__(self, connection: HTTPConnection, mark: str) -> Said:
        if mark != self._mark:
            self._mark, self._lot = mark, self._pace.next_lot()
        writer, manager = Machine(connection, self._team.writer), Machine(connection, self._team.manager)
        status, recall = writer.post("/recalls", _draft(mark, self._lot), f"{mark} open")
        path = f"/recalls/{recall.get('id')}"
        for who, act in ((writer, "submission"), (manager, "approval")):
            if status < 300:
                status, _ = who.post(f"{path}/{act}", {"password": PASSWORD}, f"{mark} {act}", who.etag(path))
        return Said(status, writer.is_replayed or manager.is_replayed)


def _draft(mark: str, lot: str) -> dict[str, object]:
    return {"recall_class": "I", "title_zh": mark, "title_en": mark, "reason": mark, "risk_zh": "皮肤可能红肿。",
            "risk_en": "The skin can become red.", "action_zh": "停止使用，单独存放。",
            "action_en": "Stop using it and keep it apart.", "contact": "0512-0000 0000", "root_lot_keys": [lot]}
