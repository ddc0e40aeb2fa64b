"""What a label refuses, and where."""

from __future__ import annotations


class LabelError(ValueError):
    """A label that may not be printed as asked.

    `field` is the path of what is wrong in what was handed in (`module_mm`, `lines.2`, `labels.14.lines.0`).
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def under(self, prefix: str) -> LabelError:
        """The same refusal, seen from what holds the label."""
        return LabelError(self.message, f"{prefix}.{self.field}")
