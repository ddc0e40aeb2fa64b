"""The way of a file for an authority: made, sent, confirmed or refused. Pure."""
from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from traceapp.core.errors import Conflict


class FileStep(StrEnum):
    """What people note of a file that they sent by hand. `refused`: the authority did not take it."""

    sent = "sent"
    confirmed = "confirmed"
    refused = "refused"


# What was noted last -> what may be noted next; nothing: it was made only.
NEXT: dict[str, frozenset[FileStep]] = {
    "": frozenset({FileStep.sent}),
    FileStep.sent: frozenset({FileStep.sent, FileStep.confirmed, FileStep.refused}),
    FileStep.confirmed: frozenset(),
    FileStep.refused: frozenset({FileStep.sent})}


def refuse_step(noted: Sequence[str], step: FileStep) -> None:
    """Nothing where `step` may follow what was noted. Raises Conflict."""
    last = noted[-1] if noted else ""
    if step not in NEXT[last]:
        raise Conflict("This cannot follow what was noted of the file last.", code="wrong-state")
