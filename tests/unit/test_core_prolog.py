"""What stands before an XML element is passed over once, in text and in bytes."""
from __future__ import annotations

import pytest

from traceapp.core.prolog import after_prolog


@pytest.mark.parametrize(("before", "left"), [
    ("", ""), (" \n", ""), ("<?xml version='1.0'?>\n<!-- a > b --> <?x?>", ""), ("<!DOCTYPE a>", "<!DOCTYPE a>"),
    ("<!-- never closed ", "<!-- never closed "), ("<!-- a --><!DOCTYPE a [", "<!DOCTYPE a ["), ("x", "x"),
])
def test_blanks_comments_and_instructions_are_passed_over(before: str, left: str) -> None:
    text = before + "<a/>"
    assert text[after_prolog(text):] == left + "<a/>"
    assert after_prolog(text.encode()) == len(text.encode()) - len((left + "<a/>").encode())
    assert after_prolog("<a>" + text, 3) == 3 + after_prolog(text)


def test_no_more_than_two_thousand_are_passed_over() -> None:
    assert after_prolog("<?a?>" * 5000) == 2000 * len("<?a?>")
