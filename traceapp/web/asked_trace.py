"""Which trace was asked for, by a page or by a machine: from where, which way, by which times."""
from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from traceapp.code.beginning import beginning_of
from traceapp.trace.genealogy import TraceWish
from traceapp.trace.starting import Start, StartKind

MOST_IN_FILE = 50_000


@dataclass(frozen=True, slots=True)
class AskedTrace:
    """`kind` None: whatever the name means."""

    name: str
    kind: StartKind | None = None
    wish: TraceWish = field(default_factory=TraceWish)

    def whole(self) -> AskedTrace:
        """The same for a file, which holds more than a page shows."""
        return replace(self, wish=replace(self.wish, limit=MOST_IN_FILE))

    def start(self, session: Session) -> Start:
        """The lots that it begins from. Raises NotFound, and Conflict for a name of several things."""
        return beginning_of(session, self.name, self.kind)

    def told(self) -> dict[str, object]:
        """The filters as the record of a file says them."""
        wish = self.wish
        return {"name": self.name, "kind": "" if self.kind is None else str(self.kind), "direction": wish.direction,
                "by_time": "yes" if wish.by_time else "no", "since": wish.since.isoformat() if wish.since else ""}
