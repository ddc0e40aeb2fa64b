"""Passwords of tests: what is kept of them is made in a moment. Real costs are the matter of tests/unit/test_identity_passwords.py."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from traceapp.identity import passwords


@pytest.fixture(scope="package", autouse=True)
def quick_passwords() -> Iterator[None]:
    """The cheapest settings that the algorithm knows, as long as the tests of a package run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        passwords._nobody.cache_clear()
        yield
    passwords._nobody.cache_clear()
