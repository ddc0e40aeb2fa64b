"""`traceapp demo load` as dev.py calls it, on a machine where nothing is set."""
from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.demonstration import SETTINGS, demonstration
from tests.migrated import put_newest
from traceapp.cli import main, parser
from traceapp.db import Database
from traceapp.demo.people import SIGN_INS
from traceapp.identity.model import User
from traceapp.trace.model import Lot


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACEAPP_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("TRACEAPP_DEVELOPMENT", "1")
    return tmp_path


def test_it_loads_once_prints_codes_and_sign_ins_and_the_second_time_only_the_sign_ins(
        fresh: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> None:
    first = demonstration(tmp_path_factory)
    first.copy_to(fresh)
    codes = first.codes
    assert set(codes) == {"released", "suspicious", "recalled", "on hold", "rejected", "not released"}
    assert all(address.startswith("http://127.0.0.1:8000/01/09520426") for address in codes.values())
    assert all(one.name in first.said and one.password in first.said for one in SIGN_INS)
    with Database(f"sqlite:///{fresh / 'traceapp.db'}").read() as session:
        printed = {address.removeprefix("http://127.0.0.1:8000") for address in codes.values()}
        uris = {uri.removeprefix("https://id.gs1.org") for uri in session.scalars(select(Lot.uri))}
    assert printed <= uris

    assert main(["demo", "load", "--if-empty"]) == 0
    second = capsys.readouterr()
    assert second.out == "" and "manager" in second.err

    assert main(["demo", "load"]) == 1
    assert "in this database already" in capsys.readouterr().err


def test_a_database_of_somebody_else_shows_no_sign_ins(fresh: Path, capsys: pytest.CaptureFixture[str],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    put_newest(fresh / "traceapp.db")
    monkeypatch.setattr("traceapp.demo.loading.is_empty", lambda session: False)
    assert main(["demo", "load", "--if-empty"]) == 0
    assert "password" not in capsys.readouterr().err
    with Database(f"sqlite:///{fresh / 'traceapp.db'}").read() as session:
        assert session.scalars(select(User.id)).first() is None


def test_the_help_says_what_will_be_done() -> None:
    options = parser(["demo"]).parse_args(["demo", "load", "--scale", "2", "--seed", "7"])
    assert (options.scale, options.seed, options.if_empty) == (2.0, 7, False)
