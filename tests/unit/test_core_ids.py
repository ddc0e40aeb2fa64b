"""Keys that follow from a name."""
from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from traceapp.core.ids import name_key


@given(st.text(max_size=60).filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text)))
def test_a_name_has_the_key_that_the_standard_gives_it(text: str) -> None:
    assert name_key(text) == uuid.uuid5(uuid.NAMESPACE_URL, text).hex
