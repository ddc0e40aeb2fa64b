"""Pages cut from stencils: a page is rendered once for its shape, with holes for its texts, and filled in thereafter.

The shape of a page is all its values but the texts: how many there are of each, which are empty, numbers, flags, and
the texts that are marked `Fixed`. Pages of one shape differ in the texts that fill the holes, and in nothing else.
"""
from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import count
from threading import Lock
from typing import Any

from jinja2 import Template

from .escaping import each_text, escaped
from .squeeze import Head, PageText, head_of, joined

_MOST_STENCILS = 256
_BETWEEN = "\0"
# Where a text belongs, by its number. Nothing else in a page looks like it: no element is named by a number, and in
# what is fixed every < is escaped.
_HOLE = re.compile(r"<(\d+)>")
_TEXT = object()


class Fixed(str):
    """A text that belongs to the shape: the template asks what it says, or changes it, or it is the same on many
    pages."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Stencil:
    """The page up to its first text, what follows each text, and the numbers of the texts."""

    head: Head
    pieces: tuple[str, ...]
    texts: tuple[int, ...]

    def filled(self, texts: list[str]) -> PageText:
        """The page with these texts, which are safe for HTML."""
        parts = [""] * (2 * len(self.texts))
        parts[::2] = [texts[number] for number in self.texts]
        parts[1::2] = self.pieces
        return joined(self.head, "".join(parts))


class Stencils:
    """The pages of one template, one that does not escape: that is done here. The template shows texts and asks at
    most whether they are empty; a text of which it asks more is `Fixed`. `constants` are the same on all pages."""

    def __init__(self, template: Template, constants: Mapping[str, Any]) -> None:
        self._template = template
        self._constants = escaped(constants)
        self._known: dict[Hashable, _Stencil] = {}
        self._cutting = Lock()

    def page(self, values: Mapping[str, Any]) -> PageText:
        """The page of these values: texts, numbers, flags, None, and tuples, lists and dicts of them. They always have
        the same names in the same order."""
        texts: list[str] = []
        shape = _shape(values.values(), texts)
        stencil = self._known.get(shape) or self._new(shape, values)
        return stencil.filled(_escaped(texts))

    def _new(self, shape: Hashable, values: Mapping[str, Any]) -> _Stencil:
        with self._cutting:  # the first compiles the templates; the others wait instead of doing the same
            stencil = self._known.get(shape)
            if stencil is None:
                if len(self._known) >= _MOST_STENCILS:
                    self._known.clear()
                stencil = self._known[shape] = self._cut(values)
            return stencil

    def _cut(self, values: Mapping[str, Any]) -> _Stencil:
        numbers = count()
        page = self._template.render(self._constants | each_text(
            values, lambda text: escape(text) if isinstance(text, Fixed) or not text else f"<{next(numbers)}>"))
        first, *rest = _HOLE.split(page)
        return _Stencil(head_of(first), tuple(rest[1::2]), tuple(map(int, rest[::2])))


_SHAPES = frozenset({Fixed, bool, int, type(None)})


def _shape(values: Iterable[Any], texts: list[str]) -> Hashable:
    """The shape of these values; their texts are added to `texts`, in the order in which `each_text` comes to them."""
    shape: list[Hashable] = []
    for value in values:
        kind = type(value)
        if kind is str:
            if value:
                texts.append(value)
            shape.append(_TEXT if value else "")
        elif kind in _SHAPES:
            shape.append(value)
        elif kind is dict:
            shape.append(_shape(value.values(), texts))
        elif isinstance(value, (tuple, list)):
            shape.append(_shape(value, texts))
        else:
            raise TypeError(f"a stencil cannot hold {kind.__name__}")
    return tuple(shape)


def _escaped(texts: list[str]) -> list[str]:
    """The texts safe for HTML, all in one go; one by one where a text holds the sign that stands between them."""
    safe = escape(_BETWEEN.join(texts)).split(_BETWEEN)
    return safe if len(safe) == len(texts) else [escape(text) for text in texts]
