"""Taking in a recall message of a partner: what it means here becomes a duty with a proposal to hold."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.ids import name_key
from traceapp.identity.policy import permit
from traceapp.trace.holds import MANUAL, PlaceHold, place_hold
from traceapp.trace.model import HoldKind
from traceapp.worklist.tasks import RaiseTask, raise_task

from .message import ReceivedMessage, in_language
from .message_reads import ConcernedLot, concerned_lots

PARTNER_TASK = "recall.partner"
# How soon somebody has to look, by the class that the partner gave: I within four hours, else a day.
_WITHIN = {"I": timedelta(hours=4)}
_LATER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """`is_held`: what is in stock of the lots that the message means is held at once, by hand."""

    message: ReceivedMessage
    is_held: bool = False


def take_message(session: Session, actor: Actor, clock: Clock, command: TakeMessage) -> list[ConcernedLot]:
    """The lots of ours that a message means. Where there are any, somebody has to look, and they are held where that
    was asked for; a message that ended or was withdrawn frees nothing by itself. Raises Forbidden."""
    permit(actor, "recall.write")
    message, found = command.message, concerned_lots(session, command.message)
    about = stream_of("partner_recall", name_key(message.id))
    record(session, actor, clock.now(), "recall.partner_message", about, {
        "id": message.id, "reference": message.reference, "revision": message.revision, "status": message.status,
        "class": message.recall_class, "issuer_gln": message.issuer_gln, "lots_named": len(message.lots),
        "lots_here": [one.lot_key for one in found]})
    if found:
        raise_task(session, actor, clock, RaiseTask(
            PARTNER_TASK, about, "quality", clock.now() + _WITHIN.get(message.recall_class, _LATER), found[0].lot_key,
            {"reference": message.reference, "issuer": in_language(message.issuer, "zh"), "status": message.status,
             "lots": len(found)}))
    keys = tuple(one.lot_key for one in found if not one.is_recalled)
    if command.is_held and keys and message.status == "active":
        said = f"{message.reference}: {in_language(message.issuer, 'zh')}: {in_language(message.title, 'zh')}"
        place_hold(session, actor, clock, PlaceHold(keys, HoldKind.manual, MANUAL, said))
    session.flush()
    return found
