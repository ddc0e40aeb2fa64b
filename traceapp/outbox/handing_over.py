"""One attempt at a server, in a thread of its own: whoever waits for it can stop waiting and still knows the truth."""
from __future__ import annotations

import threading
from collections.abc import Callable

from traceapp.core.clock import monotonic_seconds

from .delivery import Delivery

# Well below the lease of a claim (five minutes), whatever a server does to keep the line open.
LONGEST_SECONDS = 150.0
_LOOK_SECONDS = 0.05
_LONGEST_DETAIL = 500


class CutOff(OSError):
    """Nobody waits for this attempt any more; the text must not go out."""


class HandingOver:
    """Runs `converse(attempt)`, which calls `begin_text` right before the text goes out and `end` with the outcome.

    Before `begin_text` the server cannot have the letter, so an attempt that is cut off or breaks there has `failed`;
    after it, it is `uncertain`.
    """

    def __init__(self, converse: Callable[[HandingOver], None]) -> None:
        self._converse = converse
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._result: Delivery | None = None
        self._text_is_out = False

    def run(self, stopping: threading.Event, stop_seconds: float) -> Delivery:
        """What came of it: at the latest after LONGEST_SECONDS, or `stop_seconds` after `stopping` was set."""
        threading.Thread(target=self._work, name="letter", daemon=True).start()
        until, is_stopping = monotonic_seconds() + LONGEST_SECONDS, False
        while not self._ended.wait(_LOOK_SECONDS) and monotonic_seconds() < until:
            if stopping.is_set() and not is_stopping:
                until, is_stopping = min(until, monotonic_seconds() + stop_seconds), True
        # Nothing when the attempt has ended by itself.
        self.end("failed", "cut off: the service stops" if is_stopping else "cut off: the server took too long")
        assert self._result is not None
        return self._result

    def begin_text(self) -> None:
        """From here on the server may have the letter. Raises CutOff when nobody waits any more."""
        with self._guard:
            if self._result is not None:
                raise CutOff("cut off")
            self._text_is_out = True

    def end(self, outcome: str, detail: str, is_answer: bool = False) -> None:
        """Keep the outcome, unless there is one. A failure that the server did not state itself (`is_answer`) is
        uncertain once the text is out."""
        with self._guard:
            if self._result is None:
                doubtful = self._text_is_out and not is_answer
                self._result = Delivery("uncertain" if doubtful else outcome, detail[:_LONGEST_DETAIL])
        self._ended.set()

    def _work(self) -> None:
        try:
            self._converse(self)
        except ValueError as error:  # an address that no command can hold: trying again will not help
            self.end("refused", f"the letter cannot be written: {type(error).__name__}")
        except Exception as error:
            self.end("failed", type(error).__name__)
