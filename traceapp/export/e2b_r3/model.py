"""What an E2B(R3) message says: values by the number of their element, in sections that repeat. Pure."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Marks = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Value:
    """One value: `text` as it stands in the message, `null` the reason why there is none (MSK, UNK, …). `place` says
    which of the places that the standard offers for the element it has; 0 is the usual one."""

    text: str | None = None
    null: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of a message that the table of elements does not know: its XML, the node it hangs on, and the names of
    the elements before it there."""

    parent: str
    tag: str
    xml: str
    after: tuple[str, ...] = ()


@dataclass(slots=True)
class Section:
    """A part of a message that may repeat (“E.i”, “G.k.4.r”): values by element, sections in it by name.

    `marks` are attributes of XML nodes that are no element (names shown beside codes, versions of code lists) or differ
    from the usual, with None for one that is left out. No marks at all say that the node stands there with nothing in
    it, None instead of marks that it is left out.
    `kept` is what nobody knows, so that nothing is lost.
    """

    name: str
    values: dict[str, Value] = field(default_factory=dict)
    sections: dict[str, list[Section]] = field(default_factory=dict)
    marks: dict[str, Marks | None] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)

    def text(self, element: str) -> str:
        """The text of an element of this section; empty where it has none."""
        value = self.values.get(element)
        return value.text or "" if value else ""

    def null(self, element: str) -> str:
        """Why an element of this section has no value; empty where it has one or is not there."""
        value = self.values.get(element)
        return value.null if value else ""

    def has(self, element: str) -> bool:
        """Whether the element says something: a value, or a reason why it has none."""
        value = self.values.get(element)
        return value is not None and bool(value.null or (value.text or "").strip())

    def each(self, name: str) -> list[Section]:
        """The sections of that name, in order."""
        return self.sections.get(name, [])

    def put(self, element: str, text: str | None, *, null: str = "", place: int = 0) -> None:
        """Set an element; nothing happens where there is neither text nor a reason."""
        if text or null:
            self.values[element] = Value(text or None, null, place)

    def add(self, name: str) -> Section:
        """A new section of that name at the end."""
        section = Section(name)
        self.sections.setdefault(name, []).append(section)
        return section

    def walk(self) -> Iterator[Section]:
        """This section and all in it, outer before inner."""
        yield self
        for sections in self.sections.values():
            for section in sections:
                yield from section.walk()


Icsr = Section


def new_batch() -> Section:
    """An empty batch; its reports are its sections `N.2.r`."""
    return Section("batch")


def reports(batch: Section) -> list[Icsr]:
    """The reports of a batch."""
    return batch.each("N.2.r")
