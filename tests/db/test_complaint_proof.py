"""Proof of work: each solution once, for minutes, and only for our own puzzles."""
from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge

from tests.factories_complaint import VAULT
from traceapp.complaint.proof import LIFETIME, Proof, accept_proof, forget_used_challenges, new_challenge
from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.vault.service import Vault


def solved(challenge: dict[str, Any]) -> str:
    parsed = Challenge.from_dict(challenge)
    solution = solve_challenge(parsed)
    assert solution is not None
    return Payload(parsed, solution).to_base64()


def accepted(database: Database, clock: FixedClock, payload: str) -> Proof:
    with database.write() as session:
        return accept_proof(session, clock, payload, vault=VAULT)


def test_a_solution_counts_once(database: Database, clock: FixedClock) -> None:
    payload = solved(new_challenge(clock, vault=VAULT, prefix="00"))
    assert accepted(database, clock, payload) is Proof.proven
    assert accepted(database, clock, payload) is Proof.used


def test_the_real_puzzle_is_solved_as_its_description_says(sqlite: Database, clock: FixedClock) -> None:
    challenge = new_challenge(clock, vault=VAULT)
    parameters, payload = challenge["parameters"], solved(challenge)
    counter = json.loads(base64.b64decode(payload))["solution"]["counter"]
    digest = hashlib.sha256(bytes.fromhex(parameters["salt"] + parameters["nonce"]) + counter.to_bytes(4, "big"))
    assert (parameters["keyPrefix"], digest.hexdigest()[:4]) == ("0000", "0000")
    assert accepted(sqlite, clock, payload) is Proof.proven


def test_a_solution_expires(database: Database, clock: FixedClock) -> None:
    payload = solved(new_challenge(clock, vault=VAULT, prefix="0"))
    clock.move_to(clock.now() + LIFETIME + timedelta(seconds=1))
    assert accepted(database, clock, payload) is Proof.expired


def changed(payload: str, **parameters: Any) -> str:
    document = json.loads(base64.b64decode(payload))
    document["challenge"]["parameters"].update(parameters)
    return base64.b64encode(json.dumps(document).encode()).decode()


def test_what_we_did_not_sign_is_wrong_and_nothing_breaks(sqlite: Database, clock: FixedClock) -> None:
    payload = solved(new_challenge(clock, vault=VAULT, prefix="0"))
    foreign = solved(new_challenge(clock, vault=Vault(base64.b64encode(b"x" * 32).decode()), prefix="0"))
    later = {"data": {"until": int(clock.now().timestamp()) + 10**6}}
    for wrong in (changed(payload, keyPrefix=""), changed(payload, **later), changed(payload, nonce="zz"), foreign,
                  "not base64!", base64.b64encode(b"[1]").decode(), base64.b64encode(b'{"challenge":1}').decode(),
                  "A" * 5000):
        assert accepted(sqlite, clock, wrong) is Proof.wrong
    assert accepted(sqlite, clock, "") is Proof.absent
    assert accepted(sqlite, clock, payload) is Proof.proven


def test_an_unsolved_puzzle_is_wrong(sqlite: Database, clock: FixedClock) -> None:
    parsed = json.loads(base64.b64decode(solved(new_challenge(clock, vault=VAULT, prefix="00"))))
    parsed["solution"]["counter"] += 1
    assert accepted(sqlite, clock, base64.b64encode(json.dumps(parsed).encode()).decode()) is Proof.wrong


@pytest.mark.parametrize(("age", "kept"), [(timedelta(hours=1), 0), (timedelta(0), 1)])
def test_used_challenges_are_forgotten_when_they_are_old(
        sqlite: Database, clock: FixedClock, age: timedelta, kept: int) -> None:
    payload = solved(new_challenge(clock, vault=VAULT, prefix="0"))
    assert accepted(sqlite, clock, payload) is Proof.proven
    clock.move_to(clock.now() + age)
    with sqlite.write() as session:
        assert forget_used_challenges(session, clock) == 1 - kept
