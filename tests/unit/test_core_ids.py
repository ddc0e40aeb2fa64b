"""Keys that follow from a name, and ids that follow from a time."""
from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceapp.core.ids import name_key, new_id


@given(st.text(max_size=60))
def test_a_name_has_the_key_that_the_standard_gives_it(text: str) -> None:
    assert name_key(text) == uuid.uuid5(uuid.NAMESPACE_URL, text).hex


@given(st.datetimes(datetime(1971, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC)))
def test_a_new_id_is_a_version_7_uuid_that_sorts_by_its_time(at: datetime) -> None:
    made = uuid.UUID(new_id(at))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(at.timestamp() * 1000)
    assert new_id(at) < new_id(at + timedelta(milliseconds=2))
    assert len({new_id(at) for _ in range(100)}) == 100
