"""Where the first thing that counts stands in an XML text: past blanks, comments and processing instructions."""
from __future__ import annotations

import re

_TEXT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_BYTES = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
# No more than so many, each looked at once: one expression for all of them would remember each to go back to it, and
# those that do not are matched wrongly by Python 3.11.2.
_MOST = 2000


def after_prolog(text: str | bytes, at: int = 0) -> int:
    """The position after what stands before a document type or an element, from `at` on."""
    for _ in range(_MOST):
        part = _TEXT.match(text, at) if isinstance(text, str) else _BYTES.match(text, at)
        if part is None:
            break
        at = part.end()
    return at
