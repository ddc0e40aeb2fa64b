"""Imports: looked at without a trace, taken in once, gone on with where they were, whatever comes in between."""
from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from tests.factories_imports import Office, counts, make_office, table
from traceapp.audit.verify import verify
from traceapp.catalog.model import Party, Product, Registration, Site
from traceapp.catalog.queries import party_by_code, product_by_code, product_details
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, Forbidden, InvalidInput
from traceapp.db import Database
from traceapp.identity.policy import permissions_of
from traceapp.importing import work
from traceapp.importing.model import ImportJob, ImportMapping
from traceapp.importing.orders import cancel_import, faults_of, order_check, order_run, pause_import, resume_import
from traceapp.importing.states import ImportState
from traceapp.importing.work import check_table, claim_import, forget_old_tables, run_table
from traceapp.jobs.import_sweep import check_tables, run_imports

HEAD = "编码,类别,品名,单位,有效期（天）"


@pytest.fixture
def office(database: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> Office:
    return make_office(database, clock, actor, tmp_path)


@pytest.fixture
def sqlite_office(sqlite: Database, clock: FixedClock, actor: Actor, tmp_path: Path) -> Office:
    return make_office(sqlite, clock, actor, tmp_path)


def number_of(office: Office, model: Any) -> int:
    with office.world.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def product(office: Office, code: str) -> Product:
    with office.world.database.read() as session:
        found = product_by_code(session, code)
        assert found is not None
        found = product_details(session, found.id)
        assert found is not None
        return found


def many(number: int) -> bytes:
    return table(HEAD, *(f"M{place:05d},原料,物料{place},公斤," for place in range(number)))


def test_products_come_in_by_guessed_columns_and_a_second_time_change_nothing(office: Office) -> None:
    content = table(HEAD, "G1,原料,胶,公斤,", "P1,医疗器械,创可贴,片,730", encoding="gb18030")
    assert counts(office.take("product", content)) == (2, 0, 0, 0)
    found = product(office, "P1")
    assert (found.kind, found.name_zh, found.name_en, found.unit, found.shelf_life_days) == (
        "device", "创可贴", "创可贴", "EA", 730)
    assert counts(office.take("product", content)) == (0, 2, 0, 0)
    assert number_of(office, Product) == 2
    with office.world.database.snapshot() as session:
        assert verify(session).broken is None


def test_a_look_stores_nothing_and_names_every_bad_cell(office: Office) -> None:
    job = office.begin("product", table(HEAD, "G1,原料,胶,公斤,", "G2,飞机,膜,米,abc", "G1,原料,水,公斤,", "G3,原料,,磅,"))
    looked = office.check(job)
    assert number_of(office, Product) == 0
    assert counts(looked) == (1, 0, 0, 3) and looked.rows == 4
    assert office.wrong(job) == [(3, "kind", "unknown-value"), (3, "shelf_life_days", "not-whole-number"),
                                 (4, "code", "twice-in-file"), (5, "name_zh", "missing")]
    fault = office.faults(job)[0]
    assert (fault.place, fault.value) == (1, "飞机")


def test_faulty_rows_keep_everything_out_unless_they_are_left_out(office: Office) -> None:
    job = office.check(office.begin("product", table(HEAD, "G1,原料,胶,公斤,", "G2,飞机,膜,米,")))
    with pytest.raises(Conflict) as refused:
        office.run(job)
    assert refused.value.code == "faulty-rows"
    assert counts(office.run(job, skips_faulty=True)) == (1, 0, 0, 1)
    assert number_of(office, Product) == 1


def test_what_is_there_is_changed_only_where_that_was_chosen(office: Office) -> None:
    office.take("product", table("code,kind,name,unit,case gtin,case units",
                                 "P1,device,Plaster,EA,16901234500018,200"))
    other = table("code,kind,english name,unit,shelf life days,gtin", "P1,device,Wide plaster,EA,365,06901234500011")
    job = office.check(office.begin("product", other))
    assert office.wrong(job) == [(2, "name_en", "differs")]
    assert counts(office.take("product", other, may_change=True)) == (0, 0, 1, 0)
    found = product(office, "P1")
    assert (found.name_en, found.name_zh, found.shelf_life_days) == ("Wide plaster", "Plaster", 365)
    assert {(level.level, level.gtin) for level in found.levels} == {("unit", "06901234500011"),
                                                                     ("case", "16901234500018")}
    fixed = table("code,kind,name,unit", "P1,device,Wide plaster,KGM")
    job = office.begin("product", fixed)
    office.change(job, may_change=True)
    assert office.wrong(office.check(job)) == [(2, "unit", "fixed-field")]


def test_a_wrong_gtin_of_a_pack_is_named_by_its_own_column(sqlite_office: Office) -> None:
    job = sqlite_office.check(sqlite_office.begin("product", table(
        "code,kind,name,unit,gtin,case gtin,case units", "P1,device,A,EA,06901234500011,16901234500019,10",
        "P2,device,A,EA,06901234500011,,")))
    assert sqlite_office.wrong(job) == [(2, "case_gtin", "INCORRECT_CHECK_DIGIT")]


def test_products_per_market_come_in_and_are_brought_up_to_the_file(office: Office) -> None:
    office.take("product", table("code,name,kind,unit,class", "P1,Plaster,device,EA,II"))
    office.take("party", table("code,name,country", "AG,Agent,US"))
    first = table("product,market,registration number,class,representative,marketed from",
                  "P1,us,D-1,I,AG,2025-03-01", "P1,DE,,I,,", "P1,FR,,I,NOBODY,", "P1,USA,X,,,")
    assert counts(office.take("registration", first, skips_faulty=True)) == (2, 0, 0, 2)
    assert counts(office.take("registration", first, skips_faulty=True)) == (0, 2, 0, 2)
    second = table("product,market,registration number,brand", "P1,US,D-1,Best")
    assert counts(office.take("registration", second, may_change=True)) == (0, 0, 1, 0)
    with office.world.database.read() as session:
        found = {one.market: one for one in session.scalars(select(Registration))}
        assert {key: (one.number, one.brand, one.risk_class) for key, one in found.items()} == {
            "CN": ("", "", "II"), "US": ("D-1", "Best", "I"), "DE": ("", "", "I")}
        assert found["US"].marketed_from == date(2025, 3, 1) and found["US"].representative_id is not None


def test_partners_with_roles_and_contacts_and_their_sites_come_in(office: Office) -> None:
    content = table("供应商编码,供应商名称,角色,联系人,邮箱,gln", "S1,胶厂,供应商；承运商,李,li@glue.example,6901234000016",
                    "S2,膜厂,供应商,,,6901234000016")
    job = office.check(office.begin("party", content))
    assert office.wrong(job) == [(3, "gln", "twice-in-file")]
    assert counts(office.run(job, skips_faulty=True)) == (1, 0, 0, 1)
    again = table("code,roles,contact,phone", "S1,distributor,李,000-1")
    assert counts(office.take("party", again, may_change=True)) == (0, 0, 1, 0)
    sites = table("code,partner,name,own", "W1,S1,Store,yes", "W2,S9,Store,no")
    assert counts(office.take("site", sites, skips_faulty=True)) == (1, 0, 0, 1)
    assert counts(office.take("site", sites, skips_faulty=True)) == (0, 1, 0, 1)
    with office.world.database.read() as session:
        found = party_by_code(session, "S1")
        assert found is not None
        assert {role.role for role in found.roles} == {"supplier", "carrier", "distributor"}
        assert [(one.name, one.email, one.phone) for one in found.contacts] == [("李", "li@glue.example", "000-1")]
        assert session.scalar(select(Site.is_own)) is True
        assert session.scalar(select(func.count()).select_from(Party)) == 1


def test_columns_named_by_hand_are_remembered_for_the_same_titles(sqlite_office: Office) -> None:
    content = table("Artikel,Art,Bezeichnung,Einheit", "G1,material,Glue,KGM")
    job = sqlite_office.begin("product", content)
    assert job.mapping == {}
    with pytest.raises(InvalidInput) as refused:
        sqlite_office.check(job)
    assert (refused.value.code, refused.value.place) == ("missing-columns", "mapping/code")
    sqlite_office.change(job, code=0, kind=1, name_en=2, unit=3)
    assert counts(sqlite_office.run(sqlite_office.check(job))) == (1, 0, 0, 0)
    assert sqlite_office.begin("product", content).mapping == {"code": 0, "kind": 1, "name_en": 2, "unit": 3}
    assert number_of(sqlite_office, ImportMapping) == 1


@pytest.mark.parametrize(("mapping", "code"), [({"colour": 0}, "unknown-value"), ({"code": 9}, "unknown-column"),
                                               ({"code": 0, "unit": 0}, "column-twice")])
def test_columns_that_cannot_be_named_so_are_refused(sqlite_office: Office, mapping: dict[str, int], code: str) -> None:
    job = sqlite_office.begin("product", table("a,b", "1,2"))
    with pytest.raises(InvalidInput) as refused:
        sqlite_office.change(job, **mapping)
    assert refused.value.code == code


def test_an_xlsx_comes_in_as_a_csv_does(sqlite_office: Office, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["Product code", "Kind", "Name", "Unit", "Shelf life"], ["P1", "device", "=1+1", "EA", 730]):
        book.active.append(row)
    book.active["C2"].data_type = "s"
    book.save(tmp_path / "a.xlsx")
    assert counts(sqlite_office.take("product", (tmp_path / "a.xlsx").read_bytes())) == (1, 0, 0, 0)
    found = product(sqlite_office, "P1")
    assert (found.name_en, found.shelf_life_days) == ("=1+1", 730)


def test_titles_are_found_below_the_name_of_a_table(sqlite_office: Office) -> None:
    content = table("2024 年物料清单,,,,", "制表：张三,,日期：2024-01-05,,", ",,,,", HEAD, "G1,原料,胶,公斤,", "G2,飞机,膜,米,")
    job = sqlite_office.begin("product", content)
    assert (job.head_row, job.head[0], job.sample[0][0]) == (4, "编码", "G1")
    looked = sqlite_office.check(job)
    assert (counts(looked), sqlite_office.wrong(job)) == ((1, 0, 0, 1), [(6, "kind", "unknown-value")])
    assert counts(sqlite_office.run(job, skips_faulty=True)) == (1, 0, 0, 1)


class _Killed(BaseException):
    """The process ends here."""


def test_a_run_that_dies_goes_on_after_the_last_row_that_was_stored(office: Office, clock: FixedClock) -> None:
    job = office.check(office.begin("product", many(250)))
    here = office.world

    def die(progress: work.Progress) -> None:
        if progress.rows >= 200:
            raise _Killed

    with here.database.write() as session:
        order_run(session, office.actor, clock, job.id)
        claim = claim_import(session, clock, ImportState.running)
    assert claim is not None
    with pytest.raises(_Killed):
        run_table(here.database, clock, here.imports, claim, die)
    left = office.read(job)
    assert left.at_row == 201 and counts(left) == (200, 0, 0, 0) == (number_of(office, Product), 0, 0, 0)
    assert run_imports(here) == 0  # the lease of the dead one still holds
    clock.move_to(clock.now() + 2 * work.LEASE)
    assert run_imports(here) == 1
    done = office.read(job)
    assert (done.state, counts(done), done.at_row) == ("done", (250, 0, 0, 0), 251)
    assert number_of(office, Product) == 250


def test_a_part_and_the_place_behind_it_are_stored_together_or_not_at_all(
        sqlite_office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    job = sqlite_office.check(sqlite_office.begin("product", many(250)))
    real, calls = work._add_faults, iter(range(10))

    def broken(*given: Any) -> None:
        if next(calls) == 1:
            raise _Killed
        real(*given)

    monkeypatch.setattr(work, "_add_faults", broken)
    with sqlite_office.world.database.write() as session:
        order_run(session, sqlite_office.actor, clock, job.id)
        claim = claim_import(session, clock, ImportState.running)
    assert claim is not None
    with pytest.raises(_Killed):
        run_table(sqlite_office.world.database, clock, sqlite_office.world.imports, claim, lambda _: None)
    left = sqlite_office.read(job)
    assert (left.at_row, left.stored, number_of(sqlite_office, Product)) == (41, 40, 40)


def test_a_run_rests_when_it_is_paused_and_goes_on_when_it_is_resumed(sqlite_office: Office, clock: FixedClock) -> None:
    job = sqlite_office.check(sqlite_office.begin("product", many(250)))
    here = sqlite_office.world

    def pause(progress: work.Progress) -> None:
        if progress.rows == 120:
            with here.database.write() as session:
                pause_import(session, sqlite_office.actor, clock, job.id)

    with here.database.write() as session:
        order_run(session, sqlite_office.actor, clock, job.id)
        claim = claim_import(session, clock, ImportState.running)
    assert claim is not None
    with pytest.raises(work.LostClaim):
        run_table(here.database, clock, here.imports, claim, pause)
    assert run_imports(here) == 0
    assert (sqlite_office.read(job).state, sqlite_office.read(job).stored) == ("paused", 120)
    with here.database.write() as session:
        resume_import(session, sqlite_office.actor, clock, job.id)
    assert run_imports(here) == 1
    assert counts(sqlite_office.read(job)) == (250, 0, 0, 0)


def test_a_row_that_became_faulty_after_the_look_stops_the_run_before_it(office: Office, clock: FixedClock) -> None:
    job = office.check(office.begin("product", table(HEAD, "G1,原料,胶,公斤,", "G2,原料,膜,米,", "G3,原料,布,米,")))
    office.take("product", table(HEAD, "G2,原料,别的,米,"))
    stopped = office.run(job)
    assert (stopped.state, stopped.at_row, counts(stopped)) == ("stopped", 2, (1, 0, 0, 0))
    assert office.wrong(job) == [(3, "name_zh", "differs")]
    with office.world.database.write() as session:
        resume_import(session, office.actor, clock, job.id, skips_faulty=True)
    run_imports(office.world)
    done = office.read(job)
    assert (done.state, counts(done)) == ("done", (2, 0, 0, 1))
    assert office.wrong(job) == [(3, "name_zh", "differs")]


def test_a_look_that_is_cancelled_ends(sqlite_office: Office, clock: FixedClock) -> None:
    job = sqlite_office.begin("product", many(250))
    here = sqlite_office.world

    def cancel(progress: work.Progress) -> None:
        with here.database.write() as session:
            if progress.rows == 120:
                cancel_import(session, sqlite_office.actor, clock, job.id)
            else:
                work.note_check(session, clock, claim, progress)

    with here.database.write() as session:
        order_check(session, sqlite_office.actor, clock, job.id)
        claim = claim_import(session, clock, ImportState.checking)
    assert claim is not None
    with pytest.raises(work.LostClaim):
        check_table(here.database, clock, here.imports, claim, cancel)
    assert sqlite_office.read(job).state == "cancelled"


def test_a_file_that_breaks_in_the_middle_is_told_with_its_row(sqlite_office: Office) -> None:
    job = sqlite_office.check(sqlite_office.begin("product", many(150) + b'M9,"ab'))
    assert job.state == "draft"
    assert job.trouble is not None and job.trouble["code"] == "broken-row"


def test_who_may_not_enter_products_may_not_import_them(office: Office) -> None:
    operator = Actor(id="u-o", role="operator", scopes=permissions_of("operator"))
    with pytest.raises(Forbidden):
        Office(office.world, operator).begin("product", many(1))


def test_files_and_faults_are_forgotten_a_month_after_the_end(sqlite_office: Office, clock: FixedClock) -> None:
    here = sqlite_office.world
    job = sqlite_office.take("product", table(HEAD, "G1,原料,胶,公斤,", "G2,飞机,膜,米,"), skips_faulty=True)
    draft = sqlite_office.begin("product", many(1))
    clock.move_to(clock.now() + work.KEPT / 2)
    with here.database.write() as session:
        assert forget_old_tables(session, clock, store=here.imports) == 0
    clock.move_to(clock.now() + work.KEPT)
    with here.database.write() as session:
        assert forget_old_tables(session, clock, store=here.imports) == 2
        assert forget_old_tables(session, clock, store=here.imports) == 0
    assert sqlite_office.faults(job) == [] and not here.imports.path_of(job.id).exists()
    assert sqlite_office.read(draft).state == "cancelled" and number_of(sqlite_office, ImportJob) == 2


def test_only_so_many_faults_are_kept_but_all_are_counted(
        sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_FAULTS", 150)
    job = sqlite_office.check(sqlite_office.begin("product", table(HEAD, *(f"M{place},飞机,物料,公斤," for place in range(230)))))
    assert job.refused == 230
    with sqlite_office.world.database.read() as session:
        assert [fault.row for fault in faults_of(session, job.id, limit=500)] == list(range(2, 152))


def test_two_sweeps_do_not_work_on_one_table(sqlite_office: Office, clock: FixedClock) -> None:
    sqlite_office.begin("product", many(1))
    with sqlite_office.world.database.write() as session:
        assert claim_import(session, clock, ImportState.checking) is None
    assert check_tables(sqlite_office.world) == 0


def test_recipes_come_in_and_are_replaced_where_that_was_chosen(office: Office) -> None:
    office.take("product", table("code,name,kind,unit,gtin", "P1,Plaster,device,EA,06901234500011", "P2,Pad,device,EA,",
                                 "G1,Glue,material,KGM,", "F1,Foil,material,MTR,"))
    first = table("product,quantity made,material,quantity,unit,loss", "P1,1000,G1,1900,GRM,2", "P1,1000,F1,12.5,,",
                  "P2,1,G1,0.5,MTR,", "P9,1,G1,1,,")
    looked = office.check(office.begin("recipe", first))
    assert office.wrong(looked) == [(4, "quantity", "unit-mismatch"), (5, "product", "unknown-product")]
    assert counts(office.take("recipe", first, skips_faulty=True)) == (2, 0, 0, 2)
    assert counts(office.take("recipe", first, skips_faulty=True)) == (0, 2, 0, 2)
    second = table("product,batch size,component,quantity", "P1,500,F1,6")
    assert office.wrong(office.check(office.begin("recipe", second))) == [(2, "made", "differs")]
    assert counts(office.take("recipe", second, may_change=True)) == (0, 0, 1, 0)
    with office.world.database.read() as session:
        product = session.scalars(select(Product).where(Product.code == "P1")).one()
        assert [(line.material.code, line.quantity) for line in product.recipe] == [("F1", 6)]
        assert (product.recipe_output, [level.gtin for level in product.levels]) == (500, ["06901234500011"])


def test_a_recipe_with_a_fault_names_its_row_and_column(sqlite_office: Office) -> None:
    sqlite_office.take("product", table("code,name,kind,unit", "P1,Plaster,device,EA", "G1,Glue,material,KGM"))
    for rows, wrong in ((("P1,10,P1,1,",), (2, "material", "own-material")),
                        (("P1,10,G1,1,", "P1,10,G1,2,"), (2, "material", "material-twice")),
                        (("P1,10,G1,1,", "P1,20,G1,2,"), (3, "made", "rows-differ")),
                        (("P1,10,G1,1,100",), (2, "material", "invalid-input")), (("P1,0,G1,1,",), (2, "made", "not-positive"))):
        job = sqlite_office.check(sqlite_office.begin("recipe", table("product,made,material,quantity,loss", *rows)))
        assert sqlite_office.wrong(job) == [wrong]
