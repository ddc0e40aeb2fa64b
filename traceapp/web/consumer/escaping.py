"""Values of a page whose texts are changed beforehand, such as made safe for HTML, instead of while it is rendered."""
from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed, however deep it stands in lists, tuples and dicts. Raises TypeError
    for what may hold texts that are not found."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        items = [each_text(item, change) for item in value]
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    if isinstance(value, list):
        return [each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {key: each_text(item, change) for key, item in value.items()}
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"{type(value).__name__} may hold texts")


def escaped(value: Any) -> Any:
    """Every text in `value` escaped for HTML."""
    return each_text(value, escape)
