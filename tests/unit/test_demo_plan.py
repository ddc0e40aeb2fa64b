"""The plan of the demonstration data: what it promises before anything is stored."""
from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.config import reachable_host
from traceapp.demo.acts import Inspect, LotName, Plan, Produce, Receive, Release, Report, Ship
from traceapp.demo.chance import chance, poisson
from traceapp.demo.consignees import make_consignees
from traceapp.demo.measuring import measured
from traceapp.demo.story import plan_story
from traceapp.demo.tables import COMPANY_PREFIX, items, materials, rates, recipes, texts
from traceapp.demo.tables import tests as limit_rows
from traceapp.gs1.keys import is_gln, is_gtin
from traceapp.trace.inspecting import is_within

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_story(NOW, 1, 1.0)


def made_from(plan: Plan) -> dict[LotName, set[LotName]]:
    """The plasters made from each lot."""
    found: dict[LotName, set[LotName]] = defaultdict(set)
    for act in plan.acts:
        if isinstance(act, Produce) and act.lot.product == "PLASTER":
            for lot, _amount in act.inputs:
                found[lot].add(act.lot)
    return found


def test_the_same_seed_and_moment_tell_the_same_story(plan: Plan) -> None:
    assert plan_story(NOW, 1, 1.0) == plan


def test_another_seed_tells_another_story() -> None:
    assert plan_story(NOW, 2, 0.1).acts != plan_story(NOW, 1, 0.1).acts


def test_nothing_happens_after_the_moment_of_loading_and_all_in_order(plan: Plan) -> None:
    times = [act.at for act in plan.acts]
    assert times == sorted(times)
    assert times[-1] <= NOW
    assert NOW - times[0] > timedelta(days=720)


def test_every_number_lies_in_the_prefix_for_demonstrations_and_has_its_check_digit(plan: Plan) -> None:
    gtins = [item.gtin(level) for item in items().values() for level in ("unit", "inner", "case", "pallet")]
    glns = [one.gln for one in plan.consignees if one.gln]
    assert all(is_gtin(gtin) and gtin[1:].startswith(COMPANY_PREFIX) for gtin in gtins)
    assert glns and all(is_gln(gln) and gln.startswith(COMPANY_PREFIX) for gln in glns)
    assert len(set(gtins)) == len(gtins) and len(set(glns)) == len(glns)


def test_nobody_in_it_can_be_written_to_or_called(plan: Plan) -> None:
    assert all(one.email.endswith(".example") or one.email == "" for one in plan.consignees)
    assert all(one.phone.startswith("000-") for one in plan.consignees)
    assert {one.mobile[:5] for one in plan.consignees} == {"", "+999 "}
    assert all(act.phone.startswith("000-") or act.phone == "" for act in plan.acts if isinstance(act, Report))


def test_some_hundred_consignees_have_names_and_codes_of_their_own() -> None:
    for scale in (1.0, 3.0):
        found = make_consignees(1, scale)
        assert len(found) >= 100
        assert len({one.code for one in found}) == len({one.name_zh for one in found}) == len(found)


@pytest.mark.parametrize(("seed", "scale"), [(1, 1.0), (2, 1.0), (3, 0.1)])
def test_the_bad_adhesive_is_in_six_plasters_and_nothing_else_is_in_exactly_these(seed: int, scale: float) -> None:
    story = plan_story(NOW, seed, scale)
    plasters = made_from(story)
    bad = plasters[story.landmarks.bad_glue]
    assert bad == {*story.landmarks.suspicious, *story.landmarks.other_batches}
    assert len(bad) == 6
    assert [lot for lot, made in plasters.items() if made == bad] == [story.landmarks.bad_glue]


def test_six_hospitals_hold_its_other_batches(plan: Plan) -> None:
    others = set(plan.landmarks.other_batches)
    kinds = {one.code: one.kind for one in plan.consignees}
    holders = {act.consignee for act in plan.acts if isinstance(act, Ship) for lot, _level, _packs in act.lines
               if lot in others}
    assert len(holders) == 6
    assert {kinds[code] for code in holders} == {"hospital"}


def test_its_reactions_began_ten_to_fourteen_days_ago(plan: Plan) -> None:
    first = min(act.at for act in plan.acts if isinstance(act, Report) and act.kind == "glue")
    assert timedelta(days=10) <= NOW - first <= timedelta(days=14)


def test_background_reports_of_harm_come_at_the_stated_rates() -> None:
    expected = seen = 0.0
    for seed in (1, 2, 3):
        story = plan_story(NOW, seed, 1.0)
        told = {*story.landmarks.suspicious, *story.landmarks.other_batches}
        for act in story.acts:
            if isinstance(act, Ship) and NOW - act.at > timedelta(days=120):
                expected += sum(packs * items()[lot.product].case_units * rates()[lot.product].harm
                                for lot, _level, packs in act.lines if lot not in told)
            elif isinstance(act, Report) and act.kind == "harm" and NOW - act.at > timedelta(days=100):
                seen += 1
    # Three loads give about 480; four standard deviations of a Poisson count on either side, and the cut at the end.
    assert abs(seen - expected) < 4 * expected ** 0.5 + 15


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 10_000), st.sampled_from([0.03, 0.2, 0.6]))
def test_no_lot_is_used_or_shipped_beyond_what_there_is_or_before_its_release(seed: int, scale: float) -> None:
    stock: dict[LotName, Decimal] = {}
    released: set[LotName] = set()
    for act in plan_story(NOW, seed, scale).acts:
        if isinstance(act, Receive | Produce):
            assert act.lot not in stock
            stock[act.lot] = act.quantity - (act.retained if isinstance(act, Produce) else 0)
        taken: list[tuple[LotName, Decimal]] = []
        if isinstance(act, Produce):
            taken = list(act.inputs)
        elif isinstance(act, Ship):
            taken = [(lot, Decimal(packs * items()[lot.product].case_units)) for lot, _level, packs in act.lines]
        elif isinstance(act, Inspect):
            stock[act.lot] -= act.sample
        elif isinstance(act, Release):
            released.add(act.lot)
        for lot, amount in taken:
            assert lot in released
            assert amount > 0
            stock[lot] -= amount
    assert min(stock.values()) >= 0


@settings(max_examples=40)
@given(st.sampled_from(sorted(limit_rows())), st.integers(1, 10**6))
def test_a_lot_that_is_to_pass_passes_every_test_and_one_that_is_to_fail_fails_one(product: str, number: int) -> None:
    lot = LotName(product, str(number))
    assert all(is_within(result) for result in measured(1, lot))
    assert [is_within(result) for result in measured(1, lot, fails=True)].count(False) == 1


def test_every_material_and_product_has_its_rows() -> None:
    made = {code for code, material in materials().items() if material.is_made} | set(items())
    assert set(recipes()) == made
    assert set(limit_rows()) == {*materials(), *items()}
    assert set(rates()) == set(items())
    kinds = {"harm", "glue", "quality", "seal", "result", "service"}
    assert {f"{part}.{kind}" for part in ("answer", "decision") for kind in kinds} <= set(texts())


def test_counts_are_drawn_around_their_mean() -> None:
    dice = chance(1, "a test")
    drawn = Counter(poisson(dice, 2.0) for _ in range(4000))
    mean = sum(value * times for value, times in drawn.items()) / 4000
    assert abs(mean - 2.0) < 0.1


def test_codes_name_the_address_in_the_network_only_when_the_server_listens_there() -> None:
    assert reachable_host("0.0.0.0", lambda: "192.168.7.20") == "192.168.7.20"
    assert reachable_host("0.0.0.0", lambda: None) == "127.0.0.1"
    assert reachable_host("127.0.0.1", lambda: "192.168.7.20") == "127.0.0.1"
    assert reachable_host("::1", lambda: "192.168.7.20") == "[::1]"
