"""Console: the recall message of a partner: which of our batches it means, held when asked."""
from __future__ import annotations

import json
from typing import BinaryIO, cast

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import InvalidInput
from traceapp.recall.message import ReceivedMessage, in_language, read_message
from traceapp.recall.message_reads import ConcernedLot, concerned_lots
from traceapp.recall.partner_messages import TakeMessage, take_message
from traceapp.web.context import actor, world
from traceapp.web.i18n import language

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_partner": "recall.write", "console.recall_partner_take": "recall.write"}
_LONGEST = 300_000


@blueprint.get("/recalls/partner-message")
def recall_partner() -> Response:
    """Choose the message."""
    return _show(Entered())


@blueprint.post("/recalls/partner-message")
def recall_partner_take() -> Response:
    """First what it means here; sent once more, with that before the eyes, it becomes a task."""
    form = Entered()
    try:
        text = _text(form)
        message = read_message(json.loads(text))
    except ValueError:
        form.fault("message", _("This is no recall message of version 1 or 2."))
        return _show(form, status=422)
    except InvalidInput as problem:
        form.fault("message", f"{problem.place}: {_(problem.message) % problem.params}")
        return _show(form, status=422)
    with world().database.read() as db:
        found = concerned_lots(db, message)
    if form.get("step") != "take":
        return _show(form, (message, found), text)

    def run(db: Session) -> Done:
        lots = take_message(db, actor(), world().clock, TakeMessage(message, form.is_checked("is_held")))
        return Done("/console/today", _("Taken in: %(count)d of our batches are meant. The task waits for quality.",
                                        count=len(lots)) if lots else _("Taken in: none of our batches is meant."))

    return perform(form, run, Refusal(lambda status: _show(form, (message, found), text, status)))


def _text(form: Entered) -> str:
    """The message: of the file, or as it was shown. Raises InvalidInput for one that no form carries on."""
    file = form.file("message")
    if file is None:
        return form.form.get("text", "")
    content = world().files.read_all(cast(BinaryIO, file.stream), "message")
    if len(content) > _LONGEST:
        raise InvalidInput("This message is too long for the page. Take it in by the interface: "
                           "POST /api/v1/partner-recalls.", code="too-long", place="message")
    return content.decode("utf-8")


def _show(form: Entered, found: tuple[ReceivedMessage, list[ConcernedLot]] | None = None, text: str = "",
          status: int = 200) -> Response:
    message, lots = found or (None, [])
    return case_page("console/recall_partner.html", status, form=form, message=message, lots=lots, text=text,
                     own=lambda texts: in_language(texts, language()))
