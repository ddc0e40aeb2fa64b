"""While a mail server or gateway is away, one message a minute asks whether it is back; the others wait untried, so
that they go out at once when it is."""
from __future__ import annotations

from dataclasses import dataclass, field

from traceapp.core.clock import monotonic_seconds

FIRST_WAIT, LONGEST_WAIT = 5.0, 60.0


@dataclass(slots=True)
class Outages:
    """Of one process: which kinds of messages wait for their server, until when, and how long the last wait was."""

    _until: dict[str, tuple[float, float]] = field(default_factory=dict)

    def closed(self) -> tuple[str, ...]:
        """The kinds of which none is to be tried now."""
        now = monotonic_seconds()
        return tuple(kind for kind, (until, _wait) in self._until.items() if now < until)

    def note(self, kind: str, *, is_reached: bool) -> None:
        """What a try has shown: a server that is away is asked again after 5 seconds, then less and less often."""
        if is_reached:
            self._until.pop(kind, None)
            return
        _before, wait = self._until.get(kind, (0.0, FIRST_WAIT / 2))
        wait = min(LONGEST_WAIT, 2 * wait)
        self._until[kind] = (monotonic_seconds() + wait, wait)
