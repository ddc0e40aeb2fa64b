"""Queries that nobody can decode are escaped before anything reads them."""
from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from traceapp.web.plain_query import plain_query


@pytest.mark.parametrize("path", ["/", "/recalls", "/s/01/06901234500011", "/sign-in", "/console/lots", "/api/v1/lots"])
def test_bytes_that_are_no_text_are_no_fault_of_ours(client: FlaskClient, path: str) -> None:
    answer = client.get(path, environ_overrides={"QUERY_STRING": "lang=en&text=\xff\xe6\x89"})
    assert answer.status_code < 500


@given(st.binary(max_size=30))
def test_a_query_keeps_what_it_says(query: bytes) -> None:
    found = plain_query(query.decode("latin-1"))
    assert found.isascii()
    assert found.isprintable()
    if query.isascii() and all(0x21 <= byte < 0x7F and byte != 0x23 for byte in query):
        assert found == query.decode()
