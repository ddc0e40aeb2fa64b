"""What a label refuses, and where; in words that can be said in another language."""

from __future__ import annotations


class Phrase(str):
    """English text out of a template with named places, which it keeps for whoever says it in another language.

    `values` are text already, numbers with their unit, or phrases again. The one called `name` is a parameter's name.
    """

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, /, **values: str) -> Phrase:
        made = super().__new__(cls, template % values if values else template)
        made.template, made.values = template, values
        return made


class LabelError(ValueError):
    """A label that may not be printed as asked; `message` is a whole sentence.

    `field` is the path of what is wrong in what was handed in (`module_mm`, `lines.2`, `labels.14.lines.0`).
    """

    def __init__(self, message: str, field: str, /, **values: str) -> None:
        self.message = message if isinstance(message, Phrase) else Phrase(message, **values)
        super().__init__(self.message)
        self.field = field

    def under(self, prefix: str) -> LabelError:
        """The same refusal, seen from what holds the label."""
        return LabelError(self.message, f"{prefix}.{self.field}")


def shown(text: str) -> str:
    """Text as a message shows it between quotation marks: what cannot be seen is escaped."""
    return repr(text)[1:-1]
